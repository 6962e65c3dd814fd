"""The pages of a fax machine: typed words become a page, files are looked at page by page."""

import textwrap
from io import BytesIO
from threading import Lock

import pypdfium2
from PIL import Image, ImageDraw, ImageFont, ImageSequence

WIDTH, HEIGHT = 1728, 2292  # dots of A4 at 204 by 196 an inch (ITU-T T.4, Fine)
MOST = 50  # pages that a machine takes, or shows
_LINES, _COLUMNS = 48, 72
_PDFIUM = Lock()  # it is one to a process


def write_pages(text: str, sender: str) -> bytes:
    """Return typed words as a PDF, below a headline, as machines write one."""
    lines = [f"FAX VON {sender}", "", *(p for one in text.splitlines() for p in _wrapped(one))]
    pages = [_draw(lines[at : at + _LINES]) for at in range(0, len(lines), _LINES)][:MOST]
    return _as_pdf(pages)


def to_pdf(data: bytes) -> tuple[bytes, int]:
    """Return a file of a citizen's as PDF, and its pages; `ValueError` where it is none we know."""
    if b"%PDF-" in data[:1024]:
        return data, count(data)
    try:
        with Image.open(BytesIO(data)) as image:
            pages = [page.convert("1") for page in ImageSequence.Iterator(image)][:MOST]
    except (OSError, Image.DecompressionBombError):
        raise ValueError("neither PDF nor TIFF") from None
    return _as_pdf(pages), len(pages)


def count(data: bytes) -> int:
    """Return how many pages a PDF or TIFF has; 0 where it is neither."""
    try:
        if b"%PDF-" in data[:1024]:
            with _PDFIUM:
                return len(pypdfium2.PdfDocument(data))
        with Image.open(BytesIO(data)) as image:
            return int(getattr(image, "n_frames", 1))
    except (OSError, pypdfium2.PdfiumError, Image.DecompressionBombError):
        return 0


def show_page(data: bytes, number: int) -> bytes:
    """Return one page, counted from 1, as PNG; `LookupError` where there is none."""
    if not 1 <= number <= min(count(data), MOST):
        raise LookupError(number)
    if b"%PDF-" in data[:1024]:
        with _PDFIUM:
            page = pypdfium2.PdfDocument(data)[number - 1]
            image = page.render(scale=1.4, grayscale=True).to_pil()
    else:
        with Image.open(BytesIO(data)) as whole:
            whole.seek(number - 1)
            image = whole.convert("L")
        image.thumbnail((864, 1222))
    out = BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def _wrapped(line: str) -> list[str]:
    return textwrap.wrap(line, _COLUMNS) or [""]


def _draw(lines: list[str]) -> Image.Image:
    page = Image.new("1", (WIDTH, HEIGHT), 1)
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(34)
    for number, line in enumerate(lines):
        pen.text((140, 120 + number * 43), line, fill=0, font=font)
    return page


def _as_pdf(pages: list[Image.Image]) -> bytes:
    out = BytesIO()
    pages[0].save(out, "PDF", save_all=True, append_images=pages[1:], resolution=200)
    return out.getvalue()
