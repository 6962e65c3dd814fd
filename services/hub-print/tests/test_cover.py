"""A fax has its cover, all pages counted; a separator sheet is read by every kind of its codes."""

from datetime import date
from uuid import UUID

import pypdfium2
import pytest
import zxingcpp

from hub_contract.page_codes import SEPARATOR
from hub_print.cover import Cover, cover
from hub_print.geometry import Fault, Unprintable
from hub_print.letter import Enclosure, Sender
from hub_print.separator import separator

MESSAGE = UUID("0199f5a0-7c1e-7000-8000-0123456789ab")


def fax(**changes) -> Cover:
    facts = {
        "sender": Sender("Stadt Musterstadt"),
        "to": "+49 30 98765-4",
        "text": "Guten Tag.",
        "reference": "384291770608",
        "message_id": MESSAGE,
        "day": date(2026, 11, 28),
    }
    return Cover(**(facts | changes))


def picture(pdf: bytes, scale: float):
    with pypdfium2.PdfDocument(pdf) as document:
        return document[0].render(scale=scale).to_pil().convert("L")


def test_all_pages_are_counted_on_the_cover(pdf_of):
    printed = cover(fax(enclosures=(Enclosure("Plan.pdf", pdf_of(3)),)))
    assert (printed.pages, printed.own_pages) == (4, 1)
    with pypdfium2.PdfDocument(printed.pdf) as document:
        text = document[0].get_textpage().get_text_bounded()
    assert "Seiten mit diesem Blatt: 4" in text.replace("\r\n", " ")
    assert "+49 30 98765-4" in text


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"text": ""}, Fault.TEXT_MISSING),
        ({"text": "x\n\n" * 200, "most_pages": 2}, Fault.TOO_MANY_PAGES),
        ({"enclosures": (Enclosure("x", b"x"),)}, Fault.ENCLOSURE_UNREADABLE),
    ],
    ids=["empty", "long", "no-pdf"],
)
def test_what_cannot_be_faxed_is_said_by_code(changes, fault):
    with pytest.raises(Unprintable) as raised:
        cover(fax(**changes))
    assert [one.fault for one in raised.value.found] == [fault]


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("dpi", [300, 204, 100])
def test_a_separator_sheet_is_read(language, dpi):
    codes = zxingcpp.read_barcodes(picture(separator(language), dpi / 72))
    assert {(code.format.name, code.text) for code in codes} == {
        ("Code128", "PATCHT"),
        ("Code39", "PATCHT"),
        ("DataMatrix", SEPARATOR),
    }
