"""Every pattern of the tree takes time in proportion to its text, whatever the text is.

A first look tells those that are at once; only what is slow is measured closely, as a ratio of
processor time, and only what is slower than linear again and again is a fault.
"""

import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from tests.pump import Found, find_patterns, modules, shapes, use

TINY = 22  # characters; only what doubles with each of them is slow by then
SHORT = 4_000  # characters of the first look
SLOW = 0.001  # seconds of processor time that no linear pattern of ours needs for them
GROWTH = 2.6  # for twice the text: 2 is linear, 4 is quadratic
LONGEST = 64_000
WORST = 4  # shapes of each pattern that are measured
ENOUGH = 0.01  # seconds by which a clock can be believed
FOUND = find_patterns(list(modules()))


def seconds(work: Callable[[Any], object], text: object, tries: int = 3) -> float:
    """Return the processor time of the quickest try: what else runs here only ever adds to it."""
    best = float("inf")
    for _ in range(tries):
        start = time.process_time()
        work(text)
        best = min(best, time.process_time() - start)
        if best > 10 * ENOUGH:
            break
    return best


def grows(work: Callable[[Any], object], make: Callable[[int], Any]) -> bool:
    """Say whether twice the text takes much more than twice the time, three times running."""
    length = SHORT // 16
    while seconds(work, make(length)) < ENOUGH:
        length *= 2
        if length > LONGEST:
            return False  # quicker than any quadratic pattern could be
    return all(
        seconds(work, make(2 * length)) > GROWTH * seconds(work, make(length)) for _ in range(3)
    )


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
