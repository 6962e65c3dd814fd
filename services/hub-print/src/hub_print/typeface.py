"""What our typeface can write, and how wide that is: Noto Sans, all letters of DIN 91379."""

import unicodedata
from functools import cache
from typing import Any

from fontTools.ttLib import TTFont

from hub_print.typeset import FONTS

_POINT = 25.4 / 72  # mm
_UNSEEN = frozenset("\n\t\u00ad\u200b\u200c\u200d\u2060\ufeff")


@cache
def _metrics() -> tuple[dict[int, int], int]:
    """Return the width of each character, and of how many such units an em is."""
    with TTFont(FONTS / "NotoSans-Regular.ttf", lazy=True) as font:
        widths: Any = font["hmtx"]
        head: Any = font["head"]
        names = font.getBestCmap() or {}
        return {code: widths[name][0] for code, name in names.items()}, head.unitsPerEm


def width_of(text: str, points: float) -> float:
    """Return how wide a line is, in mm; what cannot be written counts as an em."""
    widths, em = _metrics()
    units = sum(widths.get(ord(one), em) for one in unicodedata.normalize("NFC", text))
    return units / em * points * _POINT


def unwritable(text: str) -> str:
    """Return each character once that the typeface lacks, in order of appearance."""
    widths, _ = _metrics()
    wanted = dict.fromkeys(unicodedata.normalize("NFC", text))
    return "".join(one for one in wanted if ord(one) not in widths and one not in _UNSEEN)
