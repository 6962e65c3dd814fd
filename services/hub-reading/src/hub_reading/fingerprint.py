"""Sixty-four bits of what a page looks like: scans of one page differ in few of them.

A perceptual hash: the page on 32 × 32 points, its 64 slowest waves (discrete cosine transform),
each above or below their median. The mean grey is left out. Two scans of one page differ in up to
ten bits; two pages of other words in twenty and more, unless both are nearly empty.
"""

from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image

_SIDE, _WAVES = 32, 8
SAME = 10  # bits: up to here two pages are shown as perhaps the same


def fingerprint(image: Image.Image) -> str:
    """Return 16 hex digits."""
    small = image.convert("L").resize((_SIDE, _SIDE), Image.Resampling.BOX, reducing_gap=3.0)
    points = np.asarray(small, dtype=np.float64)
    waves = (_cosines() @ points @ _cosines().T).ravel()
    waves[0] = np.median(waves[1:])
    bits = waves > np.median(waves[1:])
    return f"{int(''.join('1' if bit else '0' for bit in bits), 2):016x}"


@cache
def _cosines() -> npt.NDArray[np.float64]:
    wave, point = np.arange(_WAVES)[:, None], np.arange(_SIDE)[None, :]
    return np.asarray(np.cos(np.pi * wave * (2 * point + 1) / (2 * _SIDE)))


def differ(one: str, other: str) -> int:
    """Return in how many bits two fingerprints differ."""
    return (int(one, 16) ^ int(other, 16)).bit_count()
