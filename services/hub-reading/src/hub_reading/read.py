"""A whole document, read in this process: what the pool does in several, page by page."""

from collections.abc import Sequence
from time import monotonic

from hub_contract.problems import Problem, ProblemCode
from hub_reading import pages
from hub_reading.limits import DEFAULT, Limits
from hub_reading.read_page import read_page
from hub_reading.references import references_in
from hub_reading.searchable import is_wanted, make_searchable
from hub_reading.values import Outline, PageReading, Reading
from hub_reading.words import text_of


def read(raw: bytes, limits: Limits = DEFAULT) -> Reading:
    """Return what the document says; it is total, and never more than `limits` allow is read."""
    outline = look(raw, limits)
    until = monotonic() + limits.seconds_of_a_page * max(1, len(numbers(outline, limits)))
    done: list[PageReading] = []
    for number in numbers(outline, limits):
        if monotonic() > until:
            break
        done.append(read_page(raw, number, limits))
    copy = make_searchable(done) if is_wanted(done, signed=outline.signed) else b""
    return gather(outline, done, copy)


def look(raw: bytes, limits: Limits = DEFAULT) -> Outline:
    """Return the outline of a file, or that it is too large to be opened at all."""
    if len(raw) > limits.raw_bytes:
        about = f"{limits.raw_bytes // 1024**2} MB"
        return Outline(problems=(Problem(code=ProblemCode.OVERRUN, about=about),))
    return pages.outline(raw)


def numbers(outline: Outline, limits: Limits) -> range:
    """Return the numbers of the pages that are read."""
    return range(1, min(outline.pages or 0, limits.pages) + 1)


def gather(outline: Outline, done: Sequence[PageReading], searchable: bytes) -> Reading:
    """Return the document of its pages, in their order."""
    text = "\n\n".join(filter(None, (text_of(page.words) for page in done)))
    codes = tuple(dict.fromkeys(code for page in done for code in page.codes))
    problems = [*outline.problems, *(problem for page in done for problem in page.problems)]
    if outline.pages and len(done) < outline.pages:
        problems.append(Problem(code=ProblemCode.TOO_MANY_PAGES, about=str(len(done))))
    return Reading(
        pages_in_file=outline.pages,
        pages=tuple(done),
        text=text,
        references=references_in(codes, text),
        codes=tuple(dict.fromkeys(code.text for code in codes)),
        searchable=searchable,
        problems=tuple(dict.fromkeys(problems)),
    )
