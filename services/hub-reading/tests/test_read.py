"""Documents are read whole: words, which way up, copies to search; each page is read once here."""

from io import BytesIO

import pikepdf
import pypdfium2
import pytest
from conftest import DATA_MATRIX, REFERENCE
from files_by_hand import LETTER, encrypted_pdf, pdf_of, signed_pdf
from pikepdf import pdfa
from PIL import Image

from hub_reading import words
from hub_reading.limits import Limits
from hub_reading.read import read
from hub_reading.searchable import make_searchable
from hub_reading.testing import FINE, STANDARD, blank_page, fax, letter_pdf, scan
from hub_reading.values import PageReading, Reading, Scan, Word


def png(page: Image.Image) -> bytes:
    out = BytesIO()
    page.save(out, "PNG", dpi=(200, 200))
    return out.getvalue()


@pytest.fixture(scope="module")
def faxed(paper: Image.Image) -> Reading:
    """Four pages: Fine and crooked, blank, Standard upside down, and a scan on its side."""
    on_its_side = scan(paper, 1).transpose(Image.Transpose.ROTATE_90).convert("1", dither=0)
    on_its_side.info["dpi"] = (300.0, 300.0)
    standard = fax(paper, STANDARD, 1, skew=0.5)
    upside_down = standard.rotate(180)
    upside_down.info["dpi"] = STANDARD
    fine = fax(paper, FINE, 1, skew=0.9)
    return read(_mixed([fine, fax(blank_page(), FINE), upside_down, on_its_side]))


def _mixed(pages: list[Image.Image]) -> bytes:
    """Return a TIFF whose pages have resolutions of their own."""
    out = BytesIO()
    for page in pages:
        page.encoderinfo = {"compression": "group4", "dpi": page.info.get("dpi", FINE)}
    pages[0].save(out, "TIFF", save_all=True, append_images=pages[1:], **pages[0].encoderinfo)
    return out.getvalue()


def test_a_fax_says_its_words_codes_and_reference(faxed: Reading) -> None:
    assert faxed.readable
    assert faxed.pages_in_file == 4
    assert faxed.references == (REFERENCE,)
    assert faxed.codes == (DATA_MATRIX[1],)
    assert faxed.text.count("Sehr geehrte Damen und Herren,") == 3
    assert faxed.text.count("Mit freundlichen Grüßen") == 3
    assert (faxed.confidence or 0) > 0.85
    assert faxed.problems == ()


def test_pages_are_turned_upright_and_blank_ones_known(faxed: Reading) -> None:
    assert [page.turned for page in faxed.pages] == [0, 0, 180, 90]
    assert [page.blank for page in faxed.pages] == [False, True, False, False]
    assert [bool(page.fingerprint) for page in faxed.pages] == [True, False, True, True]
    upright = faxed.pages[3]
    assert upright.height > upright.width


def test_words_lie_on_the_large_picture(faxed: Reading) -> None:
    first = next(word for word in faxed.pages[0].words if word.text == "Vorgang")
    turned = next(word for word in faxed.pages[2].words if word.text == "Vorgang")
    left, top, right, bottom = first.box
    assert 150 < left < right < 400
    assert 500 < top < bottom < 700
    assert turned.box == pytest.approx(first.box, abs=40)


def test_the_copy_is_a_pdf_a_and_can_be_searched(faxed: Reading) -> None:
    report = pdfa.validate_written(BytesIO(faxed.searchable), "2b")
    assert (report.verdict, report.findings) == ("pass", [])
    document = pypdfium2.PdfDocument(faxed.searchable)
    pages = list(document)
    texts = [page.get_textpage().get_text_range() for page in pages]
    assert [REFERENCE in text.replace("-", "") for text in texts] == [True, False, True, True]
    assert "Grüßen" in texts[0]
    assert [page.get_width() < page.get_height() for page in pages] == [True] * 4
    document.close()
    assert len(faxed.searchable) < 100_000  # G4, as it came


