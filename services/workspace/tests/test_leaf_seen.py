"""Forty pages of a fax in a real browser: seen, searched, turned, leafed through by keys."""

import base64
import json

import pytest
from playwright.sync_api import expect

from hub_contract.words import Page
from hub_pages.testing import check_page

pytestmark = pytest.mark.real("chromium")
WIDE = {"width": 1440, "height": 900}
MANY = 40
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft " * 2
NAME = "Prof. Dr. Maximiliane-Wilhelmine Freifrau von Hohenstaufen-Württemberg zu Sonnenhügel"
# What a reader of pages does, the other way round: draws words, and says where each of them stands.
DRAW = """async lines => {
  const canvas = new OffscreenCanvas(1600, 2263), pen = canvas.getContext('2d')
  pen.fillStyle = '#fff'; pen.fillRect(0, 0, 1600, 2263)
  pen.fillStyle = '#111'; pen.font = '44px sans-serif'; pen.textBaseline = 'top'
  const words = []
  lines.forEach((line, row) => {
    let left = 160
    for (const text of line.split(' ')) {
      const wide = pen.measureText(text).width, top = 220 + row * 90
      pen.fillText(text, left, top)
      words.push([text, Math.round(left), top, Math.round(left + wide), top + 44, 90])
      left += wide + 16
    }
  })
  const as = async (width, height) => {
    const to = new OffscreenCanvas(width, height)
    to.getContext('2d').drawImage(canvas, 0, 0, width, height)
    const blob = await to.convertToBlob({type: 'image/webp', quality: .6})
    const bytes = new Uint8Array(await blob.arrayBuffer())
    return btoa(Array.from(bytes, one => String.fromCharCode(one)).join(''))
  }
  return {small: await as(320, 453), large: await as(1600, 2263), words}
}"""
LETTER = [
    "Erika Mustermann, Am Markt 1, 12345 Musterstadt",
    "",
    "Widerspruch gegen den Bescheid 384-291-770-608",
    "",
    "Sehr geehrte Damen und Herren,",
    "gegen die Hundesteuer lege ich Widerspruch ein.",
    "Mein Hund ist seit Mai nicht mehr bei mir.",
]


@pytest.fixture
def drawn(browser):
    """Draw pages with the browser itself."""
    page = browser.new_page()

    def draw(number: int, lines: list[str], **more):
        found = page.evaluate(DRAW, lines)
        return (
            Page(number=number, width=1600, height=2263, confidence=0.9, **more),
            base64.b64decode(found["small"]),
            base64.b64decode(found["large"]),
            json.dumps(found["words"]).encode(),
        )

    yield draw
    page.close()


@pytest.fixture
def fax(office, drawn):
    """A fax of forty pages, all read."""
    arrival = office.fax(MANY, name=NAME)
    office.take_in(arrival)
    later = drawn(2, ["Anlage", LONG, "Noch ein Hund"])[1:]
    blank = drawn(3, [])[1:]
    size = {"width": 1600, "height": 2263}
    pages = [drawn(1, LETTER, turned=180)]
    for n in range(2, MANY + 1):
        is_blank = n % 7 == 3
        parts = blank if is_blank else later
        pages.append((Page(number=n, blank=is_blank, confidence=0.8, **size), *parts))
    office.read(office.reading(arrival, "\n".join(LETTER), pages))
    return arrival


def test_forty_pages_are_good_in_every_look(office, visit, fax):
    page = visit(f"{office.address}/desk/e/{fax.event.id}/pages/1?find=hund", viewport=WIDE)
    expect(page.locator(".leaf__hit")).to_have_count(2)
    expect(page.locator(".leaf__text mark")).to_have_count(2)
    expect(page.locator(".leaf__all li")).to_have_count(MANY)
    expect(page.locator(".leaf__found")).to_contain_text("40")
    check_page(page)
    page.goto(f"{office.address}/desk/e/{fax.event.id}/pages/2?turn=90&zoom=2&lang=en")
    check_page(page)
    page.goto(f"{office.address}/desk/e/{fax.event.id}")
    check_page(page)


def test_pages_are_leafed_through_by_keys_alone(office, visit, fax):
    page = visit(f"{office.address}/desk/e/{fax.event.id}/pages/1", viewport=WIDE)
    title = page.get_by_role("heading", level=1)
    for key, seen in (("ArrowRight", "2"), ("ArrowRight", "3"), ("ArrowLeft", "2")):
        page.keyboard.press(key)
        expect(title).to_have_text(f"Seite {seen} von {MANY}")
    page.keyboard.press("+")
    expect(page.locator(".leaf__sheet--2")).to_be_visible()
    page.keyboard.press("d")
    expect(page.locator("svg g[transform*='rotate(90)']")).to_have_count(1)
    page.keyboard.press("-")
    expect(page.locator(".leaf__sheet--1")).to_be_visible()
    page.locator("#find").fill("d+")
    page.locator("#find").press("ArrowRight")
    expect(title).to_have_text(f"Seite 2 von {MANY}")


def test_without_scripts_on_a_narrow_screen(office, visit, fax):
    narrow = {"width": 320, "height": 800}
    page = visit(
        f"{office.address}/desk/e/{fax.event.id}/pages/1",
        java_script_enabled=False,
        viewport=narrow,
    )
    page.get_by_role("link", name="Nächste").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Seite 2 von {MANY}")
    page.get_by_label("Wort auf den Seiten suchen").fill("Hund")
    page.get_by_role("button", name="Finden").click()
    expect(page.locator(".leaf__hit")).to_have_count(1)
    page.get_by_role("link", name="Drehen").click()
    expect(page.locator("svg g[transform*='rotate(90)']")).to_have_count(1)


def test_what_is_read_appears_by_itself(office, visit, drawn):
    arrival = office.fax(1)
    [home] = office.take_in(arrival)
    page = visit(f"{office.address}/desk/c/{home}", viewport=WIDE)
    expect(page.locator(".timeline")).to_contain_text("Die Seiten werden gelesen")
    check_page(page)
    office.read(office.reading(arrival, "Mein Hund ist fort.", [drawn(1, LETTER)]))
    expect(page.locator(".read__text")).to_have_text("Mein Hund ist fort.")
    check_page(page)
    page.get_by_role("link", name="1 Seite ansehen").click()
    expect(page.locator(".leaf__text")).to_contain_text("Widerspruch gegen den Bescheid")
