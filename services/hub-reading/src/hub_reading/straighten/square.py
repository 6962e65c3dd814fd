"""Pixels as wide as they are high: a fax's lines are 98, 196 or 391 to the inch, its dots 204."""

from PIL import Image

_FINEST = 300.0  # dpi: more than this costs time and helps no letter
_COARSEST = 150.0
_ALIKE = 0.02  # share by which a scanner's two numbers may differ


def square(image: Image.Image, dpi: tuple[float, float]) -> tuple[Image.Image, float]:
    """Return the picture with the same dpi across and down, and that number.

    The finer direction stays as it is up to 300 dpi. Black and white becomes grey where it is
    stretched: in between two lines of a fax lies neither.
    """
    across, down = dpi
    wanted = min(max(across, down, _COARSEST), max(_FINEST, min(across, down)))
    if wanted > _FINEST * 1.4:
        wanted = _FINEST
    if abs(across / wanted - 1) < _ALIKE and abs(down / wanted - 1) < _ALIKE:
        return image, wanted
    size = (round(image.width * wanted / across) or 1, round(image.height * wanted / down) or 1)
    grey = image.convert("L") if image.mode == "1" else image
    return grey.resize(size, Image.Resampling.BICUBIC), wanted
