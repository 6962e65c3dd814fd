"""Pages of a PDF, drawn by pdfium; the words of a page that has them itself are taken from it."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pypdfium2
from PIL import Image, ImageChops
from pypdfium2 import raw as pdfium

from hub_contract.problems import Problem, ProblemCode
from hub_reading.limits import Limits
from hub_reading.values import Outline, Sheet, Word

_POINTS = 72.0  # of an inch
_SCALE_LEAST = 0.02
_COLOURED = 13  # levels between red, green and blue, from which on it is a colour
_HAS_TEXT = 40  # letters and digits on a page, from which on it is not recognised again
_LARGEST = 14_400.0  # points, PDF 1.7 annex C; what claims to be larger is drawn as this


def outline(raw: bytes) -> Outline:
    """Return how many pages the PDF has, and whether somebody has signed it."""
    try:
        with _opened(raw) as document:
            pages = len(document)
            if pages:
                return Outline("pdf", pages, signed=_signed(document))
            problem = Problem(code=ProblemCode.UNREADABLE, about="PDF")
            return Outline("pdf", 0, problems=(problem,))
    except pypdfium2.PdfiumError as error:
        return Outline("pdf", None, problems=(_why(error),))


def _why(error: pypdfium2.PdfiumError) -> Problem:
    locked = getattr(error, "err_code", None) in {
        pdfium.FPDF_ERR_PASSWORD,
        pdfium.FPDF_ERR_SECURITY,
    }
    return Problem(code=ProblemCode.ENCRYPTED if locked else ProblemCode.UNREADABLE, about="PDF")


def _signed(document: pypdfium2.PdfDocument) -> bool:
    return bool(pdfium.FPDF_GetSignatureCount(document.raw) > 0)


@contextmanager
def _opened(raw: bytes) -> Iterator[pypdfium2.PdfDocument]:
    document = pypdfium2.PdfDocument(raw)
    try:
        yield document
    finally:
        document.close()


def open_page(raw: bytes, number: int, limits: Limits) -> Sheet | Problem:
    """Return the page drawn at `limits.dpi`, or coarser where it would have too many pixels."""
    try:
        with _opened(raw) as document:
            page = document[number - 1]
            try:
                return _drawn(page, number, limits)
            finally:
                page.close()
    except (pypdfium2.PdfiumError, IndexError, ValueError, OSError):
        return Problem(code=ProblemCode.PAGE_UNREADABLE, about=str(number))


def _drawn(page: Any, number: int, limits: Limits) -> Sheet | Problem:
    width, height = (min(max(side, 1.0), _LARGEST) for side in page.get_size())
    wanted = limits.dpi / _POINTS
    scale = min(wanted, (limits.pixels / (width * height)) ** 0.5)
    if scale < _SCALE_LEAST:
        return Problem(code=ProblemCode.PAGE_TOO_LARGE, about=str(number))
    problems: tuple[Problem, ...] = ()
    if scale < wanted:
        problems = (Problem(code=ProblemCode.PAGE_TOO_LARGE, about=str(number)),)
    bitmap = page.render(scale=scale, may_draw_forms=False, prefer_bgrx=True)
    try:
        image = bitmap.to_pil().convert("RGB")
    finally:
        bitmap.close()
    if is_grey(image):
        image = image.convert("L")
    words = _own_words(page, scale, limits)
    return Sheet(number, image, (scale * _POINTS, scale * _POINTS), problems, words)


def is_grey(image: Image.Image) -> bool:
    """Say whether a colour picture has no colour in it, by a look at a smaller one."""
    small = image.reduce(max(1, min(image.width, image.height) // 400))
    red, green, blue = small.split()
    return all(_alike(red, other) for other in (green, blue))


def _alike(one: Image.Image, other: Image.Image) -> bool:
    return not any(ImageChops.difference(one, other).histogram()[_COLOURED:])


def _own_words(page: Any, scale: float, limits: Limits) -> tuple[Word, ...]:
    """Return the words that the page itself has, or none where they are too few to be its text."""
    text = page.get_textpage()
    try:
        characters = min(text.count_chars(), limits.characters)
        if characters < _HAS_TEXT:
            return ()
        said = text.get_text_range(0, characters)
        if sum(map(str.isalnum, said)) < _HAS_TEXT:
            return ()
        return tuple(_words(text, characters, page, scale))
    finally:
        text.close()


def _words(text: Any, characters: int, page: Any, scale: float) -> Iterator[Word]:
    """Yield words with their boxes: pdfium knows characters, spaces and ends of lines."""
    place = _Place(page, scale)
    letters: list[str] = []
    boxes: list[tuple[int, int, int, int]] = []
    line = 0
    for index in range(characters):
        letter = _letter(text, index)
        if letter and not letter.isspace():
            letters.append(letter)
            boxes.append(place.box(text, index))
            continue
        if letters:
            yield Word("".join(letters), _around(boxes), 100, line)
            letters, boxes = [], []
        line += letter == "\n"
    if letters:
        yield Word("".join(letters), _around(boxes), 100, line)


def _letter(text: Any, index: int) -> str:
    code = pdfium.FPDFText_GetUnicode(text.raw, index)
    return chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else ""


class _Place:
    """Turns the points of a page into the pixels of its picture, whatever its boxes and turns."""

    def __init__(self, page: Any, scale: float) -> None:
        width, height = page.get_size()
        self.page = page
        self.size = (round(width * scale), round(height * scale))

    def box(self, text: Any, index: int) -> tuple[int, int, int, int]:
        left, bottom, right, top = text.get_charbox(index, loose=False)
        (x1, y1), (x2, y2) = self._pixel(left, top), self._pixel(right, bottom)
        return min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)

    def _pixel(self, x: float, y: float) -> tuple[int, int]:
        across, down = ctypes.c_int(), ctypes.c_int()
        pdfium.FPDF_PageToDevice(self.page.raw, 0, 0, *self.size, 0, x, y, across, down)
        return across.value, down.value


def _around(boxes: list[tuple[int, int, int, int]]) -> tuple[int, int, int, int]:
    left, top, right, bottom = zip(*boxes, strict=True)
    return min(left), min(top), max(right), max(bottom)
