"""Finds what is looked for among the words that a machine has read on a page: pure.

What comes from outside may be anything: a word that is not one is left out.
"""

import json
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

_MOST = 20_000  # words of a page that are looked at


@dataclass(frozen=True, slots=True)
class Word:
    """A word, and where it stands in the picture: pixels from its upper left corner."""

    text: str
    left: int
    top: int
    right: int
    bottom: int
    hit: bool = False


def read_words(raw: bytes) -> list[Word]:
    """Return the words of `[[text, left, top, right, bottom, confidence], …]`."""
    try:
        found = json.loads(raw)
    except ValueError:
        return []
    rows = found[:_MOST] if isinstance(found, list) else []
    return [word for word in map(_word, rows) if word]


def _word(row: object) -> Word | None:
    if not isinstance(row, list) or len(row) < 5 or not isinstance(row[0], str):
        return None
    if not all(isinstance(place, int | float) for place in row[1:5]):
        return None
    left, top, right, bottom = (int(place) for place in row[1:5])
    return Word(row[0], left, top, right, bottom)


def mark_words(words: Sequence[Word], asked: str) -> list[Word]:
    """Return the words again, those marked that are looked for, one or several in a row."""
    wanted = [one for one in map(_plain, asked.split()) if one]
    plain = [_plain(word.text) for word in words]
    hits: set[int] = set()
    for start in range(len(words) - len(wanted) + 1 if wanted else 0):
        if _fits(plain[start : start + len(wanted)], wanted):
            hits.update(range(start, start + len(wanted)))
    return [
        Word(w.text, w.left, w.top, w.right, w.bottom, number in hits)
        for number, w in enumerate(words)
    ]


def count_hits(words: Sequence[Word]) -> int:
    return sum(word.hit for word in words)


def _fits(here: Sequence[str], wanted: Sequence[str]) -> bool:
    """As in a running text: the first may begin before, the last may go on."""
    first, last = wanted[0], wanted[-1]
    if len(wanted) == 1:
        return first in here[0]
    return (
        here[0].endswith(first)
        and here[-1].startswith(last)
        and list(here[1:-1]) == list(wanted[1:-1])
    )


def _plain(text: str) -> str:
    """Return what is compared: letters and digits, however they are written."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))


def lines_of(words: Sequence[Word]) -> list[list[Word]]:
    """Return the words in lines: a new one begins where the next word stands below this one."""
    lines: list[list[Word]] = []
    for word in words:
        if not lines or _is_below(word, lines[-1][-1]):
            lines.append([])
        lines[-1].append(word)
    return lines


def _is_below(word: Word, before: Word) -> bool:
    return (word.top + word.bottom) / 2 > before.bottom or word.left < before.left
