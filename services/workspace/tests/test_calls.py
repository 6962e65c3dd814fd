"""Calls at the desk: who rings is shown at once and takes no focus; notes and call-backs by keyboard."""

import re

import pytest
from playwright.sync_api import expect

from hub_contract.words import CallbackDay, CallbackWish, CallStatus, Channel
from hub_pages.testing import check_page
from workspace.calls import concerns_of

WIDE = {"width": 1440, "height": 900}
ANNA = "+491711234567"
WISH = CallbackWish(day=CallbackDay.TOMORROW)
browsing = pytest.mark.real("chromium")


def known(office, **more):
    """Return the conversation of somebody who has called before."""
    words = {"channel": Channel.PHONE, "name": "Anna Ångström", "subject": "Hundesteuer"} | more
    return office.take_in(office.mail(ANNA, **words))[0]


def settled(page):
    """Wait until htmx has taken over what it has just put in: it does both at one stroke."""
    expect(page.locator("#pane.htmx-added")).to_have_count(0)


@browsing
def test_a_known_caller_is_shown_at_once_and_who_types_goes_on_typing(office, visit):
    home = known(office)
    [other] = office.take_in(office.mail("max@example.org", name="Max Muster"))
    page = visit(f"{office.address}/desk/c/{other}", viewport=WIDE)
    page.locator("#text").press_sequentially("Sehr geehrter")
    office.call(ANNA)
    ring = page.locator("#calls .ring")
    expect(ring).to_contain_text("Anna Ångström")
    expect(ring).to_contain_text("Hundesteuer")
    expect(page.locator("#calls")).to_have_attribute("aria-live", "polite")
    expect(page.locator("#text")).to_be_focused()
    page.keyboard.type(" Herr t")
    expect(page.locator("#text")).to_have_value("Sehr geehrter Herr t")
    office.call(ANNA, CallStatus.ANSWERED)
    expect(ring).to_contain_text("Im Gespräch")
    page.keyboard.press("Escape")
    page.keyboard.press("t")
    expect(page.locator("#talk-title")).to_have_text("Hundesteuer")
    expect(page).to_have_url(f"{office.address}/desk/c/{home}")
    office.call("+4930555123", sid="CA2")
    expect(ring).to_have_count(2)
    ring.first.get_by_role("button", name="Ausblenden").click()
    expect(ring).to_have_count(1)
    expect(ring).to_contain_text("+4930555123")
    office.call("+4930555123", CallStatus.ENDED, sid="CA2")
    expect(ring).to_have_count(0)
    page.goto(f"{office.address}/desk/c/{other}")
    expect(page.locator("#text")).to_have_value("Sehr geehrter Herr t")


@browsing
def test_of_an_unknown_caller_a_note_is_taken_and_nothing_is_lost_when_she_hangs_up(office, visit):
    page = visit(f"{office.address}/desk/", viewport=WIDE)
    expect(page.locator("#queue")).to_be_visible()
    office.call("+4930555123")
    expect(page.locator("#calls .ring")).to_contain_text("Diese Nummer ist hier nicht bekannt")
    page.keyboard.press("t")
    expect(page.locator("#call-text")).to_be_focused()
    page.keyboard.type("Hund anmelden\n---\nWann kommt die Müllabfuhr?")
    expect(page.locator("#call-state")).to_have_text("Entwurf gespeichert")
    office.call("+4930555123", CallStatus.ENDED)
    expect(page.locator("#calls .ring")).to_have_count(0)
    page.reload()
    expect(page.locator("#call-text")).to_have_value(
        "Hund anmelden\n---\nWann kommt die Müllabfuhr?"
    )
    page.locator("#call-text").press("Control+Enter")
    expect(page.locator("#timeline")).to_contain_text("Hund anmelden")
    expect(page.locator("#notice")).to_contain_text("jedes Anliegen in einem eigenen Gespräch")
    expect(page.locator("#who")).to_contain_text("Wann kommt die Müllabfuhr?")
    expect(page.locator("#timeline article")).to_have_count(1)
    assert re.fullmatch(rf"{office.address}/desk/c/[0-9a-f-]{{36}}", page.url)


@browsing
def test_a_call_back_is_tried_by_keyboard_until_another_way_is_proposed(office, visit):
    home = known(office, callback=WISH)
    page = visit(f"{office.address}/desk/?view=callbacks", viewport=WIDE)
    expect(page.locator(f"#q-{home} .line__due")).to_contain_text("Rückruf bis")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    callback = page.locator(".callback")
    expect(callback).to_contain_text("noch niemand ruft an")
    for attempts in ("1 Versuch", "2 Versuche", "3 Versuche"):
        settled(page)
        page.keyboard.press("2")
        expect(callback).to_contain_text(attempts)
    expect(callback).to_contain_text("Sie rufen an")
    expect(callback).to_contain_text("Mehrmals nicht erreicht.")
    expect(page.locator("#notice")).to_contain_text("Bitte schreiben Sie auf einem anderen Weg")
    settled(page)
    page.keyboard.press("1")
    expect(callback).to_have_count(0)
    expect(page.locator("#timeline")).to_contain_text("Zurückgerufen und erreicht.")
    expect(page.locator("#queue")).to_contain_text("Niemand ist zurückzurufen.")


@browsing
@pytest.mark.parametrize("locale", ["de-DE", "en-GB"])
def test_the_pages_are_good_in_every_look(office, visit, locale):
    home = known(office, callback=WISH)
    call = office.call(ANNA)
    page = visit(f"{office.address}/desk/c/{home}", viewport=WIDE, locale=locale)
    expect(page.locator("#calls .ring")).to_be_visible()
    expect(page.locator(".callback")).to_be_visible()
    check_page(page)
    page.goto(f"{office.address}/desk/calls/{call}")
    expect(page.locator("#calls .ring")).to_be_visible()
    check_page(page)


