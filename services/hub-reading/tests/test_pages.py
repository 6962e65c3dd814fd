"""Pages come from every kind of file; of what is broken come problems, and never an exception."""

from io import BytesIO

import pytest
from files_by_hand import (
    LETTER,
    LOOPING_PDF,
    encrypted_pdf,
    pdf_of,
    picture,
    png_that_claims,
    signed_pdf,
    tiff_of,
)
from PIL import Image

from hub_contract.problems import Problem
from hub_reading import pages
from hub_reading.limits import Limits
from hub_reading.testing import FINE, STANDARD, SUPERFINE, blank_page, fax, letter_pdf, tiff
from hub_reading.values import Sheet


def said(problem: Problem) -> str:
    return f"{problem.code}: {problem.about}".removesuffix(": ")


@pytest.mark.parametrize(
    ("raw", "kind", "count"),
    [
        (letter_pdf(LETTER, LETTER), "pdf", 2),
        (b"\r\n\r\n" + letter_pdf(LETTER), "pdf", 1),
        (picture("PNG"), "png", 1),
        (picture("JPEG"), "jpeg", 1),
        (picture("HEIF"), "heic", 1),
        (picture("TIFF", compression="tiff_lzw"), "tiff", 1),
        (picture("TIFF", compression="jpeg"), "tiff", 1),
        (picture("TIFF", big_tiff=True), "tiff", 1),
        (tiff_of(3), "tiff", 3),
        (tiff_of(20_000), "tiff", 20_000),
        (pdf_of(10_000), "pdf", 10_000),
    ],
    ids=[
        *("pdf", "pdf-after-blanks", "png", "jpeg", "heic", "tiff-lzw", "tiff-jpeg", "bigtiff"),
        *("tiff-3", "tiff-20000", "pdf-10000"),
    ],
)
def test_a_file_is_known_by_its_bytes_and_its_pages_counted(
    raw: bytes, kind: str, count: int
) -> None:
    found = pages.outline(raw)
    assert (found.kind, found.pages, found.problems) == (kind, count, ())
    assert pages.count(raw) == count


