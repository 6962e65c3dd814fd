"""A page from a picture: JPEG, PNG and HEIC have one, and a TIFF's page is opened the same way."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

from PIL import Image, ImageFile, ImageOps
from pillow_heif import register_heif_opener

from hub_contract.problems import Problem, ProblemCode
from hub_reading.limits import Limits
from hub_reading.values import Outline, Sheet

register_heif_opener()
_FORMATS = ("JPEG", "PNG", "TIFF", "HEIF", "MPO")
_ASSUMED = 200.0  # dpi, where a camera or a scanner says nothing that can be true
_KINDS = {"JPEG": "jpeg", "MPO": "jpeg", "PNG": "png", "HEIF": "heic"}
_HUGE = 4  # times the limit: even a JPEG's eighth is not unpacked then


def outline(raw: bytes) -> Outline:
    """Return that there is one page, where the head of the file can be read."""
    try:
        with _quiet(), Image.open(BytesIO(raw), formats=_FORMATS) as image:
            return Outline(_KINDS.get(image.format or "", ""), 1)
    except Image.DecompressionBombError:
        return Outline("png", 1)
    except Exception:  # noqa: BLE001 - decoders raise what they like over hostile bytes
        return Outline(problems=(Problem(code=ProblemCode.UNREADABLE, about="format"),))


def open_page(raw: bytes, number: int, limits: Limits) -> Sheet | Problem:
    """Return the picture; its camera's orientation is obeyed, a torn end is left grey."""
    try:
        with _quiet(), Image.open(BytesIO(raw), formats=_FORMATS) as image:
            return _sheet(image, number, limits)
    except Image.DecompressionBombError:
        return Problem(code=ProblemCode.PAGE_TOO_LARGE, about=str(number))
    except Exception:  # noqa: BLE001 - as above
        return Problem(code=ProblemCode.PAGE_UNREADABLE, about=str(number))


def _sheet(image: Image.Image, number: int, limits: Limits) -> Sheet | Problem:
    problems: tuple[Problem, ...] = ()
    before = image.width
    if image.width * image.height > limits.pixels:
        too_large = Problem(code=ProblemCode.PAGE_TOO_LARGE, about=str(number))
        if not _made_smaller(image, limits):
            return too_large
        problems = (too_large,)
    dpi = dpi_of(image)
    if image.width != before:  # a JPEG that is unpacked smaller
        dpi = (dpi[0] * image.width / before, dpi[1] * image.width / before)
    cut = _load(image)
    if cut:
        problems += (Problem(code=ProblemCode.PAGES_CUT, about=str(number)),)
    return Sheet(number, plain(image), dpi, problems)


def _made_smaller(image: Image.Image, limits: Limits) -> bool:
    """Have a JPEG unpacked at an eighth, a quarter or a half; others know no such thing."""
    share = (limits.pixels / (image.width * image.height)) ** 0.5
    if image.width * image.height > _HUGE * 16 * limits.pixels:
        return False
    image.draft(image.mode, (int(image.width * share / 2) or 1, int(image.height * share / 2) or 1))
    return image.width * image.height <= limits.pixels


def _load(image: Image.Image) -> bool:
    """Unpack the pixels; say whether the file ends too early."""
    try:
        image.load()
    except (OSError, SyntaxError, ValueError):
        with _torn_allowed():
            image.load()
        return True
    return False


@contextmanager
def _torn_allowed() -> Iterator[None]:
    before = ImageFile.LOAD_TRUNCATED_IMAGES
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = before


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Pillow's warnings about odd tags and large pictures to ourselves: we look by size."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def dpi_of(image: Image.Image) -> tuple[float, float]:
    """Return dots per inch across and down; faxes that say none are known by their width."""
    said = image.info.get("dpi", (0, 0))
    across, down = (float(said[0] or 0), float(said[1] or 0))
    if 50 <= across <= 2400 and 40 <= down <= 2400:
        return across, down
    if image.width in _FAX_WIDTHS and image.mode == "1":
        lines = image.height / image.width
        return 204.0, 98.0 if lines < 1 else 196.0 if lines < 2 else 391.0
    return _ASSUMED, _ASSUMED


_FAX_WIDTHS = {1728, 2048, 2432}  # dots of a line of A4, B4 and A3, ITU-T T.4


def plain(image: Image.Image) -> Image.Image:
    """Return the picture upright as its camera says, on white, in mode 1, L or RGB."""
    turned = ImageOps.exif_transpose(image)
    if turned.mode in {"1", "L", "RGB"}:
        return turned.copy() if turned is image else turned
    if turned.mode in {"LA", "PA", "RGBA"} or "transparency" in turned.info:
        with_alpha = turned.convert("RGBA")
        white = Image.new("RGBA", with_alpha.size, "white")
        return Image.alpha_composite(white, with_alpha).convert("RGB")
    if turned.mode.startswith("I;16") or turned.mode in {"I", "F"}:
        return turned.point(lambda value: value / 256).convert("L")
    return turned.convert("RGB")
