"""The parts as a browser shows them: nothing for axe to find, no sideways scrolling, no complaint."""

import itertools

import pytest

from hub_pages.testing import check_page

pytestmark = pytest.mark.real("chromium")
LOOKS = list(itertools.product(("de-DE", "en-GB"), ("light", "dark")))


@pytest.mark.parametrize(("locale", "scheme"), LOOKS)
@pytest.mark.parametrize("path", ["/", "/away", "/nowhere"])
def test_every_part_is_accessible(address, visit, path, locale, scheme):
    page = visit(address + path, locale=locale, color_scheme=scheme)
    assert page.locator("html").get_attribute("lang") == locale[:2]
    check_page(page)


def test_a_chosen_language_and_colour_stay(address, visit):
    page = visit(f"{address}/", color_scheme="light")
    page.get_by_role("link", name="English").click()
    page.get_by_role("link", name="dark").click()
    page.goto(f"{address}/")
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("html").get_attribute("data-kern-theme") == "dark"
    page.get_by_role("link", name="as on the device").click()
    page.goto(f"{address}/")
    assert page.locator("html").get_attribute("data-kern-theme") is None


def test_a_fault_leads_to_its_field(address, visit):
    page = visit(f"{address}/")
    page.get_by_role("link", name="Bitte prüfen Sie die Adresse.").click()
    assert page.evaluate("document.activeElement.id") == "mail"
