"""Words of a page by Tesseract, in this process: text, place and confidence of each.

One engine for each process, made when it is first needed: to load its two languages takes a
tenth of a page's time.
"""

import os
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

os.environ.setdefault("OMP_THREAD_LIMIT", "1")  # read when the library is loaded

import tesserocr
from PIL import Image

from hub_reading.values import Word

# With English first, "§ 80" stays what it is, and umlauts are read just as well.
LANGUAGES = "eng+deu"
_WORD = "5"  # the level of a line of TSV that is a word
_SURE = 70.0  # mean confidence, from which on a page is upright
_STRIP_SECONDS = 5.0
_SETTINGS = {
    "tessedit_do_invert": "0",  # white on black is rare, and is looked for on every line
    "debug_file": os.devnull,
}


def recognise_lines(image: Image.Image, dpi: float) -> tuple[Word, ...]:
    """Return the words of a strip of level lines, upright or not: nothing else is looked for."""
    engine().SetPageSegMode(tesserocr.PSM.SINGLE_BLOCK)
    try:
        return recognise(image, dpi, _STRIP_SECONDS) or ()
    finally:
        engine().SetPageSegMode(tesserocr.PSM.AUTO)


def recognise(image: Image.Image, dpi: float, seconds: float = 0.0) -> tuple[Word, ...] | None:
    """Return the words in reading order; None where it takes longer than `seconds` (0: as it may).

    `image` is a page with square pixels.
    """
    api = engine()
    api.SetImage(image)
    api.SetSourceResolution(round(dpi))
    try:
        if not api.Recognize(round(seconds * 1000)):
            return None
        return words_of(api.GetTSVText(0))
    except RuntimeError:  # it refuses a page without a line
        return ()
    finally:
        api.Clear()


@cache
def engine() -> tesserocr.PyTessBaseAPI:
    data = Path(sys.prefix) / "share" / "tessdata"  # where the wheels put the languages
    return tesserocr.PyTessBaseAPI(
        path=str(data), lang=LANGUAGES, psm=tesserocr.PSM.AUTO, variables=_SETTINGS
    )


def words_of(tsv: str) -> tuple[Word, ...]:
    """Return the words of Tesseract's table; a new paragraph leaves out a number of line."""
    found: list[Word] = []
    number, before = 0, ("", "", "")
    for row in tsv.splitlines():
        fields = row.split("\t")
        if len(fields) != 12 or fields[0] != _WORD or not fields[11].strip():
            continue
        here = (fields[2], fields[3], fields[4])  # block, paragraph, line
        if found and here != before:
            number += 1 if here[:2] == before[:2] else 2
        before = here
        left, top, wide, high = map(int, fields[6:10])
        box = (left, top, left + wide, top + high)
        sure = min(100, max(0, round(float(fields[10]))))
        found.append(Word(fields[11].strip(), box, sure, number))
    return tuple(found)


def text_of(words: tuple[Word, ...]) -> str:
    """Return the words as running text: lines as on the page, paragraphs apart."""
    parts: list[str] = []
    before = words[0].line if words else 0
    for word in words:
        gap = word.line - before
        parts.append(" " if parts and not gap else "\n" * min(gap, 2))
        parts.append(word.text)
        before = word.line
    return "".join(parts)


def scaled(words: tuple[Word, ...], by: float) -> tuple[Word, ...]:
    """Return the words with their places in a picture that is larger by this factor."""
    return tuple(replace(word, box=_scaled(word.box, by)) for word in words)


def _scaled(box: tuple[int, int, int, int], by: float) -> tuple[int, int, int, int]:
    left, top, right, bottom = box
    return round(left * by), round(top * by), round(right * by), round(bottom * by)


def lies_on_its_side(words: tuple[Word, ...]) -> bool:
    """Say whether the words stand on end: Tesseract reads them all the same."""
    long = [word for word in words if len(word.text) > 3]
    tall = sum(word.box[3] - word.box[1] > word.box[2] - word.box[0] for word in long)
    return len(long) >= 2 and tall > 0.6 * len(long)


def seems_upright(words: tuple[Word, ...]) -> bool:
    """Say whether these words can only come of a page that was the right way up."""
    long = [word.confidence for word in words if len(word.text) > 3]
    sure = len(long) >= 2 and sum(long) / len(long) >= _SURE
    return sure and not lies_on_its_side(words)
