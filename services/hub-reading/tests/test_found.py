"""Codes and references are found on scans and faxes; fingerprints know a page again."""

import pytest
from conftest import REFERENCE
from PIL import Image

from hub_reading.codes import find_codes
from hub_reading.fingerprint import SAME, differ, fingerprint
from hub_reading.preview import LARGE, SMALL, large, small, webp
from hub_reading.references import references_in
from hub_reading.straighten import square
from hub_reading.testing import FINE, STANDARD, Letter, draw, fax, scan
from hub_reading.values import Code

CODES = (
    ("DataMatrix", f"FADEN{REFERENCE}", 12.0),
    ("QRCode", f"https://amt.example/{REFERENCE}", 25.0),
    ("Code39", "PATCHT", 70.0),
    ("Code128", REFERENCE, 60.0),
)


@pytest.mark.parametrize("code", CODES, ids=[code[0] for code in CODES])
@pytest.mark.parametrize("way", ["scan", "fine", "standard", "grey-on-grey"])
def test_a_code_is_read(code: tuple[str, str, float], way: str) -> None:
    clean = draw(Letter(codes=(code,), paragraphs=1))
    pages = {
        "scan": lambda: (scan(clean, 1, skew=1.5), (300.0, 300.0)),
        "fine": lambda: (fax(clean, FINE, 1, skew=1.0), FINE),
        "standard": lambda: (fax(clean, STANDARD, 1, skew=0.5), STANDARD),
        "grey-on-grey": lambda: (clean.point(lambda v: 120 + v // 4), (300.0, 300.0)),
    }
    page, dpi = pages[way]()
    found = find_codes(page, square(page, dpi)[0])
    assert [(one.kind, one.text) for one in found] == [code[:2]]


def test_several_codes_of_a_page_are_read() -> None:
    page = draw(Letter(codes=(CODES[0], CODES[2], CODES[3])))
    assert {one.text for one in find_codes(page)} == {f"FADEN{REFERENCE}", "PATCHT", REFERENCE}


@pytest.mark.parametrize(
    ("codes", "text", "references"),
    [
        ((), "", ()),
        ((), "Vorgang 384-291-770-608", (REFERENCE,)),
        ((), "Vorgang 384-29l-77O-6O8", (REFERENCE,)),
        ((), "Vorgang 384 291 770 607", ()),
        ((f"FADEN{REFERENCE}",), "", (REFERENCE,)),
        ((REFERENCE,), "Vorgang 384-291-770-608", (REFERENCE,)),
        ((f"https://amt.example/{REFERENCE}?a=1",), "", (REFERENCE,)),
        (("384291770607", "PATCHT"), "", ()),
        (("1234384291770608",), "", ()),
    ],
)
def test_references_come_of_codes_then_of_the_text(
    codes: tuple[str, ...], text: str, references: tuple[str, ...]
) -> None:
    assert references_in([Code("QRCode", one) for one in codes], text) == references


def test_a_second_scan_has_nearly_the_same_fingerprint() -> None:
    long = draw(Letter("384-291-770-608", paragraphs=3), 150)
    short = draw(Letter(codes=CODES[:1], paragraphs=1), 150)
    first, again, other = (
        fingerprint(scan(page, seed, skew=skew))
        for page, seed, skew in ((long, 1, 0.2), (long, 2, -0.2), (short, 1, 0.2))
    )
    assert len(first) == 16
    assert differ(first, first) == 0
    assert differ(first, again) <= SAME < differ(first, other)


@pytest.mark.parametrize(
    ("size", "shown", "thumb"),
    [
        ((2480, 3508), (1600, 2263), (320, 453)),
        ((800, 600), (800, 600), (320, 240)),
        ((100, 90), (100, 90), (100, 90)),
        ((10, 60_000), (3, 16_383), (3, 16_383)),
    ],
)
def test_pictures_fit_what_shows_them(
    size: tuple[int, int], shown: tuple[int, int], thumb: tuple[int, int]
) -> None:
    picture = large(Image.new("L", size, 255))
    assert (picture.size, small(picture).size) == (shown, thumb)
    assert picture.width <= LARGE
    assert small(picture).width <= SMALL
    assert webp(picture)[8:12] == b"WEBP"
