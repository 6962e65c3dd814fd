"""Sixty-four bits of what a page looks like: scans of one page differ in few of them.

A perceptual hash: the page on 32 × 64 points, its 64 slowest waves (discrete cosine transform, 4
across and 16 down, since pages are made of lines), each above or below their median. The mean grey
is left out. Two scans of one page, or a scan and a fax of it, differ in up to six bits. Pages of
other words differ in thirteen on average, but two that fill in the same form may differ in none:
so a likeness is shown to people, and nothing is ever dropped for it.
"""

from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image

_ACROSS, _DOWN = (32, 4), (64, 16)  # points, waves
SAME = 6  # bits: up to here two pages are shown as perhaps the same


def fingerprint(image: Image.Image) -> str:
    """Return 16 hex digits."""
    size = (_ACROSS[0], _DOWN[0])
    small = image.convert("L").resize(size, Image.Resampling.BOX, reducing_gap=3.0)
    points = np.asarray(small, dtype=np.float64)
    waves = (_cosines(*_DOWN) @ points @ _cosines(*_ACROSS).T).ravel()
    middle = np.median(waves[1:])
    waves[0] = middle
    return f"{int(''.join('1' if wave > middle else '0' for wave in waves), 2):016x}"


@cache
def _cosines(points: int, waves: int) -> npt.NDArray[np.float64]:
    wave, point = np.arange(waves)[:, None], np.arange(points)[None, :]
    return np.asarray(np.cos(np.pi * wave * (2 * point + 1) / (2 * points)))


def differ(one: str, other: str) -> int:
    """Return in how many bits two fingerprints differ."""
    return (int(one, 16) ^ int(other, 16)).bit_count()
