"""Pictures of a page for people: WebP, one for lists (320 px wide) and one to read (1,600 px)."""

from io import BytesIO

from PIL import Image

SMALL, LARGE = 320, 1600  # px wide at most
_TALLEST = 16_383  # px: WebP has 14 bits for a side
_QUALITY = 60
_METHOD = 1  # of 0 to 6: a third of the time of the usual 4, for a quarter more bytes


def large(image: Image.Image) -> Image.Image:
    """Return the picture at the size in which it is shown, grey or in colour."""
    return _fitted(image.convert("L") if image.mode == "1" else image, LARGE)


def small(shown: Image.Image) -> Image.Image:
    return _fitted(shown, SMALL)


def webp(picture: Image.Image) -> bytes:
    out = BytesIO()
    picture.save(out, "WEBP", quality=_QUALITY, method=_METHOD)
    return out.getvalue()


def _fitted(image: Image.Image, wide: int) -> Image.Image:
    scale = min(1.0, wide / image.width, _TALLEST / image.height)
    if scale == 1.0:
        return image
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.BICUBIC, reducing_gap=1.5)
