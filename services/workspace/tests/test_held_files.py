"""A file in which harmful software was found: shown as such, opened by nobody, let go by the head."""

import pytest
from playwright.sync_api import expect

from hub_contract.words import Attachment, FileCheck
from hub_pages.testing import check_page

FINDING = "Win.Test.EICAR_HDB-1"


def harmful(office):
    """Return the conversation and the entry of a mail with a harmful file, and two others."""
    long = "Bescheid über die Festsetzung der Hundesteuer für das Kalenderjahr 2026"
    files = (
        Attachment(
            file_name=f"{long}.docm",
            media_type="application/octet-stream",
            size=3,
            check=FileCheck.FOUND,
            finding=FINDING,
        ),
        Attachment(
            file_name="alles.zip", media_type="application/zip", size=3, check=FileCheck.UNFIT
        ),
        Attachment(file_name="hund.jpg", media_type="image/jpeg", size=3, check=FileCheck.CLEAN),
    )
    data = (b"bad", b"PK\x03\x04", b"jpg")
    home = office.take_in(office.mail(attachments=files, files=data, original=b"raw"))[0]
    [entry] = office.sql("select id from entry")
    return home, entry["id"]


def test_it_is_shown_and_not_handed_out(office):
    home, entry = harmful(office)
    with office.client() as desk, office.client("chief") as chief:
        page = desk.get(f"/c/{home}").text
        assert "Schadsoftware gefunden" in page
        assert f"/e/{entry}/files/0/view" not in page
        whole = desk.get(f"/e/{entry}").text
        assert FINDING in whole
        assert "zu groß für die Prüfung" in whole
        assert "Archiv" in whole
        assert "freigeben" not in whole, "that is not for every agent"
        assert '/files/2"' in whole
        refused = desk.get(f"/e/{entry}/files/0")
        assert refused.status_code in (422, 423)
        assert "Schadsoftware" in refused.text
        assert b"bad" not in refused.content
        body = {"entry": str(entry), "number": "0"}
        assert "Ihre Anmeldung reicht" in desk.post(f"/c/{home}/release", data=body).text
        assert desk.get(f"/e/{entry}/files/0").status_code == refused.status_code
        assert "Trotzdem freigeben" in chief.get(f"/e/{entry}").text
        chief.post(f"/c/{home}/release", data=body)
        assert desk.get(f"/e/{entry}/files/0").content == b"bad"
        assert "Eine gesperrte Datei freigegeben." in desk.get(f"/c/{home}").text
        assert "trotz Fund freigegeben" in desk.get(f"/e/{entry}").text


@pytest.mark.real("chromium")
@pytest.mark.parametrize("width", [320, 1440])
def test_it_looks_as_it_is(office, visit, width):
    home, _ = harmful(office)
    page = visit(f"{office.address}/chief/c/{home}", viewport={"width": width, "height": 900})
    page.locator("details.entry__more > summary").first.click()
    expect(page.get_by_text(FINDING)).to_be_visible()
    check_page(page)
    page.get_by_role("button", name="Trotzdem freigeben").first.click()
    expect(page.get_by_text("Eine gesperrte Datei freigegeben.")).to_be_visible()


def test_signs_are_found_on_the_way_in(office):
    files = (Attachment(file_name="a.docm", media_type="application/octet-stream", size=3),)
    office.take_in(office.mail(attachments=files, files=(b"MZ\x90\x00",)))
    [entry] = office.sql("select id from entry")
    with office.client() as desk:
        assert "Programm" in desk.get(f"/e/{entry['id']}").text
