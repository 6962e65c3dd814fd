"""The citizen's table in a real browser: nothing for axe to find, a story that plays to its end."""

import re
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from hub_pages.catalogue import find_gaps
from hub_pages.testing import check_page
from local_hub.peers.table import show
from local_hub.testing import Town

WIDE = {"width": 1600, "height": 1000}


@pytest.fixture(scope="module")
def door() -> Iterator[str]:
    with (
        tempfile.TemporaryDirectory(prefix="faden-town-") as folder,
        ThreadPoolExecutor(1) as aside,
    ):
        town = aside.submit(Town(Path(folder)).__enter__).result()
        try:
            yield f"http://{town.listener('gateway', 'door')}"
        finally:
            aside.submit(town.__exit__, None, None, None).result()


def test_every_sentence_is_there_in_english() -> None:
    assert find_gaps(show.HERE) == []


@pytest.mark.real("chromium")
@pytest.mark.parametrize("language", ["de", "en"])
def test_it_is_for_everybody(door, visit, language) -> None:
    page = visit(f"{door}/table?lang={language}", viewport=WIDE)
    check_page(page)
    expect(page.frame_locator("#desk").get_by_role("heading", level=1)).to_be_visible()
    page.locator("#show-mail").click()
    expect(page.locator("#letters li").first).to_be_visible()
    check_page(page)
    page.locator("#show-phone").click()
    expect(page.locator("#texts li").first).to_be_visible()
    check_page(page)
    page.locator("#show-letterbox").click()
    page.locator("#scan").set_input_files(
        {"name": "x.txt", "mimeType": "text/plain", "buffer": b"kein Brief"}
    )
    expect(page.locator("#posted")).not_to_be_empty()
    page.locator("#letter").fill("Guten Tag, hier ist ein Brief.")
    page.locator("#letter").press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#letter")).to_have_value("")
    page.locator("#show-fax").click()
    expect(page.locator("#faxes li").first).to_be_visible()
    check_page(page)


@pytest.mark.real("chromium")
@pytest.mark.parametrize("language", ["de-DE", "en-GB"])
def test_so_is_the_log_in(door, visit, language) -> None:
    page = visit(f"{door}/desk/", locale=language)
    expect(page.get_by_role("heading", level=1)).to_have_text(
        re.compile("Wer sind Sie|Who are you")
    )
    check_page(page)


@pytest.mark.real("chromium")
def test_the_story_plays_to_its_end(door, visit) -> None:
    page: Page = visit(f"{door}/table", viewport=WIDE, reduced_motion="reduce")
    page.get_by_role("button", name="Erzähl mir die Geschichte").click()
    caption, go_on = page.locator("#caption"), page.get_by_role("button", name="Weiter")
    for words in ("Sie braucht dafür kein Konto", "Geheimzahl", "nennt die Nummer"):
        expect(caption).to_contain_text(words)
        expect(go_on).to_be_enabled(timeout=60_000)
        go_on.click()
    expect(caption).to_contain_text("Klick auf «anna.amt»")
    desk = page.frame_locator("#desk")
    desk.get_by_role("button", name="anna.amt").click()
    for words in (
        "in einem Gespräch",
        "zurückholen",
        "in Erikas Postfach",
        "schreibt Erika zurück",
    ):
        expect(caption).to_contain_text(words, timeout=60_000)
        expect(go_on).to_be_enabled(timeout=90_000)
        go_on.click()
    expect(caption).to_contain_text("Das war die Geschichte")
    timeline = desk.get_by_role("log", name="Verlauf")
    for said in ("Zwergschnauzer", "Nummer des Chips", "276 0981 0000"):
        expect(timeline).to_contain_text(said)
    expect(page.get_by_role("button", name="Erzähl mir")).to_be_enabled()


@pytest.mark.real("chromium")
def test_one_plays_it_by_hand(door, visit) -> None:
    page: Page = visit(f"{door}/table", viewport=WIDE)
    page.locator("#show-mail").click()
    page.get_by_label("Wessen Postfach?").select_option(label="Hannelore Winter")
    page.get_by_label("Betreff").fill("Eine <b>Frage</b>")
    page.get_by_label("Text", exact=True).fill("Wann ist offen?")
    page.get_by_role("button", name="E-Mail senden").click()
    expect(page.locator("#sent")).to_have_text("Gesendet.")
    desk = page.frame_locator("#desk")
    desk.get_by_role("button", name="anna.amt").click()
    desk.get_by_role("link", name=re.compile("Hannelore Winter")).click()
    expect(desk.get_by_role("log", name="Verlauf")).to_contain_text("Wann ist offen?")
    desk.get_by_label("Ihr Text").fill("Um <i>acht</i> Uhr.")
    desk.get_by_role("button", name="Senden").click()
    letter = page.locator("#letters article")
    expect(letter).to_contain_text("Um <i>acht</i> Uhr.", timeout=60_000)
    letter.get_by_role("button", name="Antworten").click()
    page.get_by_label("Text", exact=True).fill("Danke!")
    page.get_by_role("button", name="E-Mail senden").click()
    expect(desk.get_by_role("log", name="Verlauf")).to_contain_text("Danke!", timeout=60_000)


