"""The parts as a browser shows them: nothing for axe to find, no sideways scrolling, no complaint."""

import pytest

from hub_pages.testing import check_page

pytestmark = pytest.mark.real("chromium")
LOOKS = ("de-DE", "en-GB")


@pytest.mark.parametrize("locale", LOOKS)
@pytest.mark.parametrize("path", ["/", "/away", "/nowhere"])
def test_every_part_is_accessible(address, visit, path, locale):
    page = visit(address + path, locale=locale)
    assert page.locator("html").get_attribute("lang") == locale[:2]
    check_page(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_colour_that_nobody_can_read_is_found_in_either_scheme(address, visit, scheme):
    page = visit(f"{address}/")
    page.evaluate(
        """scheme => {
          const pale = new CSSStyleSheet()
          pale.replaceSync(`@media (prefers-color-scheme: ${scheme}) { h1 { color: #777 !important; background: #888 !important } }`)
          document.adoptedStyleSheets = [pale]
        }""",
        scheme,
    )
    with pytest.raises(AssertionError, match="color-contrast"):
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
