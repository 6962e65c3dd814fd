"""How far the lines of a page slope, found by how sharply its rows are light and dark."""

import math

import numpy as np
import numpy.typing as npt
from PIL import Image

from hub_reading.straighten.ink import ink

_DPI = 100.0
_WIDEST = 5.0  # degrees: nobody lays paper more crookedly on a scanner that feeds it
_COARSE, _FINE = 0.5, 0.1
_WORTH_IT = 0.5  # degrees: below, letters are read just as well
_POINTS = 20_000  # dark points that are looked at
_STANDS_OUT = 1.5  # times as sharp as the middle one: noise has 1.1, a few lines have 5
_ENOUGH = 400

_Numbers = npt.NDArray[np.float32]


def skew_of(image: Image.Image, dpi: float) -> float:
    """Return by how many degrees the page must be turned anticlockwise for level lines."""
    ys, xs = np.nonzero(ink(image, dpi, _DPI))
    if len(ys) < _ENOUGH:
        return 0.0
    if len(ys) > _POINTS:  # by chance: every third would be a pattern of its own
        some = np.random.default_rng(0).integers(0, len(ys), _POINTS)
        ys, xs = ys[some], xs[some]
    down, across = ys.astype(np.float32), xs.astype(np.float32)
    steps = np.arange(-_WIDEST, _WIDEST + _COARSE / 2, _COARSE)
    sharp = [_sharpness(down, across, angle) for angle in steps]
    # Lines stand out of all angles; a photograph, or noise, has none that does.
    if max(sharp) < _STANDS_OUT * float(np.median(sharp)):
        return 0.0
    coarse = steps[int(np.argmax(sharp))]
    near = np.arange(coarse - _COARSE, coarse + _COARSE + _FINE / 2, _FINE)
    return float(max(near, key=lambda angle: _sharpness(down, across, angle)))


def _sharpness(down: _Numbers, across: _Numbers, degrees: float) -> float:
    """Return how unevenly the dark points fall on rows, were the page turned by so much."""
    rows = down - across * math.tan(math.radians(degrees))
    counts = np.bincount((rows - rows.min()).astype(np.int32)).astype(np.float64)
    return float(np.square(np.diff(counts)).sum())


def level(image: Image.Image, dpi: float) -> tuple[Image.Image, float]:
    """Return the page with level lines, and by how many degrees it was turned for it."""
    skew = skew_of(image, dpi)
    if abs(skew) < _WORTH_IT:
        return image, 0.0
    grey = image.convert("L") if image.mode == "1" else image
    white = 255 if grey.mode == "L" else (255, 255, 255)
    return grey.rotate(skew, Image.Resampling.BILINEAR, fillcolor=white), skew
