"""Whether there is nothing on a page: dust, shadows of an edge and punched holes are nothing."""

import numpy as np
import numpy.typing as npt
from PIL import Image

from hub_reading.straighten.ink import Mask, ink

_DPI = 50.0
_EDGE = 0.2  # inches at each side, where scanners see the bed
_HOLE_ZONE = 0.9  # inches from an edge: ISO 838 has the middle of a hole at 12 mm
_HOLE_LEAST, _HOLE_MOST = 0.15, 0.4  # inches across: ISO 838 has 6 mm
_ROUND = 0.55  # share of its square that a round hole fills
_DUST = 2  # dark points side by side
_NOTHING = 6  # dark points that a page may have and still be blank: a full stop has one or two


def is_blank(image: Image.Image, dpi: float) -> bool:
    """Say whether the page has nothing on it that a person could have meant."""
    dark = ink(image, dpi, _DPI)
    edge = round(_EDGE * _DPI)
    inner = _without_dust(dark[edge:-edge, edge:-edge])
    if inner.size == 0:
        return False
    zone = round(_HOLE_ZONE * _DPI)
    left = int(inner.sum())
    for strip in (inner[:, :zone], inner[:, -zone:], inner[:zone].T, inner[-zone:].T):
        left -= _holes(strip)
    return left <= _NOTHING


def _without_dust(dark: Mask) -> Mask:
    """Leave out dark points that stand alone or in twos: of a letter there are more."""
    if dark.size == 0:
        return dark
    around = np.pad(dark, 1).view(np.uint8)
    across = around[:, :-2] + around[:, 1:-1] + around[:, 2:]
    count = across[:-2] + across[1:-1] + across[2:]  # each counts itself too
    return np.asarray(dark & (count > _DUST))


def _holes(strip: Mask) -> int:
    """Return how many dark points of a strip along an edge belong to punched holes."""
    found = 0
    for start, end in _runs(np.any(strip, axis=1)):
        rows = strip[start:end]
        columns = np.flatnonzero(np.any(rows, axis=0))
        high, wide = end - start, int(columns[-1] - columns[0]) + 1
        dots = int(rows.sum())
        if _is_hole(high) and _is_hole(wide) and dots >= _ROUND * high * wide:
            found += dots
    return found


def _is_hole(points: int) -> bool:
    return _HOLE_LEAST * _DPI <= points <= _HOLE_MOST * _DPI


def _runs(rows: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return where rows begin and end that have ink without a gap."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], rows.view(np.int8), [0]))))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