def test_an_agent_asks_for_a_call_back_and_gives_it_away(office):
    [home] = office.take_in(office.mail())
    with office.client() as desk:
        assert (
            desk.post(f"/c/{home}/callback", data={"when": "tomorrow_morning"}).status_code == 303
        )
        page = desk.get(f"/c/{home}").text
        assert "Rückruf bis" in page
        assert "Sie rufen an" in page
        [callback] = re.findall(r'name="callback" value="([0-9a-f-]+)"', page)[:1]
        desk.post(f"/c/{home}/callback/owner", data={"callback": callback, "owner": "agent-8"})
        assert "ruft an: Kollegin oder Kollege" in desk.get(f"/c/{home}").text
        assert 'Rückrufe <span class="queue__count">1</span>' in desk.get("/").text
        told = {"callback": callback, "attempts": "0", "result": "withdrawn"}
        desk.post(f"/c/{home}/callback/result", data=told)
        page = desk.get(f"/c/{home}").text
        assert "Der Rückruf ist nicht mehr gewünscht." in page
        assert 'class="callback' not in page
        assert desk.post(f"/c/{home}/callback", data={"when": "never"}).status_code == 422


def test_a_concern_with_a_reference_goes_where_that_leads(office):
    home = known(office)
    [other] = office.take_in(office.mail("max@example.org", subject="Reisepass"))
    call = office.call(ANNA)
    with office.client() as desk:
        [reference] = re.findall(r'hub-reference">([\d-]+)<', desk.get(f"/c/{other}").text)[:1]
        text = f"Fragt nach der Frist.\r\n----\r\nZu {reference}: ist da\r\n---\r\nNoch etwas"
        desk.post(f"/calls/{call}/write", data={"text": text, "to": home, "token": "x"})
        assert "Fragt nach der Frist." in desk.get(f"/c/{home}").text
        assert "ist da" in desk.get(f"/c/{other}").text
        assert 'Meine <span class="queue__count">1</span>' in desk.get("/").text
        form = desk.get(f"/calls/{call}").text.partition('id="call-text"')[2]
        assert "\n</textarea>" in form, "a draft no more"
        assert "Noch etwas" not in form


def test_an_empty_note_is_refused_and_the_draft_stays(office):
    call = office.call(None)
    with office.client() as desk:
        page = desk.post(f"/calls/{call}/write", data={"text": " \n---\n"}).text
        assert "Bitte schreiben Sie zuerst etwas." in page
        page = desk.get(f"/calls/{call}").text
        assert "unbekannte Nummer" in page
        assert "\n---\n</textarea>" in page


def test_who_may_not_read_conversations_hears_of_no_call(office):
    call = office.call(ANNA)
    with office.client("operator") as operator, office.client("village") as village:
        assert operator.get("/calls").status_code == 403
        assert "ring" not in village.get("/calls").text
        assert village.get(f"/calls/{call}").status_code == 404


@pytest.mark.parametrize(
    ("text", "concerns"),
    [
        ("", []),
        ("Hund", ["Hund"]),
        ("Hund\n---\nMüll", ["Hund", "Müll"]),
        ("Hund\n-----  \n\nMüll\n---\n\n---\n", ["Hund", "Müll"]),
        ("Hund --- Müll\n--\nmehr", ["Hund --- Müll\n--\nmehr"]),
        ("---\n" * 5_000 + "Hund", ["Hund"]),
    ],
)
def test_concerns_stand_between_lines_of_dashes(text, concerns):
    assert concerns_of(text) == concerns


def test_one_key_rings_and_the_telephone_is_typed_once(office):
    home = known(office, callback=WISH)
    with office.client() as desk:
        page = desk.get(f"/c/{home}").text
        [callback] = re.findall(r'name="callback" value="([0-9a-f-]+)"', page)[:1]
        assert 'data-key="0"' not in page
        for wrong in ("", "115", "x"):
            desk.post(f"/c/{home}/callback/call", data={"callback": callback, "telephone": wrong})
            assert 'data-key="0"' not in desk.get(f"/c/{home}").text
        rung = {"callback": callback, "telephone": "0711 123911"}
        assert desk.post(f"/c/{home}/callback/call", data=rung).status_code == 303
        page = desk.get(f"/c/{home}").text
        assert 'data-key="0"' in page
        assert "0711 123911" in page
        assert "Sie rufen an" in page
        desk.post(f"/c/{home}/callback/call", data={"callback": callback})
        entries = re.findall(r'data-side="out"', desk.get(f"/c/{home}").text)
        assert len(entries) == 1


def test_who_is_not_reached_three_times_is_written_to_by_one_key(office):
    [home] = office.take_in(office.mail())
    with office.client() as desk:
        desk.post(f"/c/{home}/callback", data={"when": "soon"})
        page = desk.get(f"/c/{home}").text
        [callback] = re.findall(r'name="callback" value="([0-9a-f-]+)"', page)[:1]
        for attempts, result in enumerate(("not_reached", "engaged", "not_reached")):
            told = {"callback": callback, "attempts": str(attempts), "result": result}
            desk.post(f"/c/{home}/callback/result", data=told)
        page = desk.get(f"/c/{home}").text
        assert 'data-key="6"' in page
        [way] = re.findall(r'name="way" value="(email/[^"]+)"', page)[:1]
        for _ in range(2):
            told = {"callback": callback, "attempts": "3", "way": way}
            desk.post(f"/c/{home}/callback/write", data=told)
        page = desk.get(f"/c/{home}").text
        assert page.count("Sie hatten um einen Rückruf gebeten.") == 1
        assert 'class="callback' not in page
        assert "Der Rückruf ist auf einem anderen Weg erledigt." in page
