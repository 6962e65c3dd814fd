"""Specks of a fax: black dots that stand alone are noise of the line, never part of a letter."""

import numpy as np
from PIL import Image

_NEIGHBOURS = 1  # at most; a dot of an i at 204×98 has more


def without_specks(image: Image.Image) -> Image.Image:
    """Return black and white without black dots that have at most one black neighbour."""
    if image.mode != "1":
        return image
    black = ~np.asarray(image)
    around = np.pad(black, 1).view(np.uint8)
    across = around[:, :-2] + around[:, 1:-1] + around[:, 2:]
    count = across[:-2] + across[1:-1] + across[2:]  # each dot counts itself too
    cleaned = Image.fromarray(~(black & (count > _NEIGHBOURS + 1)))
    cleaned.info.update(image.info)
    return cleaned
