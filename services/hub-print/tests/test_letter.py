"""A letter is read back: where its words and lines stand, what its codes say, what it claims."""

from io import BytesIO
from uuid import UUID

import pikepdf
import pypdfium2
import pytest
import zxingcpp

from hub_contract.page_codes import read_page_code
from hub_print.geometry import ADDRESS, FRANKING, HEIGHT, MACHINE_EDGE, Fault, Sheet, Unprintable
from hub_print.letter import Enclosure, letter, preview

MM = 72 / 25.4
LONG = (
    "Frau",
    "Dr. Annegret Müller-Lüdenscheidt",
    "c/o Familie Schmidt-Rottluff",
    "Hinterhaus, 3. Obergeschoss links",
    "Straße der Deutsch-Französischen Freundschaft 112 a",
    "12345 Musterstadt-Oberwiesenthal",
)


def words(pdf: bytes, page: int = 0) -> list[tuple[str, float, float, float, float]]:
    """Return each run of text with left, top, right, bottom in mm."""
    with pypdfium2.PdfDocument(pdf) as document:
        text = document[page].get_textpage()
        found = []
        for number in range(text.count_rects()):
            left, bottom, right, top = text.get_rect(number)
            said = text.get_text_bounded(left, bottom, right, top)
            found.append((said, left / MM, HEIGHT - top / MM, right / MM, HEIGHT - bottom / MM))
        return found


def picture(pdf: bytes, dpi: int, page: int = 0):
    with pypdfium2.PdfDocument(pdf) as document:
        return document[page].render(scale=dpi / 72).to_pil().convert("L")


def text_of(pdf: bytes, page: int = 0) -> str:
    with pypdfium2.PdfDocument(pdf) as document:
        return document[page].get_textpage().get_text_bounded()


@pytest.mark.parametrize(
    "recipient",
    [
        ("Erika Mustermann", "Musterweg 12", "12345 Musterstadt"),
        LONG,
        ("Ẅeiß-Ħaġar Ngô Ģirtš", "Rådhuspladsen 1", "1550 København V", "DÄNEMARK"),
    ],
    ids=["short", "six-lines", "abroad"],
)
def test_address_stands_in_the_window_and_the_franking_zone_is_empty(make, recipient):
    pdf = letter(make(recipient=recipient)).pdf
    found = words(pdf)
    for line in recipient:
        left, top, right, bottom = next(one[1:] for one in found if one[0].strip() == line)
        assert ADDRESS.left - 0.5 <= left < right <= ADDRESS.right
        assert FRANKING.bottom <= top < bottom <= ADDRESS.bottom
    shown = picture(pdf, 254)  # ten pixels a mm
    zone = shown.crop(tuple(int(edge * 10) for edge in (20, 53.1, 105, 66)))
    assert zone.getextrema() == (255, 255)


def test_marks_stand_where_hands_fold_and_punch(make):
    shown = picture(letter(make()).pdf, 508)  # twenty pixels a mm
    column = shown.crop((120, 0, 121, shown.height))
    dark = [y / 20 for y in range(shown.height) if column.getpixel((0, y)) < 128]
    for wanted in (105, 148.5, 210):
        assert any(abs(y - wanted) <= 0.2 for y in dark)
    assert all(min(abs(y - wanted) for wanted in (105, 148.5, 210)) <= 0.2 for y in dark)


def test_where_a_machine_folds_its_edge_is_empty(make):
    shown = picture(letter(make(sheet=Sheet(marks=False))).pdf, 254)
    assert shown.crop((0, 0, int(MACHINE_EDGE.right * 10), shown.height)).getextrema()[0] == 255


