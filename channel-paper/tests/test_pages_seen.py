"""The page where scans are handed in, in a real browser: for everybody, and after a reload."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Route, expect

from channel_paper.receive.pages import PIECE
from channel_paper.settings import PaperSettings
from hub_kit.tokens import Caller
from hub_pages.testing import Door, Loop, check_page, serving

DATA = b"%PDF-1.7\n" + b"x" * PIECE + b"\n%%EOF"


@pytest.fixture
def door(place, ring, make_app) -> Iterator[str]:
    loop = Loop()
    app = make_app(place, PaperSettings())
    caller = Caller("petra", "musterstadt", "agent")
    with serving(Door(ring, {"/scans": ("channel_paper", app, caller)}), loop) as address:
        yield f"{address}/scans/"
    loop.close()


@pytest.mark.real("chromium")
@pytest.mark.parametrize("language", ["de", "en"])
def test_it_is_for_everybody(door, place, visit, language) -> None:
    page = visit(f"{door}?lang={language}&handed=2")
    check_page(page)
    page.set_input_files(
        "#files", [{"name": "Scan.pdf", "mimeType": "application/pdf", "buffer": DATA}]
    )
    page.locator("#files").focus()
    page.keyboard.press("Tab")
    expect(page.locator("#hand-in button[type=submit]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_contain_text("Scan.pdf")
    check_page(page)
    [item] = place.queue.waiting()
    assert item.path.read_bytes() == DATA


@pytest.mark.real("chromium")
def test_what_was_sent_survives_a_reload(door, place, visit, tmp_path) -> None:
    page = visit(door)
    file = tmp_path / "Scan.pdf"
    file.write_bytes(DATA)
    sent: list[str] = []

    def only_one(route: Route) -> None:
        sent.append(route.request.url.rpartition("offset=")[2])
        if len(sent) != 2:
            route.continue_()

    page.route("**/uploads/letters/*", only_one)
    page.set_input_files("#files", file)
    page.get_by_role("button", name="Übergeben").click()
    expect(page.locator("#scans")).to_contain_text("99 %")
    page.reload()
    expect(page.locator("main")).to_contain_text("99 %")
    check_page(page)
    page.set_input_files("#files", file)
    page.get_by_role("button", name="Übergeben").click()
    expect(page.locator("#said")).to_contain_text("übergeben")
    assert sent == ["0", str(PIECE), str(PIECE)]
    [item] = place.queue.waiting()
    assert item.path.read_bytes() == DATA


@pytest.mark.real("chromium")
def test_without_javascript_it_is_a_form(door, place, visit) -> None:
    page = visit(door, java_script_enabled=False)
    page.set_input_files(
        "#files", [{"name": "a.pdf", "mimeType": "application/pdf", "buffer": DATA}]
    )
    page.get_by_role("button", name="Übergeben").click()
    expect(page.get_by_role("status").first).to_contain_text("Eine Datei ist übergeben")
    assert len(place.queue.waiting()) == 1