@pytest.mark.real("chromium")
def test_one_writes_from_a_phone_and_gets_the_answer_there(door, visit) -> None:
    page: Page = visit(f"{door}/table", viewport=WIDE)
    page.locator("#show-phone").click()
    page.get_by_label("Wessen Handy?").select_option("+491715550103")
    page.get_by_label(re.compile("SMS an")).fill("Liegt mein Roller im Fundbüro?")
    page.get_by_role("button", name="SMS senden").click()
    expect(page.locator("#texted")).to_have_text("Gesendet.")
    desk = page.frame_locator("#desk")
    desk.get_by_role("button", name="anna.amt").click()
    desk.get_by_role("link", name=re.compile("5550103")).click()
    expect(desk.get_by_role("log", name="Verlauf")).to_contain_text("Fundbüro")
    desk.get_by_label("Ihr Text").fill("Ja, er steht hier.")
    desk.get_by_role("button", name="Senden").click()
    expect(page.locator("#texts")).to_contain_text("Ja, er steht hier.")


@pytest.mark.real("chromium")
def test_one_calls_by_keyboard_and_the_desk_has_the_wish(door, visit) -> None:
    page: Page = visit(f"{door}/table", viewport=WIDE)
    page.locator("#show-phone").click()
    page.get_by_label("Wessen Handy?").select_option("+491715550104")
    page.get_by_role("button", name="Anrufen").press("Enter")
    heard, keypad = page.get_by_role("log", name="Was Sie hören"), page.locator("#keypad")
    expect(heard).to_contain_text("Hier ist Stadt Musterstadt")
    expect(keypad).to_be_visible()
    check_page(page)
    # Each key is pressed once the question before it is there.
    for key, asks in (("1", "zurückgerufen"), ("2", "Wann sollen"), ("2", "Am Vormittag")):
        expect(keypad.get_by_role("button", name="1", exact=True)).to_be_visible()
        page.keyboard.press(key)
        expect(heard).to_contain_text(asks)
    keypad.get_by_role("button", name="1", exact=True).press("Enter")
    expect(heard).to_contain_text("morgen am Vormittag")
    page.get_by_role("button", name="Auflegen").press("Enter")
    expect(page.locator("#called")).to_have_text("Das Gespräch ist zu Ende.")
    desk = page.frame_locator("#desk")
    desk.get_by_role("button", name="anna.amt").click()
    desk.get_by_role("link", name=re.compile("5550104")).click()
    entry = desk.get_by_role("log", name="Verlauf").locator("article").last
    expect(entry).to_contain_text("wünscht am Tag danach vormittags Rückruf")
    expect(entry).to_contain_text("verpasst")


@pytest.mark.real("chromium")
def test_one_faxes_by_keyboard_and_gets_the_answer_as_pages(door, visit) -> None:
    page: Page = visit(f"{door}/table", viewport={"width": 320, "height": 900})
    page.locator("#show-fax").press("Enter")
    page.get_by_label("Wessen Faxgerät?").select_option("+497115550199")
    page.get_by_role("button", name="Fax senden").press("Enter")
    expect(page.locator("#faxed")).to_contain_text("legen Sie eine Datei ein")
    page.get_by_label("Text auf der Seite").fill("Widerspruch gegen den Bescheid vom 3. Mai")
    page.get_by_role("button", name="Fax senden").press("Enter")
    expect(page.locator("#faxed")).to_have_text("Gesendet.")
    sent = page.locator("#faxes img").first
    expect(sent).to_have_attribute("alt", "Gesendet an +4971112396: Seite 1 von 1")
    expect(sent).to_have_js_property("complete", True)
    assert sent.evaluate("image => image.naturalWidth") > 300
    check_page(page)
    desk = page.frame_locator("#desk")
    desk.get_by_role("button", name="anna.amt").click()
    desk.get_by_role("link", name=re.compile("5550199")).first.click()
    desk.get_by_label("Ihr Text").fill("Wir haben Ihren Widerspruch.")
    desk.get_by_role("button", name="Senden").click()
    came = page.locator("#faxes img[alt^='Gekommen von +4971112396']").first
    expect(came).to_be_visible(timeout=90_000)
    check_page(page)