@pytest.mark.parametrize(("across", "down"), [(300, 300), (204, 196), (204, 98)])
def test_code_is_read_on_every_page_at_300_dpi_and_off_a_fax(make, across, down):
    printed = letter(make(text="Ein Satz, der länger ist als eine Zeile. \n\n" * 60))
    assert printed.pages == printed.own_pages == 3
    for page in range(3):
        shown = picture(printed.pdf, across, page)
        size = shown.size
        shown = shown.resize((size[0], size[1] * down // across)).point(lambda v: 255 * (v > 127))
        codes = zxingcpp.read_barcodes(shown.resize(size))
        assert [read_page_code(code.text) for code in codes] == [
            ("384291770608", UUID("0199f5a0-7c1e-7000-8000-0123456789ab"))
        ]
        text = text_of(printed.pdf, page)
        assert f"Seite {page + 1} von 3" in text
        assert "384-291-770-608" in text


TOWN_LINE = "Stadt Musterstadt · Rathausplatz 1 · 12345 Musterstadt"


def test_nothing_of_the_matter_is_seen_in_the_window(make):
    found = words(letter(make(recipient=LONG)).pdf)
    window = [one[0] for one in found if one[1] < 105 and one[2] >= 45 and one[4] <= 93]
    assert {text.strip() for text in window} == {*LONG, TOWN_LINE}


def test_it_is_an_archive_with_tags_and_a_language(make):
    with pikepdf.open(BytesIO(letter(make(language="en")).pdf)) as pdf:
        told = pdf.open_metadata()
        assert told["{http://www.aiim.org/pdfa/ns/id/}part"] == "2"
        assert told["{http://www.aiim.org/pdfa/ns/id/}conformance"] == "B"
        assert pdf.Root.MarkInfo.Marked
        assert str(pdf.Root.Lang) == "en"
        fonts = [f for page in pdf.pages for f in page.Resources.Font.values()]
        assert all("/FontFile2" in f.DescendantFonts[0].FontDescriptor for f in fonts)


def test_letters_of_din_91379_are_written(make):
    written = "Ķēniņš Đặng Şahin Øre ẞ Čapek m̂ k̇ c̈ Ћоровић Παπαδόπουλος ʻOkina ǅ ŉ"
    pdf = letter(make(text=written)).pdf
    with pypdfium2.PdfDocument(pdf) as document:
        assert "\ufffd" not in document[0].get_textpage().get_text_bounded()
    assert "Ķēniņš Đặng Şahin" in text_of(pdf)


def test_lists_and_lines_stay(make):
    text = "Guten Tag,\n\n- eins\n  und mehr\n- zwei\n\n1. drei\n\nGrüße\nAnna"
    said = text_of(letter(make(text=text)).pdf)
    lines = [line.strip() for line in said.splitlines()]
    assert {"eins", "und mehr", "zwei", "drei", "Grüße", "Anna"} <= {
        line.lstrip("•1. ") for line in lines
    }


def test_enclosures_stand_behind_it_and_are_counted(make, pdf_of):
    printed = letter(
        make(
            enclosures=(
                Enclosure("Plan.pdf", pdf_of(2)),
                Enclosure("Karte.pdf", pdf_of(1, (900, 300))),
            )
        )
    )
    assert (printed.pages, printed.own_pages) == (4, 1)
    assert "Plan.pdf (2 Seiten)" in text_of(printed.pdf)
    with pypdfium2.PdfDocument(printed.pdf) as document:
        sizes = [tuple(round(edge / MM) for edge in page.get_size()) for page in document]
    assert sizes == [(210, 297)] * 4


def test_an_archive_is_one_only_where_all_parts_are(make, pdf_of):
    own = letter(make()).pdf
    for data, kept in [(own, True), (pdf_of(), False)]:
        merged = letter(make(enclosures=(Enclosure("x.pdf", data),))).pdf
        with pikepdf.open(BytesIO(merged)) as pdf:
            assert ("{http://www.aiim.org/pdfa/ns/id/}part" in pdf.open_metadata()) is kept
            assert pdf.Root.MarkInfo.Marked


ENCRYPTED = pikepdf.Encryption(owner="o", user="u")
LOCKED = pikepdf.Encryption(
    owner="o", user="", allow=pikepdf.Permissions(print_lowres=False, print_highres=False)
)
EDITING = pikepdf.Encryption(owner="o", user="", allow=pikepdf.Permissions(modify_other=False))


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"recipient": ()}, [(Fault.ADDRESS_MISSING, "")]),
        ({"recipient": ("Erika",)}, [(Fault.ADDRESS_INCOMPLETE, "Erika")]),
        ({"recipient": (*LONG, "DÄNEMARK")}, [(Fault.ADDRESS_TOO_LONG, "7")]),
        ({"recipient": ("M" * 60, "1", "2")}, [(Fault.ADDRESS_TOO_LONG, "M" * 60)]),
        ({"recipient": ("李", "1 Weg", "2 Ort")}, [(Fault.ADDRESS_CHARACTERS, "李")]),
        ({"recipient": ("A", "B"), "as_written": True}, [(Fault.ADDRESS_UNREADABLE, "B")]),
        ({"text": " \n"}, [(Fault.TEXT_MISSING, "")]),
        ({"text": "Hallo 🙂"}, [(Fault.TEXT_CHARACTERS, "🙂")]),
        ({"subject": "Antrag 漢"}, [(Fault.TEXT_CHARACTERS, "漢")]),
        ({"text": "x\n\n" * 300, "sheet": Sheet(most_pages=2)}, [(Fault.TOO_MANY_PAGES, None)]),
        ({"sheet": Sheet(most_bytes=10)}, [(Fault.TOO_LARGE, None)]),
    ],
    ids=lambda value: None if isinstance(value, dict) else str(value[0][0]),
)
def test_what_does_not_fit_is_said_by_code(make, changes, found):
    with pytest.raises(Unprintable) as raised:
        letter(make(**changes))
    got = raised.value.found
    assert [one.fault for one in got] == [fault for fault, _ in found]
    assert all(about in (None, one.about) for one, (_, about) in zip(got, found, strict=True))


