"""Of how many generated pages the reference and every code are found.

Each page has a reference in words and two codes, a DataMatrix of 12 mm with another reference and
a Code 39 of a separator sheet; it is crooked, noisy and has specks. A page counts where all of it
is found. Words are read on one page in ten: that takes a hundred times as long.
"""

import random

from PIL import Image
from tests.bench.rows import Row, at_least
from tests.bench.set_up import Stage

from hub_contract.references import make_reference, show_reference
from hub_reading.codes import find_codes
from hub_reading.pages.from_picture import dpi_of
from hub_reading.read_page import read_sheet
from hub_reading.references import references_in
from hub_reading.straighten import square, without_specks
from hub_reading.testing import FINE, STANDARD, Letter, draw, fax, scan
from hub_reading.values import Sheet

_AIMS = {"300 dpi": 99.9, "fax Fine": 99.9, "fax Standard": 99.5}
_WORDS = 10  # of so many pages, one is read as a whole


async def measure(stage: Stage) -> list[Row]:
    pages = stage.some(1000, 60)
    rows = []
    for way, aim in _AIMS.items():
        codes, words, read = 0, 0, 0
        for number in range(pages):
            stage.note(f"codes: {way}, {number} of {pages}")
            letter, page = _page(way, number)
            codes += _has_codes(letter, page)
            if number % _WORDS == 0:
                read += 1
                words += _has_reference(letter, page)
        rows.append(
            Row(f"{way}: codes of {pages} pages", 100 * codes / pages, "%", None, at_least(aim))
        )
        rows.append(
            Row(
                f"{way}: references in words of {read}",
                100 * words / read,
                "%",
                None,
                at_least(aim),
            )
        )
    return rows


def _page(way: str, number: int) -> tuple[Letter, Image.Image]:
    chance = random.Random(number)
    codes = (("DataMatrix", f"FADEN{make_reference()}", 12.0), ("Code39", "PATCHT", 60.0))
    letter = Letter(show_reference(make_reference()), codes, chance.randrange(3), number)
    skew = chance.uniform(-2.0, 2.0)
    paper = draw(letter)
    if way == "300 dpi":
        page = scan(paper, number, skew=skew, noise=chance.uniform(2, 14))
        page.info["dpi"] = (300.0, 300.0)
        return letter, page
    return letter, fax(paper, FINE if way == "fax Fine" else STANDARD, number, skew=skew)


def _has_codes(letter: Letter, page: Image.Image) -> bool:
    squared, _ = square(without_specks(page), dpi_of(page))
    found = {one.text for one in find_codes(page, squared)}
    return {text for _, text, _ in letter.codes} <= found


def _has_reference(letter: Letter, page: Image.Image) -> bool:
    read = read_sheet(Sheet(1, page, dpi_of(page)))
    text = " ".join(word.text for word in read.words)
    return letter.reference.replace("-", "") in references_in((), text)
