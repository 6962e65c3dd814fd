"""Every pattern of the tree takes time in proportion to its text, whatever the text is.

A first look tells those that are at once; only what is slow is measured closely, as a ratio of the
least processor time of several rounds.
"""

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from tests.pump import (
    SHORT,
    SLOW,
    TINY,
    WORST,
    Found,
    find_patterns,
    grows,
    modules,
    seconds,
    shapes,
    use,
)

FOUND = find_patterns(list(modules()))


def slowest(work: Callable[[Any], object], pattern: re.Pattern[Any]) -> list[Callable[[int], Any]]:
    """Return the shapes that are worth a closer look, the slowest first."""
    looked = []
    for make in shapes(pattern):
        for length in (TINY, SHORT // 8, SHORT):  # what is cubic would keep us for minutes
            took = seconds(work, make(length), 1)
            if took > SLOW:
                looked.append((took, make))
                break
        if took > 20 * SLOW:
            break  # it will not be needed to look for a slower one
    return [make for _, make in sorted(looked, key=lambda one: -one[0])[:WORST]]


def faults(found: Found) -> Iterator[str]:
    """Yield what makes this pattern slower than linear."""
    for method in found.methods:
        work = partial(use, found.pattern, method)
        for make in slowest(work, found.pattern):
            if seconds(work, make(TINY)) > SLOW or grows(work, make):
                yield f"{found.where} {method} {make.__doc__}"
                break


def test_every_pattern_is_linear() -> None:
    assert len(FOUND) > 100  # they are found at all
    assert [fault for found in FOUND for fault in faults(found)] == []


@pytest.mark.parametrize(
    ("pattern", "method"),
    [
        (r'([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)(?:"|$)|([^;]*))', "findall"),
        (r"(?m)^[-\s]*(?:Below this line is a copy|This is a copy of)", "search"),
        (
            r'\s*(?:"([^"\\<>]*)"|([^",;:<>()@\\]*?))\s*<([^<>\s]{1,255}@[^<>\s]{1,255})>',
            "fullmatch",
        ),
        (r"\(((?:[^()\\]|\\.)*)\)", "sub"),
        (r"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]+)", "search"),
        (r"(?:[!?]|[a-z)]{2,}[.:])\s*\Z", "search"),
        (r"(a|a)*\Z(?<=b)", "match"),
    ],
)
def test_what_was_not_is_found(pattern: str, method: str) -> None:
    assert list(faults(Found("was", re.compile(pattern), (method,))))