@pytest.mark.parametrize(
    ("saved", "fault"),
    [
        ({"encryption": ENCRYPTED}, Fault.ENCLOSURE_ENCRYPTED),
        ({"encryption": LOCKED}, Fault.ENCLOSURE_ENCRYPTED),
        ({"encryption": EDITING}, None),
        ({"pages": 0}, Fault.ENCLOSURE_EMPTY),
        ({"pages": 101}, Fault.TOO_MANY_PAGES),
    ],
    ids=["password", "no-printing", "no-editing", "empty", "long"],
)
def test_enclosures_that_cannot_be_printed(make, pdf_of, saved, fault):
    wanted = make(enclosures=(Enclosure("x.pdf", pdf_of(**saved)),))
    if fault is None:
        assert letter(wanted).pages == 2
        return
    with pytest.raises(Unprintable) as raised:
        letter(wanted)
    assert [one.fault for one in raised.value.found] == [fault]
    assert raised.value.found[0].about.startswith("x.pdf")


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7", b"\0" * 100, b"<html>"], ids=range(4))
def test_what_is_no_pdf_is_no_enclosure(make, data):
    with pytest.raises(Unprintable) as raised:
        letter(make(enclosures=(Enclosure("x.pdf", data),)))
    assert raised.value.found == ((Fault.ENCLOSURE_UNREADABLE, "x.pdf"),)


def test_scripts_and_actions_of_an_enclosure_stay_behind(make):
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(595, 842))
        pdf.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")
        pdf.pages[0].obj.AA = pikepdf.Dictionary(O=pdf.Root.OpenAction)
        written = BytesIO()
        pdf.save(written)
    merged = letter(make(enclosures=(Enclosure("x.pdf", written.getvalue()),))).pdf
    with pikepdf.open(BytesIO(merged)) as pdf:
        pdf.save(plain := BytesIO(), object_stream_mode=pikepdf.ObjectStreamMode.disable)
    assert b"JavaScript" not in plain.getvalue()


def test_preview_shows_what_must_stay_free_in_red(make):
    printed, found = preview(make(recipient=(*LONG, "ZU VIEL")))
    assert [one.fault for one in found] == [Fault.ADDRESS_TOO_LONG]
    with pypdfium2.PdfDocument(printed.pdf) as document:
        shown = document[0].render(scale=1).to_pil()
    red, green, blue = shown.getpixel((int(60 * MM), int(60 * MM)))
    assert red > green + 30
    assert red > blue + 30


def test_the_same_letter_is_the_same_file(make, pdf_of):
    wanted = make(enclosures=(Enclosure("x.pdf", pdf_of()),))
    assert letter(wanted).pdf == letter(wanted).pdf