GOOD_TIFF = tiff([fax(blank_page(100), STANDARD), fax(blank_page(100), STANDARD)], STANDARD)
BAD = {
    "empty": (b"", None, "empty"),
    "text": (b"hello", None, "unreadable: format"),
    "zip": (b"PK\3\4" + bytes(100), None, "unreadable: format"),
    "pdf-of-words": (b"%PDF-1.7 nonsense", None, "unreadable: PDF"),
    "pdf-cut": (letter_pdf(LETTER)[:300], None, "unreadable: PDF"),
    "pdf-locked": (encrypted_pdf(), None, "encrypted: PDF"),
    "tiff-of-none": (tiff_of(0) + bytes(20), 0, "unreadable: TIFF"),
    "tiff-head": (b"II*\0", 0, "unreadable: TIFF"),
    "tiff-cut": (GOOD_TIFF[: len(GOOD_TIFF) // 2], 1, "pages_cut: 1"),
    "tiff-loop": (tiff_of(4, loop=True), 4, "pages_cut: 4"),
    "tiff-endless": (tiff_of(20_001), 20_000, "pages_cut: 20000"),
    "png-head": (b"\x89PNG\r\n\x1a\n" + bytes(30), None, "unreadable: format"),
    "jpeg-head": (b"\xff\xd8\xff\xe0" + bytes(30), None, "unreadable: format"),
    "heic-head": (b"\0\0\0\x18ftypheic" + bytes(30), None, "unreadable: format"),
}


@pytest.mark.parametrize("name", sorted(BAD))
def test_a_broken_file_is_a_problem(name: str) -> None:
    raw, count, problem = BAD[name]
    found = pages.outline(raw)
    assert found.pages == count
    assert [said(one) for one in found.problems] == [problem]


def test_a_tree_of_pages_that_runs_in_circles_ends() -> None:
    assert (pages.count(LOOPING_PDF) or 0) < 100
    for number in (1, 2, 9):
        assert isinstance(pages.open_page(LOOPING_PDF, number), Problem)


def test_a_signature_is_seen() -> None:
    assert pages.outline(signed_pdf()).signed
    assert not pages.outline(letter_pdf(LETTER)).signed


@pytest.mark.parametrize("name", sorted(BAD))
@pytest.mark.parametrize("number", [-1, 0, 1, 3])
def test_a_page_of_a_broken_file_is_a_problem_or_a_page(name: str, number: int) -> None:
    assert isinstance(pages.open_page(BAD[name][0], number), Problem | Sheet)


@pytest.mark.parametrize("compression", ["group3", "group4", "tiff_lzw", "jpeg"])
def test_a_tiff_gives_each_of_its_pages(compression: str) -> None:
    dark = Image.new("L", (640, 480), 0)
    light = Image.new("L", (500, 400), 255)
    if compression.startswith("group"):
        dark, light = dark.convert("1"), light.convert("1")
    raw = tiff([dark, light, dark], (200.0, 200.0), compression)
    sheets = [pages.open_page(raw, number) for number in (1, 2, 3)]
    assert [sheet.image.size for sheet in sheets if isinstance(sheet, Sheet)] == [
        (640, 480),
        (500, 400),
        (640, 480),
    ]
    assert isinstance(pages.open_page(raw, 4), Problem)


@pytest.mark.parametrize("dpi", [FINE, STANDARD, SUPERFINE], ids=["fine", "standard", "superfine"])
@pytest.mark.parametrize("said_in_file", [True, False])
def test_a_fax_says_its_resolution_or_shows_it_by_its_shape(
    dpi: tuple[float, float], said_in_file: bool
) -> None:
    page = fax(blank_page(100), dpi)
    if not said_in_file:
        del page.info["dpi"]
    sheet = pages.open_page(tiff([page], dpi if said_in_file else (1.0, 1.0)), 1)
    assert isinstance(sheet, Sheet)
    assert sheet.dpi == dpi


def test_a_camera_s_orientation_is_obeyed() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise
    sheet = pages.open_page(picture("JPEG", (400, 300), exif=exif), 1)
    assert isinstance(sheet, Sheet)
    assert sheet.image.size == (300, 400)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
def test_every_kind_of_colour_becomes_plain(mode: str) -> None:
    out = BytesIO()
    Image.new(mode, (20, 10)).save(out, "TIFF")
    sheet = pages.open_page(out.getvalue(), 1)
    assert isinstance(sheet, Sheet)
    assert sheet.image.mode in {"1", "L", "RGB"}


SMALL = Limits(pixels=100_000)


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        (png_that_claims(100_000, 100_000), False),
        (png_that_claims(10_000, 9_000), False),
        (picture("PNG", (1000, 1000)), False),
        (picture("JPEG", (1000, 1000)), True),
        (picture("JPEG", (3000, 3000)), False),
        (pdf_of(1), True),
    ],
    ids=["bomb", "large-claim", "png", "jpeg", "large-jpeg", "pdf"],
)
def test_a_page_beyond_the_limit_is_read_smaller_or_not_at_all(raw: bytes, read: bool) -> None:
    found = pages.open_page(raw, 1, SMALL)
    problems = found.problems if isinstance(found, Sheet) else (found,)
    assert [said(problem) for problem in problems] == ["page_too_large: 1"]
    assert isinstance(found, Sheet) == read
    if isinstance(found, Sheet):
        assert found.image.width * found.image.height <= SMALL.pixels * 1.02


def test_a_picture_that_is_cut_off_is_read_as_far_as_it_goes() -> None:
    whole = BytesIO()
    Image.effect_noise((600, 400), 60).save(whole, "JPEG")
    found = pages.open_page(whole.getvalue()[: len(whole.getvalue()) // 2], 1)
    assert isinstance(found, Sheet)
    assert [said(problem) for problem in found.problems] == ["pages_cut: 1"]
    assert found.image.size == (600, 400)


def test_a_pdf_that_has_text_gives_its_words() -> None:
    found = pages.open_page(letter_pdf(LETTER), 1)
    assert isinstance(found, Sheet)
    assert [word.text for word in found.words][:3] == ["Vorgang", "384-291-770-608", "Sehr"]
    first = found.words[0].box
    assert first[0] == pytest.approx(70 / 72 * 300, abs=12)
    assert 20 < first[3] - first[1] < 60
