"""Which way up a page is: a quarter turn is seen by its rows, upside down by reading a strip.

The data for Tesseract's own way (osd) is in no wheel; and it asks of every page what is wrong
with one in a thousand. Here a page is read as it lies, and only one whose words are doubtful is
looked at: its densest strip is read each way up, and the best one wins.
"""

from collections.abc import Callable

import numpy as np
from PIL import Image

from hub_reading.straighten.ink import ink
from hub_reading.values import Word

Read = Callable[[Image.Image, float], tuple[Word, ...]]
_DPI = 75.0
_STRIP = 1.6  # inches high: some lines of text
_BETTER = 1.3  # times as good as the page as it lies, or it stays so
_TURNS = (0, 90, 180, 270)


def turn_of(image: Image.Image, dpi: float, read: Read, *, on_its_side: bool) -> int:
    """Return by how many degrees clockwise the page must be turned to be upright.

    `on_its_side`: its words stand on end, so that only two ways are left.
    """
    ways = (90, 270) if on_its_side else _TURNS
    scores = {turn: _score(_strip(turned(image, turn), dpi), dpi, read) for turn in ways}
    best = max(ways, key=lambda turn: scores[turn])
    if on_its_side:
        return best
    return best if scores[best] > _BETTER * scores[0] + 1 else 0


def turned(image: Image.Image, degrees: int) -> Image.Image:
    """Return the picture turned clockwise by a multiple of 90 degrees."""
    ways = {
        90: Image.Transpose.ROTATE_270,
        180: Image.Transpose.ROTATE_180,
        270: Image.Transpose.ROTATE_90,
    }
    return image.transpose(ways[degrees]) if degrees in ways else image


def _strip(image: Image.Image, dpi: float) -> Image.Image:
    """Return the part of the page, across its whole width, that has the most ink."""
    dark = ink(image, dpi, _DPI)
    step = max(1, round(dpi / _DPI))
    high = max(1, round(_STRIP * dpi / step))
    sums = np.concatenate(([0], np.cumsum(dark.sum(axis=1))))
    if len(sums) <= high + 1:
        return image
    top = int(np.argmax(sums[high:] - sums[:-high])) * step
    return image.crop((0, top, image.width, min(image.height, top + high * step)))


def _score(strip: Image.Image, dpi: float, read: Read) -> float:
    """Return how much of a strip reads like words: letters in sure words of some length."""
    words = read(strip, dpi)
    return sum(
        len(word.text) * word.confidence / 100
        for word in words
        if len(word.text) > 2 and word.confidence >= 60 and word.text.strip(".,;:()-").isalnum()
    )
