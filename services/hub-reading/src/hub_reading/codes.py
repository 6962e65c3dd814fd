"""Codes on a page by zxing-cpp: DataMatrix, QR, Code 39 and Code 128, several on a page.

Rule 1. The page as it was scanned comes first, then the one with square pixels: a bar that one
        line of a fax has torn is whole in the other.
Rule 2. zxing's usual way to tell black from white misses a grey code now and then, so that others
        are tried. None says that there is no code until all have looked.
"""

from collections.abc import Iterator

import zxingcpp
from PIL import Image

from hub_reading.values import Code

_B, _F = zxingcpp.Binarizer, zxingcpp.BarcodeFormat
_FORMATS = zxingcpp.BarcodeFormats([_F.DataMatrix, _F.QRCode, _F.Code39, _F.Code128])
_WORTH = 3  # characters: bars of a table say one or two by chance


def find_codes(*pictures: Image.Image, most: int = 50) -> tuple[Code, ...]:
    """Return what the codes on these pictures of one page say, once each."""
    found: dict[Code, None] = {}
    for way in _ways(pictures):
        found.update(dict.fromkeys(way))
        if found and len(found) >= most:
            break
    return tuple(found)[:most]


def _ways(pictures: tuple[Image.Image, ...]) -> Iterator[list[Code]]:
    for picture in pictures:
        grey = picture.convert("L")
        first = _read(grey, _B.LocalAverage)
        yield first
        if not first:
            yield _read(grey, _B.GlobalHistogram)


def _read(grey: Image.Image, binarizer: zxingcpp.Binarizer) -> list[Code]:
    try:
        read = zxingcpp.read_barcodes(
            grey,
            formats=_FORMATS,
            binarizer=binarizer,
            try_invert=False,
            text_mode=zxingcpp.TextMode.Plain,
        )
    except (RuntimeError, ValueError):
        return []
    return [Code(_name(one), one.text) for one in read if len(one.text.strip()) >= _WORTH]


def _name(one: zxingcpp.Barcode) -> str:
    return str(one.format).replace(" ", "")
