"""How many letters a second one process makes, checked and with their codes, without and with a PDF.

Floor: `typst` alone, which sets the same pages from data that are there already.
"""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from uuid import uuid4

from tests.bench.rows import Row, at_least, at_least_of_floor
from tests.bench.set_up import Stage

from hub_print.letter import Enclosure, Letter, Sender, data_of, letter
from hub_print.typeset import typeset

_TEXT = "Guten Tag,\n\n" + "Ihr Schreiben ist angekommen, wir danken Ihnen dafür. " * 20 + "\n\n"
_AT = datetime(2026, 11, 28, tzinfo=UTC)


async def measure(stage: Stage) -> list[Row]:
    count = 60 if stage.quick else 300
    page = letter(_letter(0)).pdf
    data = [data_of(_letter(one), ()) for one in range(count)]
    floor = _rate(count, lambda one: typeset("letter", data[one], _AT))
    plain = _rate(count, lambda one: letter(_letter(one)))
    enclosed = _rate(count, lambda one: letter(_letter(one, Enclosure("Plan.pdf", page))))
    return [
        Row("letters of one page", plain, "1/s", floor, at_least(60)),
        Row("of what typst alone does", plain, "1/s", floor, at_least_of_floor(0.5)),
        Row("letters with a PDF behind", enclosed, "1/s", None, at_least(30)),
    ]


def _letter(number: int, *enclosures: Enclosure) -> Letter:
    return Letter(
        Sender("Stadt Musterstadt", "Stadt Musterstadt · Rathausplatz 1 · 12345 Musterstadt"),
        (f"Erika Mustermann {number}", f"Musterweg {number}", "12345 Musterstadt"),
        f"{_TEXT}{number}",
        "384291770608",
        uuid4(),
        date(2026, 11, 28),
        subject=f"Ihr Schreiben {number}",
        enclosures=enclosures,
    )


def _rate(count: int, make: Callable[[int], object]) -> float:
    begin = time.perf_counter()
    for one in range(count):
        make(one)
    return count / (time.perf_counter() - begin)
