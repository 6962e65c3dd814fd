"""Looks at a letter as a print house does: what is wrong with the first page, and its pictures."""

from collections.abc import Iterator
from io import BytesIO
from typing import NamedTuple

import pypdfium2

_DPI = 100
_MM = _DPI / 25.4
_PICTURE = 1.6  # pixels a point: 115 dpi
MOST_PAGES = 100
# left, top, right, bottom in mm from the top left corner; a house keeps them for itself.
FRANKING = (20, 53.2, 105, 66)
EDGE = (0, 0, 12, 297)
ADDRESS = (20, 66, 105, 90)


class Fault(NamedTuple):
    code: str
    name: str


class Unreadable(ValueError):  # noqa: N818 - it is no fault of the program
    """No PDF that can be opened."""


def count_pages(pdf: bytes) -> int:
    try:
        with pypdfium2.PdfDocument(pdf) as document:
            return len(document)
    except pypdfium2.PdfiumError:
        raise Unreadable from None


def faults_of(pdf: bytes, *, by_hand: bool = False) -> Iterator[Fault]:
    """Yield what a house refuses a letter for; `Unreadable` where it cannot be opened.

    `by_hand`: no machine folds it, so that marks may stand at its edge.
    """
    zones = [(FRANKING, "content_in_franking_zone")]
    zones += [] if by_hand else [(EDGE, "content_in_edge")]
    pages = count_pages(pdf)
    if pages > MOST_PAGES:
        yield Fault("file_too_many_pages", "Page limit exceeded")
    with pypdfium2.PdfDocument(pdf) as document:
        if any(_is_odd(page.get_size()) for page in document):
            yield Fault("file_wrong_format", "A page is not A4")
        shown = document[0].render(scale=_DPI / 72, grayscale=True).to_pil()
        for zone, code in zones:
            if shown.crop(tuple(round(edge * _MM) for edge in zone)).getextrema()[0] < 200:
                yield Fault(code, "Restricted area is not empty")
    if len(address_of(pdf).splitlines()) < 2:
        yield Fault("address_not_found", "No address in the window")


def address_of(pdf: bytes) -> str:
    """Return the lines that stand in the window."""
    with pypdfium2.PdfDocument(pdf) as document:
        page = document[0]
        height, point = page.get_height(), 72 / 25.4
        left, top, right, bottom = (edge * point for edge in ADDRESS)
        text = page.get_textpage().get_text_bounded(left, height - bottom, right, height - top)
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


def text_of(pdf: bytes) -> str:
    with pypdfium2.PdfDocument(pdf) as document:
        return "\n".join(page.get_textpage().get_text_bounded() for page in document)


def picture_of(pdf: bytes, number: int) -> bytes:
    """Return one page, from 1, as PNG; `IndexError` where there is none."""
    with pypdfium2.PdfDocument(pdf) as document:
        if not 1 <= number <= len(document):
            raise IndexError(number)
        written = BytesIO()
        document[number - 1].render(scale=_PICTURE).to_pil().save(written, "PNG", optimize=True)
        return written.getvalue()


def _is_odd(size: tuple[float, float]) -> bool:
    return abs(size[0] - 595.3) > 10 or abs(size[1] - 841.9) > 10
