"""Pages of a TIFF: its directories are counted by us, its pixels unpacked by libtiff."""

from hub_contract.problems import Problem, ProblemCode
from hub_reading.limits import Limits
from hub_reading.pages import from_picture
from hub_reading.pages.directories import beginning_at, directories
from hub_reading.values import Outline, Sheet


def outline(raw: bytes) -> Outline:
    """Return how many pages can be reached; a chain that breaks off is a problem."""
    found = directories(raw)
    pages = len(found.at)
    if not pages:
        return Outline("tiff", 0, problems=(Problem(code=ProblemCode.UNREADABLE, about="TIFF"),))
    if found.whole:
        return Outline("tiff", pages)
    return Outline("tiff", pages, problems=(Problem(code=ProblemCode.PAGES_CUT, about=str(pages)),))


def open_page(raw: bytes, number: int, limits: Limits) -> Sheet | Problem:
    """Return the picture of one page, without a look at those before it."""
    found = directories(raw, number).at
    if not 1 <= number <= len(found):
        return Problem(code=ProblemCode.PAGE_UNREADABLE, about=str(number))
    return from_picture.open_page(beginning_at(raw, found[number - 1]), number, limits)
