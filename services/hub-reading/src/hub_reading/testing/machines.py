"""What scanners and fax machines make of paper: skew, blur, noise, specks, other pixels."""

from collections.abc import Iterable
from io import BytesIO

import numpy as np
from PIL import Image, ImageFilter

FINE = (204.0, 196.0)  # dots per inch across and down, ITU-T T.4
STANDARD = (204.0, 98.0)
SUPERFINE = (204.0, 391.0)
_ACROSS = 1728  # dots of a fax's line


def scan(
    paper: Image.Image, seed: int = 0, *, skew: float = 0.0, noise: float = 6.0, specks: int = 60
) -> Image.Image:
    """Return grey paper as a scanner sees it: turned by `skew` degrees, blurred, with dirt."""
    chance = np.random.default_rng(seed)
    turned = paper.rotate(skew, Image.Resampling.BICUBIC, fillcolor=255)
    soft = np.asarray(turned.filter(ImageFilter.GaussianBlur(0.7)), dtype=np.float32)
    seen = soft + chance.normal(0, noise, soft.shape).astype(np.float32)
    for y, x in zip(
        chance.integers(2, seen.shape[0] - 3, specks),
        chance.integers(2, seen.shape[1] - 3, specks),
        strict=True,
    ):
        seen[y : y + 2, x : x + 2] = 30
    return Image.fromarray(seen.clip(0, 255).astype(np.uint8))


def fax(
    paper: Image.Image,
    dpi: tuple[float, float] = FINE,
    seed: int = 0,
    *,
    skew: float = 0.0,
    specks: int = 120,
) -> Image.Image:
    """Return paper as a fax: black and white, not square, with black and white specks."""
    chance = np.random.default_rng(seed)
    seen = scan(paper, seed, skew=skew, noise=4.0, specks=0)
    lines = round(297 / 25.4 * dpi[1])
    dots = np.asarray(seen.resize((_ACROSS, lines), Image.Resampling.BOX)) > 150
    black = dots.copy()
    ys, xs = chance.integers(0, lines, specks), chance.integers(0, _ACROSS, specks)
    black[ys, xs] ^= True
    page = Image.fromarray(black)
    page.info["dpi"] = dpi
    return page


def tiff(
    pages: Iterable[Image.Image],
    dpi: tuple[float, float] = (300.0, 300.0),
    compression: str = "group4",
) -> bytes:
    """Return the pages as one TIFF; `compression` as Pillow calls it: group3, group4, tiff_lzw."""
    first, *others = list(pages)
    out = BytesIO()
    first.save(
        out,
        "TIFF",
        save_all=True,
        append_images=others,
        compression=compression,
        dpi=first.info.get("dpi", dpi),
    )
    return out.getvalue()
