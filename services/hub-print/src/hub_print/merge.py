"""Puts PDFs behind each other: pages counted, forms drawn flat, every page A4, the archive kept.

Whatever a PDF has besides its pages (scripts, actions, files within) stays behind. A PDF/A stays
one where all parts are; else the whole says no more that it is one.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO

import pikepdf

from hub_print.geometry import HEIGHT, MOST_PAGES, WIDTH, Fault, Found

_POINTS = 72 / 25.4
_A4 = (WIDTH * _POINTS, HEIGHT * _POINTS)
_NEAR = 9  # points; 3 mm, as scanners cut
_CLAIM = "{http://www.aiim.org/pdfa/ns/id/}part"
_LEFT_OUT = ("/StructParents", "/AA", "/B", "/Tabs")


@dataclass(frozen=True, slots=True)
class Part:
    """A PDF that can be put behind another one."""

    name: str
    data: bytes
    pages: int


@dataclass(frozen=True, slots=True)
class Merged:
    pdf: bytes
    pages: int


def read_part(name: str, data: bytes, most_pages: int = MOST_PAGES) -> Part | Found:
    """Return what can be put behind a letter, or why it cannot."""
    try:
        with pikepdf.open(BytesIO(data)) as pdf:
            if pdf.is_encrypted and not pdf.allow.print_lowres:
                return Found(Fault.ENCLOSURE_ENCRYPTED, name)
            pages = len(pdf.pages)
    except pikepdf.PasswordError:
        return Found(Fault.ENCLOSURE_ENCRYPTED, name)
    except (pikepdf.PdfError, ValueError, RuntimeError):
        return Found(Fault.ENCLOSURE_UNREADABLE, name)
    if not pages:
        return Found(Fault.ENCLOSURE_EMPTY, name)
    if pages > most_pages:
        return Found(Fault.TOO_MANY_PAGES, f"{name}: {pages}")
    return Part(name, data, pages)


def merge(first: bytes, parts: Sequence[Part]) -> Merged:
    """Return `first` with all parts behind it; `first` keeps its tags."""
    if not parts:
        with pikepdf.open(BytesIO(first)) as pdf:
            return Merged(first, len(pdf.pages))
    with pikepdf.open(BytesIO(first)) as whole:
        kept = is_archive(whole)
        for part in parts:
            with pikepdf.open(BytesIO(part.data)) as pdf:
                kept = kept and is_archive(pdf)
                _append(whole, pdf)
        if not kept:
            _drop_claim(whole)
        return Merged(_saved(whole), len(whole.pages))


def is_archive(pdf: pikepdf.Pdf) -> bool:
    """Say whether it claims to be PDF/A-1 or -2; what is newer may hold what PDF/A-2 may not."""
    with suppress(pikepdf.PdfError, ValueError):
        return str(pdf.open_metadata().get(_CLAIM, "")) in ("1", "2")
    return False


def _append(whole: pikepdf.Pdf, pdf: pikepdf.Pdf) -> None:
    with suppress(pikepdf.PdfError):
        pdf.flatten_annotations()
    for page in pdf.pages:
        for name in _LEFT_OUT:
            if name in page:
                del page[name]
        _to_a4(whole, page)


def _to_a4(whole: pikepdf.Pdf, page: pikepdf.Page) -> None:
    """Append the page: upright A4 as it is, across turned, any other fitted into one."""
    left, bottom, right, top = (float(edge) for edge in page.cropbox)
    size = abs(right - left), abs(top - bottom)
    upright = size if int(page.get("/Rotate", 0)) % 180 == 0 else size[::-1]
    if _is_near(upright):
        whole.pages.append(page)
    elif _is_near(upright[::-1]):
        whole.pages.append(page)
        whole.pages[-1].rotate(90, relative=True)
    else:
        whole.add_blank_page(page_size=_A4)
        sheet = whole.pages[-1]
        if upright[0] > upright[1]:
            page.rotate(90, relative=True)
        sheet.add_overlay(page, pikepdf.Rectangle(0, 0, *_A4))


def _is_near(size: tuple[float, float]) -> bool:
    return all(abs(one - wanted) <= _NEAR for one, wanted in zip(size, _A4, strict=True))


def _drop_claim(pdf: pikepdf.Pdf) -> None:
    with pdf.open_metadata(set_pikepdf_as_editor=False) as told:
        for key in [key for key in told if key.startswith("{http://www.aiim.org/pdfa/ns/id/}")]:
            del told[key]


def _saved(pdf: pikepdf.Pdf) -> bytes:
    written = BytesIO()
    # By its content, so that the same letter is the same file.
    pdf.save(written, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return written.getvalue()
