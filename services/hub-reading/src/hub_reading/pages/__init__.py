"""Pages from a file: how many it has, and the picture of each, whatever the file is.

Rule 1. Every function here is total: of hostile bytes come problems, never an exception.
Rule 2. A size is looked at before the pixels are unpacked.
"""

from hub_contract.problems import Problem, ProblemCode
from hub_reading.limits import DEFAULT, Limits
from hub_reading.pages import from_pdf, from_picture, from_tiff
from hub_reading.pages.kind import kind_of
from hub_reading.values import Outline, Sheet

__all__ = ["count", "kind_of", "open_page", "outline"]

_OUTLINES = {"pdf": from_pdf.outline, "tiff": from_tiff.outline}


def count(raw: bytes) -> int | None:
    """Return how many pages the file has; None where it has none that can be counted."""
    return outline(raw).pages


def outline(raw: bytes) -> Outline:
    """Return the file's kind and its number of pages, without unpacking one."""
    if not raw:
        return Outline(problems=(Problem(code=ProblemCode.EMPTY),))
    kind = kind_of(raw)
    if not kind:
        return Outline(problems=(Problem(code=ProblemCode.UNREADABLE, about="format"),))
    return _OUTLINES.get(kind, from_picture.outline)(raw)


def open_page(raw: bytes, number: int, limits: Limits = DEFAULT) -> Sheet | Problem:
    """Return the picture of page `number` (from 1), or why there is none."""
    kind = kind_of(raw)
    if kind == "pdf":
        return from_pdf.open_page(raw, number, limits)
    if kind == "tiff":
        return from_tiff.open_page(raw, number, limits)
    return from_picture.open_page(raw, number, limits)