def test_what_is_unseen_stays_unseen(faxed: Reading) -> None:
    with pikepdf.open(BytesIO(faxed.searchable)) as pdf:
        content = pdf.pages[0].Contents.read_bytes()
    assert content.index(b"BT 3 Tr") < content.index(b"Tj")


@pytest.mark.parametrize("colours", [1, 3])
def test_a_photo_s_copy_is_a_pdf_a_too(colours: int) -> None:
    out = BytesIO()
    Image.new("L" if colours == 1 else "RGB", (60, 80), 99).save(out, "JPEG")
    page = PageReading(
        1,
        60,
        80,
        words=(Word("Añ-€-\0-\U0001f600", (5, 5, 30, 15), 90),),
        scan=Scan(out.getvalue(), "DCTDecode", 60, 80, colours, 150.0),
    )
    made = make_searchable([page])
    assert made == make_searchable([page])
    assert pdfa.validate_written(BytesIO(made), "2b").verdict == "pass"


def test_a_scan_of_a_pdf_that_has_text_is_not_recognised_again() -> None:
    found = read(letter_pdf(LETTER, LETTER))
    assert found.references == (REFERENCE,)
    assert found.confidence == 1.0
    assert found.searchable == b""
    assert all(page.has_text for page in found.pages)


@pytest.mark.parametrize(
    ("raw", "readable", "problems"),
    [
        (b"", False, ["empty"]),
        (encrypted_pdf(), False, ["encrypted"]),
        (b"%PDF-1.4", False, ["unreadable"]),
        (signed_pdf(), True, []),
        (bytes(3000), False, ["overrun"]),
    ],
    ids=["empty", "locked", "no-pdf", "signed", "too-large"],
)
def test_what_cannot_be_read_says_why(raw: bytes, readable: bool, problems: list[str]) -> None:
    found = read(raw, Limits(raw_bytes=2999))
    assert found.readable == readable
    assert [problem.code for problem in found.problems] == problems
    assert found.searchable == b""


def test_pages_beyond_the_limit_are_counted_and_not_read() -> None:
    found = read(pdf_of(10_000), Limits(pages=2, dpi=50))
    assert (found.pages_in_file, len(found.pages)) == (10_000, 2)
    assert [(one.code, one.about) for one in found.problems] == [("too_many_pages", "2")]


def test_words_beyond_the_limit_are_left_out(paper: Image.Image) -> None:
    found = read(letter_pdf(LETTER), Limits(characters=60))
    assert sum(len(word.text) for word in found.pages[0].words) <= 60


def test_noise_is_given_up_in_time() -> None:
    noise = png(Image.effect_noise((1200, 1600), 90))
    found = read(noise, Limits(seconds=0.2))
    assert [(one.code, one.about) for one in found.problems] == [("page_unreadable", "1")]
    assert found.readable  # its pictures are there


@pytest.mark.parametrize(
    ("tsv", "text", "lines"),
    [
        ("", "", []),
        ("5\t1\t1\t1\t1\t1\t9\t8\t7\t6\t95.6\tJa", "Ja", [0]),
        ("4\t1\t1\t1\t1\t0\t9\t8\t7\t6\t-1\t\n5\t1\t1\t1\t1\t1\t9\t8\t7\t6\t95\t ", "", []),
        (
            "\n".join(
                f"5\t1\t{place}\t0\t0\t9\t9\t90\t{said}"
                for place, said in (
                    ("1\t1\t1\t1", "Sehr"),
                    ("1\t1\t1\t2", "geehrte"),
                    ("1\t1\t2\t1", "Damen"),
                    ("1\t2\t1\t1", "Ich"),
                )
            ),
            "Sehr geehrte\nDamen\n\nIch",
            [0, 0, 1, 3],
        ),
    ],
)
def test_tesseract_s_table_becomes_words(tsv: str, text: str, lines: list[int]) -> None:
    found = words.words_of(tsv)
    assert [word.line for word in found] == lines
    assert words.text_of(found) == text
