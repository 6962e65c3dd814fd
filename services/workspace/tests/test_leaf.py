"""Pages are leafed through beside their words; what is looked for is marked in both."""

import json

import pytest

from hub_contract.words import Evidence, Page
from workspace.leaf import View, sheet_of
from workspace.mark_words import Word, count_hits, lines_of, mark_words, read_words

PICTURE = b"RIFF\0\0\0\0WEBP"


def words(*texts: str) -> list[Word]:
    return [Word(text, 10 * n, 0, 10 * n + 9, 10) for n, text in enumerate(texts)]


@pytest.mark.parametrize(
    ("asked", "hits"),
    [
        ("", []),
        ("hund", [1, 3]),
        ("HUND", [1, 3]),
        ("großer hund", [0, 1]),
        ("grosser hund", [0, 1]),
        ("der", [2]),
        ("hund, der", [1, 2]),
        ("384291770608", [4]),
        ("384-291 770 608", []),
        ("384-291-770-608", [4]),
        ("katze", []),
        ("... !", []),
    ],
)
def test_what_is_looked_for_is_marked(asked, hits):
    page = words("Großer", "Hund,", "der", "Hundekot", "384-291-770-608")
    marked = mark_words(page, asked)
    assert [n for n, word in enumerate(marked) if word.hit] == hits
    assert count_hits(marked) == len(hits)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"{}",
        b'[1, null, [], [1], ["a"], ["a", 1, 2, 3], ["a", "1", 2, 3, 4]]',
        b"\xff",
        b"[[[[",
    ],
)
def test_what_are_no_words_is_left_out(raw):
    assert read_words(raw) == []


def test_words_stand_in_lines():
    raw = [["Erste", 0, 0, 9, 10, 90], ["Zeile", 12, 1, 20, 11, 80], ["zweite", 0, 20, 9, 30, 70]]
    found = lines_of(read_words(json.dumps(raw).encode()))
    assert [[word.text for word in line] for line in found] == [["Erste", "Zeile"], ["zweite"]]


@pytest.mark.parametrize(
    ("turn", "size"), [(0, (800, 1100)), (90, (1100, 800)), (180, (800, 1100)), (270, (1100, 800))]
)
def test_a_turned_page_keeps_its_whole_picture(turn, size):
    sheet = sheet_of({"width": 800, "height": 1100}, turn)
    assert (sheet.width, sheet.height) == size


def test_a_view_says_in_its_address_only_what_is_not_so_anyway():
    assert View().address() == ""
    assert View("ein hund", 90, 2).address(turn=0) == "?find=ein+hund&zoom=2"


def page(number: int, *texts: str, **more):
    """Return a page with these words, as a reader would."""
    rows = [[text, 100, 100 * n, 300, 100 * n + 60, 90] for n, text in enumerate(texts)]
    return (
        Page(number=number, width=800, height=1100, confidence=0.9, **more),
        *(PICTURE, PICTURE, json.dumps(rows).encode()),
    )


def test_a_fax_waits_to_be_read_then_shows_its_pages(office):
    fax = office.fax(2)
    [home] = office.take_in(fax)
    with office.client() as desk:
        before = desk.get(f"/c/{home}").text
        waiting = desk.get(f"/e/{fax.event.id}/pages/1").text
        office.read(
            office.reading(fax, "Mein Hund", [page(1, "Mein", "Hund"), page(2, blank=True)])
        )
        after, queue = desk.get(f"/c/{home}").text, desk.get("/").text
        first = desk.get(f"/e/{fax.event.id}/pages/1", params={"find": "hund"}).text
        second = desk.get(f"/e/{fax.event.id}/pages/2").text
        none = desk.get(f"/e/{fax.event.id}/pages/3")
        picture = desk.get(f"/e/{fax.event.id}/pages/1/large")
        whole = desk.get(f"/e/{fax.event.id}").text
    assert "Die Seiten werden gelesen" in before
    assert "Die Seiten werden gelesen" in waiting
    assert "Die Seiten werden gelesen" not in after
    for text in (after, first, whole):
        assert "Maschinell gelesen · Sicherheit 9" in text, "never as the original's words"
    assert "2 Seiten ansehen" in after
    assert "gelesen: Mein Hund" in queue
    assert "<mark>Hund</mark>" in first
    assert first.count('class="leaf__hit"') == 1
    assert "Verbindlich ist das Original" in first
    assert f"/e/{fax.event.id}/original" in first
    assert "Diese Seite ist leer" in second
    assert none.status_code == 404
    assert (picture.headers["content-type"], picture.content) == ("image/webp", PICTURE)
    assert "sandbox" in picture.headers["content-security-policy"]
    assert "durchsuchbar.pdf" in whole
    assert "von uns aus dem Original gemacht" in whole


def test_what_could_not_be_read_is_said(office):
    fax = office.fax(1)
    [home] = office.take_in(fax)
    office.read(office.reading(fax, "", [], readable=False))
    with office.client() as desk:
        texts = [desk.get(at).text for at in (f"/c/{home}", f"/e/{fax.event.id}/pages/1")]
    assert all("konnten nicht gelesen werden" in text for text in texts)


def test_a_fax_that_broke_off_says_how_much_came(office):
    announced = Evidence(kind="pages-announced", result="3")
    fax = office.fax(2, event={"partial": True}, evidence=(announced,))
    [home] = office.take_in(fax, office.fax(2, event={"partial": True}))[:1]
    with office.client() as desk:
        shown = desk.get(f"/c/{home}").text
    assert "2 von 3 Seiten, die Leitung brach ab" in shown


def test_what_was_read_is_only_text(office):
    fax = office.fax(1)
    office.take_in(fax)
    evil = "<script>alert(1)</script>"
    office.read(office.reading(fax, evil, [page(1, evil, '"><img src=x>')]))
    with office.client() as desk:
        shown = desk.get(f"/e/{fax.event.id}/pages/1", params={"find": "script"}).text
    assert "<script>alert" not in shown
    assert "<img src=x" not in shown


@pytest.mark.parametrize("query", ["turn=45", "zoom=9", "turn=x", "find=" + "x" * 200])
def test_a_view_that_does_not_exist_is_refused(office, query):
    fax = office.fax(1)
    office.take_in(fax)
    with office.client() as desk:
        assert desk.get(f"/e/{fax.event.id}/pages/1?{query}").status_code == 422
        assert desk.get(f"/e/{fax.event.id}/pages/0").status_code == 422
