"""A page's picture, compressed for the searchable copy: G4 for black and white, else JPEG."""

from io import BytesIO

from PIL import Image, TiffImagePlugin

from hub_reading.values import Scan

_DPI = 200.0  # of grey and colour: enough to read, a third of the bytes of 300
_QUALITY = 50
_ROWS, _OFFSETS = 278, 273  # tags of a TIFF: rows of a strip, where the strips are
_LENGTHS, _INVERTED = 279, 262


def compress(image: Image.Image, dpi: float) -> Scan:
    """Return the picture as a stream of a PDF; grey that is all black or white becomes G4."""
    if image.mode == "1":
        return _bilevel(image, dpi)
    scale = min(1.0, _DPI / dpi)
    if scale < 0.95:
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        image = image.resize(size, Image.Resampling.BILINEAR, reducing_gap=1.5)
        dpi *= scale
    out = BytesIO()
    image.save(out, "JPEG", quality=_QUALITY)
    colours = 1 if image.mode == "L" else 3
    return Scan(out.getvalue(), "DCTDecode", *image.size, colours, dpi)


def _bilevel(image: Image.Image, dpi: float) -> Scan:
    """Return it as one strip of G4, which a TIFF and a PDF write alike (ITU-T T.6)."""
    out = BytesIO()
    image.save(out, "TIFF", compression="group4", tiffinfo={_ROWS: image.height, _INVERTED: 0})
    with Image.open(BytesIO(out.getvalue())) as written:
        assert isinstance(written, TiffImagePlugin.TiffImageFile)
        tags = written.tag_v2
        (start,), (length,) = tags[_OFFSETS], tags[_LENGTHS]
    return Scan(out.getvalue()[start : start + length], "CCITTFaxDecode", *image.size, 1, dpi)
