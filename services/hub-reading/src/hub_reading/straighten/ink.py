"""Where a page is dark: a small picture of it, in which specks vanish and letters do not."""

import numpy as np
import numpy.typing as npt
from PIL import Image

Mask = npt.NDArray[np.bool_]
_DARKER = 40  # levels of 255 below the paper, from which on it is ink


def ink(image: Image.Image, dpi: float, wanted: float) -> Mask:
    """Return where the page is dark, at about `wanted` dpi: each point is a mean of its pixels."""
    grey = image.convert("L")
    small = np.asarray(grey.reduce(max(1, round(dpi / wanted))), dtype=np.int16)
    paper = int(np.percentile(small, 75)) if small.size else 255
    return small < paper - max(_DARKER, paper // 6)
