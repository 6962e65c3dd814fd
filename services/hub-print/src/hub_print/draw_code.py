"""Draws a code as SVG: a DataMatrix for our own pages, codes of lines for separator sheets.

Without their quiet zones: the page leaves room around them.
"""

import zxingcpp


def data_matrix(text: str) -> str:
    """A square one: short texts would else become a rectangle."""
    return _draw(text, zxingcpp.BarcodeFormat.DataMatrix, force_square=True)


def code_128(text: str) -> str:
    return _draw(text, zxingcpp.BarcodeFormat.Code128)


def code_39(text: str) -> str:
    return _draw(text, zxingcpp.BarcodeFormat.Code39)


def _draw(text: str, kind: zxingcpp.BarcodeFormat, **options: bool) -> str:
    code = zxingcpp.create_barcode(text, kind, **options)
    return zxingcpp.write_barcode_to_svg(code, add_quiet_zones=False)
