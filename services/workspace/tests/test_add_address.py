"""An agent writes down where letters go: the way by letter is then there, and says which address."""

import pytest
from playwright.sync_api import expect

from hub_pages.testing import check_page

LONG = (
    "Þóra Guðmundsdóttir-Łukaszewicz von und zu Hohenwaldburg-Schellenberg\n"
    "c/o Association des amis de la bibliothèque\n12 rue de la République\n69001 LYON\nFRANKREICH"
)
GOOD = [
    ("as on an envelope", "Erika Muster\nAmselgasse 3\n70000 Musterstadt", "Amselgasse 3"),
    ("in one line", "Erika Muster, Amselgasse 3, 70000 Musterstadt", "Amselgasse 3"),
    ("abroad, long", LONG, "69001 LYON"),
]


@pytest.mark.parametrize(("typed", "shown"), [row[1:] for row in GOOD], ids=[r[0] for r in GOOD])
def test_the_way_by_letter_says_which_address(office, typed, shown):
    [home] = office.take_in(office.mail())
    with office.client(headers={"HX-Request": "true"}) as desk:
        before = desk.get(f"/c/{home}").text
        assert "Anschrift für Briefe" in before
        assert ">Brief:" not in before
        after = desk.post(f"/c/{home}/address", data={"address": typed.replace("\n", "\r\n")}).text
        assert "Brief: " in after
        assert shown in after
        assert "Eine Anschrift für Briefe eingetragen." in after


@pytest.mark.parametrize("typed", ["Erika Muster", "Erika Muster\nAmselgasse 3", "??"])
def test_what_nobody_could_deliver_to_is_said_and_stays(office, typed):
    [home] = office.take_in(office.mail())
    with office.client(headers={"HX-Request": "true"}) as desk:
        said = desk.post(f"/c/{home}/address", data={"address": typed}).text
        assert "Die Anschrift ist unvollständig" in said
        assert f">{typed}</textarea>" in said
        assert "Brief: " not in said


@pytest.mark.real("chromium")
@pytest.mark.parametrize("width", [320, 1440])
def test_it_is_written_by_keyboard(office, visit, width):
    [home] = office.take_in(office.mail(name="Dr. Erika Mustermann-Hohenwaldburg"))
    page = visit(f"{office.address}/desk/c/{home}", viewport={"width": width, "height": 900})
    opens = page.get_by_text("Anschrift für Briefe")
    opens.focus()
    page.keyboard.press("Enter")
    field = page.get_by_label("Name, Straße")
    expect(field).to_have_value("Dr. Erika Mustermann-Hohenwaldburg")
    check_page(page)
    field.fill(LONG)
    field.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Eine Anschrift für Briefe eingetragen.")).to_be_attached()
    check_page(page)
