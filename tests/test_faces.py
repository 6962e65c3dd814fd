"""One person plays both parts in a real browser: a form and a mail, one timeline, an answer by both doors.

FADEN_PICTURES=1 writes what is seen into docs/pictures, which the README shows.
"""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from hub_pages.testing import PATIENCE, check_page
from local_hub.testing import Town, eventually

pytestmark = pytest.mark.real("chromium")

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
ERIKA = "erika.mustermann@buergerpost.example"
POST = "post@musterstadt.example"
TABLET, DESK, PHONE = (
    {"width": 900, "height": 900},
    {"width": 1440, "height": 900},
    {"width": 360, "height": 740},
)
Visit = Callable[..., Page]


@pytest.fixture
def door(town: Town) -> str:
    return f"http://{town.listener('gateway', 'door')}"


@pytest.fixture
def world(town: Town) -> Iterator[httpx.Client]:
    """The pretend world's mailboxes."""
    with httpx.Client(base_url=f"http://{town.listener('peers', 'http')}", timeout=120) as client:
        yield client


def look(page: Page, picture: str = "") -> None:
    """Fail where axe finds something, light or dark; keep a picture where that is asked for."""
    if picture and os.environ.get("FADEN_PICTURES"):
        page.evaluate("scrollTo(0, 0)")
        # The caret is left alone: to hide it takes a style that our own policy forbids.
        page.screenshot(path=PICTURES / f"{picture}.png", caret="initial")
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        check_page(page)


def log_in(browser: Browser, visit: Visit, door: str, person: str) -> Page:
    """Return this person's desk; the pretend provider's own page is nothing that we answer for."""
    with browser.new_context() as context, context.new_page() as page:
        page.set_default_timeout(PATIENCE * 1000)
        page.goto(f"{door}/desk/")
        page.get_by_text(person).first.click()
        page.wait_for_url(re.compile(rf"^{re.escape(door)}/desk/"))
        session = context.storage_state()
    return visit(f"{door}/desk/", viewport=DESK, storage_state=session)


def write_form(page: Page, door: str, subject: str) -> tuple[str, str]:
    """Fill in the form; return reference and secret."""
    page.goto(f"{door}/musterstadt/")
    look(page)
    page.get_by_role("link", name="Eine Nachricht schreiben").click()
    page.get_by_label("Worum geht es?").fill(subject)
    page.get_by_label("Ihre Nachricht").fill("Ich möchte meinen Hund anmelden. Was brauchen Sie?")
    page.get_by_label("Ihr Name").fill("Erika Mustermann")
    page.get_by_label("Per E-Mail").check()
    page.get_by_label("Ihre E-Mail-Adresse").fill(ERIKA)
    page.get_by_label("Fotos oder Dateien").set_input_files(
        {"name": "Impfpass.txt", "mimeType": "text/plain", "buffer": b"Bello, geimpft"}
    )
    look(page, "form")
    page.get_by_role("button", name="Nachricht absenden").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Danke")
    look(page, "thanks")
    reference = page.locator("#vorgangsnummer").inner_text()
    return reference, page.locator("#geheimzahl").inner_text()


def write_mail(world: httpx.Client, mail: dict[str, str]) -> None:
    assert world.post(f"/mailboxes/{ERIKA}/send", json=mail).json()["code"] == 250


def letters(world: httpx.Client) -> list[dict[str, str]]:
    return world.get(f"/mailboxes/{ERIKA}").json()


def enter(page: Page, door: str, reference: str, secret: str) -> None:
    page.goto(f"{door}/musterstadt/vorgang")
    page.get_by_label("Vorgangsnummer").fill(reference)
    page.get_by_label("Geheimzahl").fill(secret)
    page.get_by_role("button", name="Gespräch öffnen").click()


def test_the_whole_story(
    town: Town, door: str, world: httpx.Client, browser: Browser, visit: Visit
) -> None:
    citizen = visit(f"{door}/musterstadt/", viewport=TABLET)
    entries = town.count_entries()
    reference, secret = write_form(citizen, door, "Hund anmelden")
    before = len(letters(world))
    write_mail(world, {"to": POST, "subject": f"Zu {reference}", "text": "Er heißt Bello."})
    eventually(lambda: town.count_entries() >= entries + 2)  # no line moves that is clicked on

    desk = log_in(browser, visit, door, "anna.amt")
    look(desk)
    assert desk.locator(".hub-brand img").evaluate("one => one.naturalWidth > 0")
    line = desk.get_by_role("link", name=re.compile("Hund anmelden|Zu "))
    line.first.click()
    timeline = desk.get_by_role("log", name="Verlauf")
    expect(timeline).to_contain_text("Was brauchen Sie?")
    expect(timeline).to_contain_text("Er heißt Bello.")
    look(desk, "desk")

    desk.keyboard.press("r")
    desk.keyboard.type("Guten Tag, den Impfpass haben wir. Es fehlt nur noch die Chipnummer.")
    desk.keyboard.press("Control+Enter")
    expect(timeline).to_contain_text("Chipnummer")
    expect(desk.get_by_role("button", name="Zurückholen")).to_be_visible()
    look(desk)
    eventually(lambda: len(letters(world)) > before)
    letter = letters(world)[0]
    assert "Chipnummer" in letter["text"]
    assert letter["text"].count("\r\n-- \r\nStadt Musterstadt\r\n") == 1

    plain = visit(f"{door}/musterstadt/", viewport=PHONE, java_script_enabled=False)
    enter(plain, door, reference, secret)
    expect(plain.get_by_role("log")).to_contain_text("Chipnummer")
    plain.get_by_label("Ihre Nachricht").fill("Die Nummer ist 276 0981 0000.")
    plain.get_by_role("button", name="Absenden").click()
    expect(plain.get_by_role("log")).to_contain_text("276 0981 0000")
    write_mail(world, {"text": "Und er ist schwarz.", "answers": letter["id"]})

    expect(timeline).to_contain_text("276 0981 0000")  # live, nobody reloads
    expect(timeline).to_contain_text("Und er ist schwarz.")
    look(desk, "desk-answered")
    citizen.goto(f"{door}/musterstadt/vorgang/gespraech")  # hers is open since she wrote
    expect(citizen.get_by_role("log")).to_contain_text("Und er ist schwarz.")
    look(citizen, "portal")

    elsewhere = log_in(browser, visit, door, "klara.klein")
    expect(elsewhere.get_by_text("Hund anmelden")).to_have_count(0)
    answer = elsewhere.goto(desk.url)
    assert answer is not None
    assert answer.status == 404
