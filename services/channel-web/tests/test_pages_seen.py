"""The pages as people see them: by keyboard, without JavaScript, in both languages and colours."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from hub_kit.testing import eventually
from hub_pages.testing import Loop, check_page, serving

pytestmark = pytest.mark.real("chromium")
LOOKS = ("de-DE", "en-GB")
JPEG = b"\xff\xd8\xff\xe0" + bytes(200)
HUND = {"name": "hund.jpg", "mimeType": "image/jpeg", "buffer": JPEG}
BAD = {"name": "rechnung.pdf", "mimeType": "application/pdf", "buffer": b"MZ\x90\x00" + bytes(99)}


class Here:
    """The town, served; its coroutines run in a loop of their own, so that a browser may block."""

    def __init__(self, loop: Loop, town, address: str) -> None:
        self.loop, self.town, self.address = loop, town, address

    def conversation(self) -> str:
        async def there() -> bool:
            return bool(await self.town.conversations())

        self.loop.run(eventually(there))
        return self.loop.run(self.town.conversations())[0]["id"]

    def reply(self, text: str, **more) -> str:
        return self.loop.run(self.town.reply(self.conversation(), text, **more))


@pytest.fixture
def here(open_town) -> Iterator[Here]:
    loop = Loop()
    opened = open_town()
    town = loop.run(opened.__aenter__())
    with serving(town.door, loop) as base:
        yield Here(loop, town, f"{base}/musterstadt")
    loop.run(opened.__aexit__(None, None, None))
    loop.close()


def press(page, button: str) -> None:
    """Press what leads to another page, and be there: a click alone may return before."""
    with page.expect_navigation():
        page.locator(button).click()


def send(page, here, subject="Hundesteuer", text="Ich habe einen Hund.") -> None:
    page.goto(f"{here.address}/kontakt")
    page.locator("#subject").fill(subject)
    page.locator("#text").fill(text)
    press(page, "main form button")


@pytest.mark.parametrize("locale", LOOKS)
def test_every_page_is_one_for_everybody(here, visit, locale):
    page = visit(f"{here.address}/", locale=locale)
    assert page.locator("html").get_attribute("lang") == locale[:2]
    check_page(page)
    for path in (
        "/chat",
        "/vorgang",
        "/vorgang/link",
        "/vorgang/freigabe/x",
        "/barrierefreiheit",
        "/impressum",
        "/datenschutz",
        "/kontakt?anliegen=hund",
    ):
        page.goto(here.address + path)
        check_page(page)
    subject = page.locator("#subject").input_value()
    assert subject == {"de-DE": "Hundesteuer", "en-GB": "Dog tax"}[locale]
    press(page, "main form button")  # no text: the fault is told
    check_page(page)
    page.locator("#subject").fill("")
    press(page, "main form button")  # empty: every fault is told
    check_page(page)
    page.locator("#subject").fill("Hundesteuer")
    page.locator("#text").fill("Ich habe einen Hund.")
    page.locator("#files").set_input_files([HUND, BAD])
    press(page, "main form button")
    check_page(page)
    press(page, "main form button")
    page.wait_for_url("**/danke")
    check_page(page)
    page.reload()
    assert page.locator("#geheimzahl").count() == 0
    check_page(page)
    here.reply("Bitte lesen Sie https://www.musterstadt.example/hund", author_name="Petra Amt")
    page.goto(f"{here.address}/vorgang/gespraech")
    page.get_by_text("Bitte lesen Sie").wait_for()
    check_page(page)
    press(page, ".portal-leave button")
    check_page(page)
    page.goto(f"{here.address}/vorgang")
    page.locator("#reference").fill("938-429-177-007")
    page.locator("#secret").fill("12345")
    press(page, "main form button")
    check_page(page)
    page.locator("#secret").fill("123456")
    for tries in range(10):
        press(page, "main form button")
        if tries in (0, 9):
            check_page(page)
    assert page.locator(".kern-alert--warning").count() == 1
    press(page, ".kern-alert--warning a")  # there, too, is a #reference
    page.locator("#reference").fill("938-429-177-007")
    press(page, "main form button")
    check_page(page)
    page.goto(f"{here.address}/vorgang/freigabe/x")
    press(page, "main form button")
    check_page(page)


def typed(page) -> str:
    """Return all that stands in the fields of a page, and in its words."""
    fields = page.locator("input:not([type=hidden]), textarea").evaluate_all(
        "all => all.map(e => e.type === 'radio' ? '' : e.value)"
    )
    return " ".join([*fields, page.locator("main").inner_text()])


@pytest.mark.parametrize("java_script", [True, False])
def test_back_after_leaving_shows_nothing_of_the_one_before(here, visit, java_script):
    """A shared computer: the next person presses Back as often as there is something behind."""
    page = visit(f"{here.address}/", java_script_enabled=java_script)
    page.get_by_role("link", name="Eine Nachricht schreiben").click()
    personal = {"subject": "Leinenzwang", "text": "Mein Hund heißt Bello", "name": "Erika Muster"}
    for field, value in personal.items():
        page.locator(f"#{field}").fill(value)
    page.get_by_role("radio", name="Per E-Mail").check()
    page.locator("#email").fill("erika@mail.example")
    page.get_by_role("button", name="Nachricht absenden").click()
    page.wait_for_url("**/danke")
    numbers = [page.locator(f"#{name}").inner_text() for name in ("vorgangsnummer", "geheimzahl")]
    page.get_by_role("link", name="Weiter zum Gespräch").click()
    page.locator("#text").fill("Noch ein halber Satz")
    page.get_by_role("button", name="Gespräch schließen").click()
    expect(page.get_by_role("heading", name="Das Gespräch ist geschlossen")).to_be_visible()
    secrets = [*personal.values(), *numbers, "erika@", "halber Satz"]
    for _ in range(4):
        page.go_back()
        shown = typed(page)
        assert [one for one in secrets if one in shown] == []
    assert page.get_by_role("heading", name="Was möchten Sie tun?").count() == 1


def test_what_was_typed_is_there_behind_a_refusal(here, visit):
    """Before anybody has left: the door may refuse a form, and says to go back."""
    page = visit(f"{here.address}/kontakt")
    page.locator("#text").fill("Ein langer Text")
    page.goto(f"{here.address}/impressum")
    page.go_back()
    assert page.locator("#text").input_value() == "Ein langer Text"


@pytest.mark.parametrize("java_script", [True, False])
def test_the_whole_story_with_and_without_javascript(here, visit, java_script):
    page = visit(f"{here.address}/", java_script_enabled=java_script)
    page.get_by_role("link", name="Eine Nachricht schreiben").click()
    page.get_by_label("Worum geht es?").fill("Hundesteuer")
    page.get_by_label("Ihre Nachricht").fill("Ich habe einen Hund.")
    page.locator("#files").set_input_files([BAD])
    page.get_by_role("button", name="Nachricht absenden").click()
    assert "ist nicht das, was ihr Name sagt" in page.locator("#files-error").inner_text()
    assert page.get_by_label("Ihre Nachricht").input_value() == "Ich habe einen Hund."
    page.locator("#files").set_input_files([HUND])
    page.get_by_role("button", name="Nachricht absenden").click()
    reference = page.locator("#vorgangsnummer").inner_text()
    secret = page.locator("#geheimzahl").inner_text()
    assert re.fullmatch(r"9\d\d-\d{3}-\d{3}-\d{3}", reference)
    assert re.fullmatch(r"\d{3} \d{3}", secret)
    expect(page.get_by_role("button", name="Zettel drucken")).to_be_visible(visible=java_script)
    here.reply("Bitte schicken Sie uns die Steuernummer.")
    page.context.clear_cookies()
    page.goto(f"{here.address}/")
    page.get_by_role("link", name="Eine Antwort lesen").click()
    page.get_by_label("Vorgangsnummer").fill(reference)
    page.get_by_label("Geheimzahl").fill(secret)
    page.get_by_role("button", name="Gespräch öffnen").click()
    page.get_by_text("Bitte schicken Sie uns die Steuernummer.").wait_for()
    page.get_by_label("Ihre Nachricht").fill("Sie lautet 4711.")
    page.get_by_role("button", name="Absenden").click()
    page.locator("#verlauf").get_by_text("Sie lautet 4711.").wait_for()
    expect(page.get_by_label("Ihre Nachricht")).to_have_value("")  # the line may be there before
    assert page.locator("#verlauf article").count() == 3


def test_the_story_by_keyboard_alone(here, visit):
    page = visit(f"{here.address}/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Zum Inhalt springen"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/kontakt")
    tab_to(page, "subject")
    page.keyboard.type("Hundesteuer")
    tab_to(page, "text")
    page.keyboard.type("Ich habe einen Hund.")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/danke")
    assert page.locator("#vorgangsnummer").is_visible()


def tab_to(page, element: str) -> None:
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == element:
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            shadow = page.evaluate("getComputedStyle(document.activeElement).boxShadow")
            assert (outline, shadow) != ("none", "none"), "focus is always visible"
            return
    raise AssertionError(f"{element} is not reached by Tab")


def test_an_answer_appears_while_one_looks_and_nothing_is_missed(here, visit):
    page = visit(f"{here.address}/chat")
    page.get_by_label("Ihre Frage").fill("Haben Sie morgen offen?")
    page.get_by_role("button", name="Chat beginnen").click()
    log = page.locator("#verlauf")
    log.get_by_text("Haben Sie morgen offen?").wait_for()
    here.reply("Ja, ab 8 Uhr.")
    log.get_by_text("Ja, ab 8 Uhr.").wait_for()
    expect(page.locator("#stand")).to_contain_text("Wir haben Ihnen geantwortet")
    page.get_by_label("Ihre Nachricht").fill("Vielen Dank!")
    page.get_by_role("button", name="Absenden").click()
    log.get_by_text("Vielen Dank!").wait_for()
    page.context.set_offline(True)
    here.reply("Gern geschehen.")
    page.context.set_offline(False)
    log.get_by_text("Gern geschehen.").wait_for()
    assert log.locator("article").count() == 4
    page.close()  # a closed tab is no closed conversation
    again = page.context.new_page()
    again.goto(f"{here.address}/vorgang/gespraech")
    assert again.locator("#verlauf article").count() == 4


def test_what_one_writes_stays_in_its_place_when_an_answer_comes(here, visit):
    size = {"width": 600, "height": 500}
    page = visit(f"{here.address}/chat", viewport=size, reduced_motion="reduce")
    page.get_by_label("Ihre Frage").fill("Haben Sie morgen offen?\n" * 12)
    page.get_by_role("button", name="Chat beginnen").click()
    page.locator("#verlauf article").wait_for()
    page.locator("#text").press_sequentially("Noch etwas:")
    place = page.locator("#text").bounding_box()
    here.reply("Ja.\n" * 8)
    page.locator("#verlauf .hub-entry--in").wait_for()
    after = page.locator("#text").bounding_box()
    assert abs(after["y"] - place["y"]) < 2
    page.keyboard.type(" danke")
    assert page.locator("#text").input_value() == "Noch etwas: danke"


def test_a_session_that_ends_while_one_writes_costs_no_word(here, visit):
    page = visit(f"{here.address}/kontakt")
    send(page, here)
    secret = page.locator("#geheimzahl").inner_text()
    here.conversation()
    page.goto(f"{here.address}/vorgang/gespraech")
    page.locator("#text").fill("Ein langer Text")
    page.locator("#files").set_input_files([HUND])
    page.context.clear_cookies(name="faden_citizen")
    page.get_by_role("button", name="Absenden").click()
    page.get_by_text("haben wir das Gespräch geschlossen").wait_for()
    assert page.locator("#text").input_value() == "Ein langer Text"
    check_page(page)
    page.locator("#reference").fill(here.loop.run(here.town.conversations())[0]["reference"])
    page.locator("#secret").fill(secret)
    page.get_by_role("button", name="Gespräch öffnen").click()
    page.get_by_text("noch nicht gesendet").wait_for()
    assert page.locator("#text").input_value() == "Ein langer Text"
    assert page.get_by_text("»hund.jpg« nicht mitschicken").is_visible()
    page.get_by_role("button", name="Absenden").click()
    page.locator("#verlauf").get_by_text("Ein langer Text").wait_for()
    assert page.locator("#verlauf").get_by_text("hund.jpg").is_visible()


def test_what_others_write_runs_nowhere(here, visit, corpus):
    page = visit(f"{here.address}/")
    page.evaluate("window.alert = () => { document.title = 'pwned' }")
    for evil in corpus:
        send(page, here, subject=evil, text=evil)
        if page.locator("#vorgangsnummer").count() == 0:
            continue  # too long for a subject; told beside the field, inert there too
        here.loop.run(here.town.reply(newest(here), evil, author_name=evil[:200]))
        page.goto(f"{here.address}/vorgang/gespraech")
        page.locator("#verlauf .hub-entry--in").wait_for()
        assert page.evaluate(INERT) == []
        assert page.title() != "pwned"


def newest(here) -> str:
    here.conversation()

    async def unanswered() -> str:
        found = await here.town.conversations()
        return next((c["id"] for c in found if c["entries"] == 1), "")

    here.loop.run(eventually(unanswered))
    return here.loop.run(unanswered())


# What would act, had it become part of the page.
INERT = """() => [...document.querySelectorAll('main *')].filter(e =>
  ['SCRIPT', 'IFRAME', 'OBJECT', 'EMBED', 'IMG', 'BASE', 'META', 'LINK', 'STYLE'].includes(e.tagName)
  || [...e.attributes].some(a => a.name.startsWith('on') || /^\\s*(javascript|data):/i.test(a.value))
).map(e => e.outerHTML.slice(0, 100))"""


def test_a_file_that_is_too_large_is_told_before_it_is_sent(here, visit):
    page = visit(f"{here.address}/kontakt")
    large = {"name": "film.jpg", "mimeType": "image/jpeg", "buffer": JPEG + bytes(200_000)}
    page.locator("#files").set_input_files([large])
    assert "zu groß" in page.locator("#files-error").inner_text()
    asked = []
    page.on("request", lambda request: asked.append(request.method))
    page.get_by_role("button", name="Nachricht absenden").click()
    assert asked == []
    page.locator("#files").set_input_files([HUND])
    assert page.locator("#files-error").count() == 0


def test_the_slip_is_printed_dark_on_light(here, visit):
    page = visit(f"{here.address}/?theme=dark")
    send(page, here)
    page.emulate_media(media="print")
    for element in ("#vorgangsnummer", "#zettel"):
        colour = page.locator(element).evaluate("e => getComputedStyle(e).color")
        assert max(map(int, re.findall(r"\d+", colour)[:3])) < 100, colour
    assert not page.locator("header").is_visible()
    assert not page.get_by_role("button", name="Zettel drucken").is_visible()
    assert page.locator("#geheimzahl").is_visible()


@pytest.mark.parametrize("java_script", [True, False])
def test_the_pages_of_a_fax_are_one_for_everybody(here, visit, java_script):
    page = visit(f"{here.address}/kontakt", java_script_enabled=java_script)
    send(page, here)
    here.conversation()
    [conversation] = here.loop.run(here.town.conversations())
    fax = here.loop.run(here.town.fax(conversation, 40))
    here.loop.run(here.town.read())
    page.goto(f"{here.address}/vorgang/nachricht/{fax}")
    expect(page.locator(".portal-read")).to_have_text("Mein Hund <b>ist</b> fort.")
    expect(page.locator(".portal-leaves li")).to_have_count(40)
    if java_script:
        check_page(page)
