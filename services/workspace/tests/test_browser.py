"""The desk in a real browser: live, by keyboard alone, kept drafts, in every look, without a jump."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from conversation_store.authorities import Authority
from hub_contract.words import Attachment, Body, Channel, ContactPoint, Cost, Evidence
from hub_kit.accounts import Terms
from hub_pages.testing import check_page

pytestmark = pytest.mark.real("chromium")
WIDE = {"width": 1440, "height": 900}
LOOKS = ("de-DE", "en-GB")


def story(office):
    """Return a conversation with one of everything that a timeline shows."""
    proof = Evidence(kind="dmarc", result="pass")
    file = Attachment(file_name="Impfpass.pdf", media_type="application/pdf", size=4)
    body = Body(text="Anbei der Impfpass.", quoted="> Bitte senden Sie ihn.", signature="Erika")
    office.take_in(office.mail("max@example.org", "Wann ist offen?", name="Max Muster"))
    homes = office.take_in(
        office.mail(subject="Hund anmelden", evidence=(proof,), ago=timedelta(days=3)),
        office.mail(body=body, attachments=(file,), files=(b"%PDF",), ago=timedelta(hours=30)),
        office.mail(event={"readable": False, "partial": True}, ago=timedelta(hours=2)),
        office.mail(event={"automatic": "reply"}),
    )
    office.take_in(office.mail("inbox-1", "Hallo", channel=Channel.WEB, name=""))
    return homes[0]


@pytest.mark.parametrize("locale", LOOKS)
def test_every_page_is_good_in_every_look(office, visit, locale):
    home = story(office)
    page = visit(f"{office.address}/desk/", locale=locale, viewport=WIDE)
    check_page(page)
    page.goto(f"{office.address}/desk/c/{home}")
    page.locator("details.entry__more > summary").nth(1).click()
    page.get_by_text({"de": "Warum nicht anders?", "en": "Why not otherwise?"}[locale[:2]]).click()
    expect(page.locator(".whole__facts")).to_be_visible()
    check_page(page)
    page.locator("#help-open").click()
    check_page(page)
    page.goto(f"{office.address}/desk/?view=mine")
    check_page(page)
    page.goto(f"{office.address}/operator/operations")
    check_page(page)


def test_a_german_page_holds_no_english_and_no_inner_id(office, visit):
    home = story(office)
    page = visit(f"{office.address}/desk/c/{home}", viewport=WIDE)
    words = page.locator("body").inner_text()
    for foreign in ("Details", "Send", "Waiting", "agent-7", "inbox-1", "email", "message", home):
        assert not re.search(rf"\b{foreign}\b", words), foreign


def test_a_new_message_appears_by_itself_and_nothing_jumps(office, visit):
    home = story(office)
    page = visit(f"{office.address}/desk/c/{home}", viewport=WIDE)
    expect(page.locator(".timeline article")).to_have_count(3)
    page.evaluate(_WATCH)
    office.take_in(office.mail(text="Noch eine Frage", ago=timedelta(0)))
    expect(page.locator(".timeline article")).to_have_count(4)
    expect(page.locator(".timeline")).to_contain_text("Noch eine Frage")
    office.take_in(office.mail("neu@example.org", "Guten Tag", name="Nina Neu"))
    expect(page.locator("#queue")).to_contain_text("Nina Neu")
    expect(page.locator(".line[aria-current]")).to_have_count(1)
    assert page.evaluate("window.shift") < 0.01


_WATCH = """() => {
  window.shift = 0
  new PerformanceObserver(list => { for (const one of list.getEntries()) window.shift += one.value })
    .observe({type: 'layout-shift', buffered: false})
}"""


def test_what_others_do_with_a_conversation_is_seen_at_once(office, visit):
    home = story(office)
    [other] = office.take_in(office.mail("neu@example.org", "Guten Tag", name="Nina Neu"))
    page = visit(f"{office.address}/desk/c/{home}", viewport=WIDE)
    expect(page.locator(".timeline article")).to_have_count(3)
    expect(page.locator(f"#q-{other} .line__unread")).to_be_visible()
    with office.client("colleague") as desk:
        desk.post(f"/c/{other}/read")
    expect(page.locator(f"#q-{other}")).to_be_visible()
    expect(page.locator(f"#q-{other} .line__unread")).to_have_count(0)
    with office.client() as desk:  # another window
        desk.post(f"/c/{home}/assign", data={"assignee": "agent-7"})
        desk.post(f"/c/{home}/close")
    expect(page.locator(".talk__facts")).to_contain_text("Erledigt")
    expect(page.locator(".talk__facts")).to_contain_text("Sie sind zuständig")
    changes = page.locator(".hub-entry--change")
    expect(changes).to_contain_text(["Sie: Übernommen.", "Sie: Als erledigt abgelegt."])
    check_page(page)


def test_nothing_is_missed_while_the_line_is_lost(office, browser):
    home = story(office)
    # Not by `visit`: a browser without a line complains.
    page = browser.new_page(viewport=WIDE, locale="de-DE")
    page.goto(f"{office.address}/desk/c/{home}")
    expect(page.locator(".timeline article")).to_have_count(3)
    page.context.set_offline(True)
    office.take_in(office.mail(text="Im Funkloch geschrieben", ago=timedelta(0)))
    expect(page.locator("#live")).to_have_text("Verbindung unterbrochen")
    expect(page.locator(".timeline article")).to_have_count(3)
    page.context.set_offline(False)
    expect(page.locator(".timeline")).to_contain_text("Im Funkloch geschrieben")
    expect(page.locator("#live")).to_be_hidden()
    page.close()


def test_an_answer_that_was_overtaken_takes_nothing_away(office, visit):
    home = story(office)
    page = visit(f"{office.address}/desk/c/{home}", viewport=WIDE)
    articles = page.locator(".timeline article")
    expect(articles).to_have_count(3)
    late = []

    def keep(route):
        late.append((route, route.fetch()))

    page.route("**/entries?after=*", keep, times=1)
    office.take_in(office.mail(text="Eins", ago=timedelta(0)))
    while not late:
        page.wait_for_timeout(20)
    office.take_in(office.mail(text="Zwei", ago=timedelta(0)))
    expect(articles).to_have_count(5)
    [(route, answer)] = late
    with page.expect_event("requestfinished", lambda request: "/entries?" in request.url):
        route.fulfill(response=answer)
    page.evaluate("new Promise(requestAnimationFrame)")
    assert articles.count() == 5


def test_after_an_interruption_behind_the_desk_pages_look_again(office, visit):
    home = story(office)
    page = visit(f"{office.address}/desk/c/{home}", viewport=WIDE)
    expect(page.locator(".timeline article")).to_have_count(3)
    while not office.tail.listening:
        page.wait_for_timeout(50)
    with page.expect_response(lambda answer: "/entries?after=" in answer.url):
        office.loop.loop.call_soon_threadsafe(office.tail._miss)


@pytest.mark.parametrize("undo_seconds", [3])
def test_the_whole_story_by_keyboard_alone(office, visit):
    home = story(office)
    page = visit(f"{office.address}/desk/", viewport=WIDE)
    keys = page.keyboard
    keys.press("j")
    keys.press("j")
    keys.press("k")
    first = page.locator(".line").first
    expect(first).to_be_focused()
    while page.evaluate("document.activeElement.id") != f"q-{home}":
        keys.press("j")
    keys.press("Enter")
    expect(page.locator("#pane")).to_have_attribute("data-id", home)
    assert page.url.endswith(f"/c/{home}?view=unassigned")
    expect(page.locator("#talk-title")).to_be_visible()
    folded = page.locator(".entry__more[data-folded]")
    expect(folded).to_contain_text("Zitat, 1 Zeile · Signatur, 1 Zeile")
    keys.press("z")
    expect(folded.locator(".whole__quote")).to_have_text(["> Bitte senden Sie ihn.", "Erika"])
    keys.press("z")
    expect(folded.locator(".whole__quote").first).to_be_hidden()
    keys.press("a")
    expect(page.locator(".talk__facts")).to_contain_text("Sie sind zuständig")
    keys.press("n")
    keys.type("Frau Muster ist bekannt")
    keys.press("Control+Enter")
    expect(page.locator(".hub-entry--note")).to_contain_text("Frau Muster ist bekannt")
    keys.press("Escape")
    keys.press("r")
    keys.type("Sehr geehrte Frau Muster, gern.")
    keys.press("Control+Enter")
    expect(page.locator(".held")).to_contain_text("Wird gleich gesendet")
    expect(page.locator(".timeline .hub-entry--out:not(.held)")).to_contain_text("gern")
    keys.press("Escape")
    keys.press("e")
    expect(page.locator(".talk__facts")).to_contain_text("Erledigt")
    keys.press("?")
    expect(page.locator("#help")).to_be_visible()
    keys.press("Escape")
    keys.press("/")
    keys.type("max@example.org")
    keys.press("Enter")
    expect(page.locator(".queue__said")).to_contain_text("1 Gespräch gefunden")


def hold_up(page):
    """Have the next words sent wait; return what gives that request back, to go on or to fail."""
    seen = []

    def keep(route):  # Playwright wants a function of Python's
        seen.append(route)

    page.route("**/write", keep, times=1)

    def take():
        while not seen:
            page.wait_for_timeout(20)
        return seen.pop()

    return take


@pytest.mark.parametrize("undo_seconds", [120])
def test_one_may_type_on_and_send_while_the_last_words_are_on_their_way(office, visit):
    home = story(office)
    page = visit(f"{office.address}/desk/c/{home}", viewport=WIDE)
    slow, keys = hold_up(page), page.keyboard
    keys.press("n")
    keys.type("Frau Muster ist bekannt")
    keys.press("Control+Enter")
    keys.type("Nur für uns. ")
    keys.press("Escape")
    keys.press("r")
    expect(page.locator("#text")).to_have_value("Nur für uns. ")
    page.locator("#text").fill("Sehr geehrte Frau Muster, gern.")
    keys.press("Control+Enter")
    slow().continue_()
    expect(page.locator(".hub-entry--note .hub-text")).to_have_text("Frau Muster ist bekannt")
    expect(page.locator(".held .hub-text")).to_have_text("Sehr geehrte Frau Muster, gern.")
    expect(page.locator("#text")).to_have_value("")


def test_what_is_typed_while_a_note_is_on_its_way_stays_one(office, visit):
    home = story(office)
    page = visit(f"{office.address}/desk/c/{home}", viewport=WIDE)
    slow, keys = hold_up(page), page.keyboard
    keys.press("n")
    keys.type("Eins")
    keys.press("Control+Enter")
    keys.type("Zwei")
    slow().continue_()
    expect(page.locator(".hub-entry--note .hub-text")).to_have_text("Eins")
    keys.type(" und drei")  # the field keeps the focus: no letter is taken for a shortcut
    expect(page.locator("#text")).to_have_value("Zwei und drei")
    expect(page.locator("#mode-note")).to_be_checked()
    expect(page.locator("#draft-state")).to_have_text("Entwurf gespeichert")
    page.reload()
    expect(page.locator("#text")).to_have_value("Zwei und drei")


@pytest.mark.parametrize("undo_seconds", [120])
def test_what_one_does_while_an_answer_is_on_its_way_hides_nothing_of_it(office, visit):
    home = story(office)
    page = visit(f"{office.address}/desk/c/{home}", viewport=WIDE)
    slow = hold_up(page)
    page.locator("#text").fill("Sehr geehrte Frau Muster")
    page.keyboard.press("Control+Enter")
    page.keyboard.type("bis morgen")
    page.get_by_role("button", name="Übernehmen").click()
    expect(page.locator(".talk__facts")).to_contain_text("Sie sind zuständig")
    expect(page.locator("#text")).to_have_value("bis morgen")
    slow().continue_()
    expect(page.locator(".held .hub-text")).to_have_text("Sehr geehrte Frau Muster")
    expect(page.locator("#text")).to_have_value("bis morgen")


def test_what_could_not_be_sent_is_given_back_before_what_was_typed_since(office, browser):
    home = story(office)
    page = browser.new_page(viewport=WIDE, locale="de-DE")  # one that may complain
    page.goto(f"{office.address}/desk/c/{home}")
    slow = hold_up(page)
    page.locator("#text").fill("Sehr geehrte Frau Muster")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#text")).to_have_value("")
    page.keyboard.type("bis morgen")
    slow().abort()
    expect(page.locator("#text")).to_have_value("Sehr geehrte Frau Muster\n\nbis morgen")
    expect(page.locator("#trouble")).to_contain_text("Ihr Text ist noch da")
    page.close()


def test_single_keys_can_be_switched_off(office, visit):
    story(office)
    page = visit(f"{office.address}/desk/", viewport=WIDE)
    page.keyboard.press("?")
    page.locator("#keys-on").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    assert page.locator(".line:focus").count() == 0
    page.reload()
    page.keyboard.press("?")
    expect(page.locator("#help")).not_to_be_visible()


def test_a_draft_survives_leaving_and_coming_back(office, visit):
    home = story(office)
    page = visit(f"{office.address}/desk/c/{home}", viewport=WIDE)
    page.locator("#text").fill("Noch nicht fert")
    page.locator("#text").press_sequentially("ig")
    expect(page.locator("#draft-state")).to_have_text("Entwurf gespeichert")
    page.locator("#files").set_input_files(
        {"name": "Liste.txt", "mimeType": "text/plain", "buffer": b"1, 2"}
    )
    expect(page.locator("#draft-files")).to_contain_text("Liste.txt")
    page.locator(".line").first.click()
    expect(page.locator("#pane")).not_to_have_attribute("data-id", home)
    page.go_back()
    expect(page.locator("#text")).to_have_value("Noch nicht fertig")
    expect(page.locator("#draft-files")).to_contain_text("Liste.txt")


@pytest.mark.parametrize("undo_seconds", [120])
def test_an_answer_is_taken_back_by_a_click(office, visit):
    home = story(office)
    page = visit(f"{office.address}/desk/c/{home}", viewport=WIDE)
    page.locator("#text").fill("Nein, das geht nicht")
    page.get_by_role("button", name="Senden").click()
    page.get_by_role("button", name="Zurückholen").click()
    expect(page.locator("#text")).to_have_value("Nein, das geht nicht")
    expect(page.locator(".held")).to_have_count(0)


REACHABLE = (
    ContactPoint(kind="phone", value="+49 30 1234"),
    ContactPoint(kind="fax", value="+49 30 1235"),
)
PHOTO = {"name": "Foto.jpg", "mimeType": "image/jpeg", "buffer": b"jpeg"}


@pytest.mark.parametrize("undo_seconds", [120])
def test_another_way_says_at_once_what_goes_and_holds_back_what_does_not(office, visit):
    [home] = office.take_in(office.mail(subject="Hund", reachable=REACHABLE))
    page = visit(f"{office.address}/desk/c/{home}", viewport=WIDE)
    carries, misfit = page.locator("#carries"), page.locator("#misfit")

    def choose(channel):
        way = page.locator(f"#way option[value^='{channel}/']").get_attribute("value")
        page.locator("#way").select_option(way)

    expect(page.locator("#way option[value^='phone/']")).to_have_count(0)  # people call people
    choose("fax")
    expect(carries).to_contain_text("Dateien nur als PDF")
    choose("email")
    expect(carries).to_contain_text("mit Betreff · bis zu 20 Dateien, zusammen höchstens 20 MB")
    page.locator("#subject").fill("Ihr Hund")
    page.locator("#files").set_input_files(PHOTO)
    expect(page.locator(".chip")).to_contain_text("Foto.jpg")
    page.locator("#text").fill("ä" * 800)
    choose("sms")
    expect(carries).to_contain_text("ohne Betreff · ohne Dateien · 6 SMS · höchstens 1.600 Zeichen")
    page.locator("#text").fill("Grüße, 5 €")
    expect(carries).to_contain_text("eine SMS · höchstens")
    page.locator("#text").fill("“Grüße” " * 10)
    expect(carries).to_contain_text("2 SMS · Sonderzeichen: nur 67 Zeichen je SMS")
    page.locator("#text").fill("ä" * 1590)
    expect(carries).to_contain_text(
        "ohne Betreff · ohne Dateien · 11 SMS · noch 10 von 1.600 Zeichen"
    )
    expect(misfit).to_have_text(re.compile("kein Betreff.*keine Dateien", re.DOTALL))
    expect(page.locator(".composer__attach")).to_be_hidden()
    check_page(page)
    page.locator("#text").press_sequentially("Guten Morgen")
    expect(carries).to_contain_text("2 Zeichen zu viel, höchstens 1.600")
    expect(misfit).to_contain_text("Der Text ist zu lang für diesen Weg")
    page.keyboard.press("Control+Enter")
    assert page.locator(":invalid:focus").count() == 1, "the field is shown, nothing is sent"
    choose("fax")
    expect(carries).to_contain_text("Dateien nur als PDF")
    expect(misfit).to_have_text(re.compile("^Eine Datei ist von einer Art"))
    expect(page.locator(".chip")).to_have_class(re.compile("chip--misfit"))
    assert page.locator("#files").get_attribute("accept") == "application/pdf"
    page.get_by_role("button", name="Foto.jpg entfernen").click()
    expect(misfit).to_be_empty()
    page.locator("#mode-note").check()
    expect(carries.locator("p:visible")).to_have_count(0)
    page.locator("#mode-reply").check()
    expect(page.locator("#draft-state")).to_have_text("Entwurf gespeichert")
    page.reload()
    expect(page.locator("#subject")).to_have_value("Ihr Hund")
    expect(carries).to_contain_text("etwa eine Seite")
    page.locator("#text").fill("Guten Morgen")
    page.get_by_role("button", name="Senden").click()
    expect(page.locator(".held .hub-text")).to_have_text("Guten Morgen")
    expect(page.locator("#subject")).to_have_value("")


@pytest.mark.parametrize("undo_seconds", [120])
def test_the_citizen_writes_while_the_agent_does(office, visit):
    home = story(office)
    page = visit(f"{office.address}/desk/c/{home}", viewport=WIDE)
    page.locator("#text").fill("Wir prüfen das")
    office.take_in(office.mail(text="Hat sich erledigt", ago=timedelta(0)))
    expect(page.locator("#news")).to_contain_text("Gerade ist eine neue Nachricht eingegangen")
    expect(page.locator("#text")).to_have_value("Wir prüfen das")
    page.get_by_role("button", name="Senden").click()
    expect(page.locator("#notice")).to_contain_text("Bitte lesen Sie sie")
    page.get_by_role("button", name="Trotzdem senden").click()
    expect(page.locator(".held")).to_contain_text("Wir prüfen das")


LONG = "Rückfrage zu Ihrem Bescheid vom 12. Mai über die Festsetzung der Grundsteuer B"
# Of whole screens, and of what is left of some of them at 200 %.
SCREENS = [(1024, 700), (1440, 900), (1920, 1080), (1023, 800), (1280, 800), (960, 540), (512, 350)]


def full(office):
    """Return a conversation that is longer than any screen, in a queue that is."""
    many = (office.mail(f"p{n}@example.org", subject=LONG, name=LONG) for n in range(39))
    texts = (office.mail(text="Guten Tag.\n" * 9, subject=LONG) for _ in range(12))
    return office.take_in(*texts, *many)[0]


def test_regions_scroll_and_the_page_never_does(office, visit):
    home = full(office)
    page = visit(f"{office.address}/desk/c/{home}", viewport=WIDE)
    for width, height in SCREENS:
        page.set_viewport_size({"width": width, "height": height})
        for key in ("k", "j", "j", "r", "Escape"):
            page.keyboard.press(key)
        page.evaluate("for (const e of [document.documentElement, document.body]) e.scrollBy(9, 9)")
        assert page.evaluate(_MOVED) == [0] * 4, (width, height)
        expect(page.locator("#search")).to_be_in_viewport()


_MOVED = """() => [document.documentElement, document.body].flatMap(
  e => [e.scrollHeight - e.clientHeight, e.scrollLeft + e.scrollTop])"""


def test_rows_are_readable_and_stay_as_close_as_one_wishes(office, visit):
    full(office)
    page = visit(f"{office.address}/desk/", viewport={"width": 1280, "height": 800})
    row, subject = page.locator(".line").first, page.locator(".line__what").first
    two_lines = row.bounding_box()["height"]
    assert subject.bounding_box()["width"] >= 200
    page.get_by_role("link", name="Kompakt").click()
    expect(page.get_by_role("link", name="Zweizeilig")).to_be_visible()
    assert row.bounding_box()["height"] < two_lines * 0.6
    assert subject.bounding_box()["width"] >= 220
    check_page(page)
    page.reload()
    expect(page.locator("#queue")).to_have_class("queue queue--compact")
    time = row.locator(".line__time")
    assert re.fullmatch(r"wartet seit \d+ Min\., zuletzt vor \d+ Min\.", time.text_content())
    assert re.match(r"wartet seit \w+, \d+\. \w+ \d{4}", time.get_attribute("title"))


def test_while_the_store_is_away_nothing_typed_is_lost(office, visit):
    home = story(office)
    page = visit(f"{office.address}/desk/c/{home}", viewport=WIDE)
    page.locator("#text").fill("Sehr geehrte Frau Muster")
    office.store_away()
    page.get_by_role("button", name="Erledigt").click()
    expect(page.locator("#trouble")).to_contain_text("Ihr Text ist noch da")
    expect(page.locator("#talk-title")).to_have_text("Hund anmelden")
    expect(page.locator("#text")).to_have_value("Sehr geehrte Frau Muster")
    check_page(page)


@pytest.mark.parametrize("undo_seconds", [120])
def test_two_quick_strokes_send_once(office, visit):
    home = story(office)
    page = visit(f"{office.address}/desk/c/{home}", viewport=WIDE)
    page.locator("#text").fill("Ja, gern")
    page.evaluate("for (const _ of [1, 2]) document.getElementById('composer').requestSubmit()")
    expect(page.locator(".held")).to_have_count(1)
    page.reload()
    expect(page.locator(".held")).to_have_count(1)
    expect(page.locator("#text")).to_have_value("")


PRICED = Authority(
    "Stadt Musterstadt",
    page="https://m.example/vorgang",
    terms={"kurz": Terms(price=Cost(amount=Decimal("0.075"), currency="EUR"), most_segments=2)},
)


@pytest.mark.parametrize("authority", [PRICED])
def test_what_an_sms_costs_and_that_only_a_link_goes_is_said_before(office, visit):
    mobile = ContactPoint(kind="phone", value="+49 171 5550101")
    [home] = office.take_in(
        office.mail("inbox-1", channel=Channel.WEB, account="portal", reachable=(mobile,))
    )
    page = visit(f"{office.address}/desk/c/{home}", viewport=WIDE)
    carries = page.locator("#carries")
    way = page.locator("#way option[value^='sms/']").get_attribute("value")
    page.locator("#way").select_option(way)
    expect(carries).to_contain_text("die SMS bringt den Link")
    page.locator("#text").fill("Guten Tag")
    expect(carries).to_contain_text(re.compile(r"eine SMS · 0,075\s€"))
    page.locator("#text").fill("ä" * 306)
    expect(carries).to_contain_text(re.compile(r"2 SMS · 0,15\s€"))
    page.locator("#text").fill("ä" * 307)
    expect(carries).to_contain_text("eine SMS · Die SMS bringt nur den Link; der ganze Text")
    page.locator("#files").set_input_files(PHOTO)
    expect(page.locator(".chip")).to_contain_text("Foto.jpg")
    expect(page.locator("#misfit")).to_be_empty()
    check_page(page)
