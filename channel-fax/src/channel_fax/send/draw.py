"""Draws an answer as pages for a hosted provider: its text, and the PDFs that go with it."""

import asyncio
import textwrap
from io import BytesIO

import pypdfium2  # type: ignore[import-untyped]
from PIL import Image, ImageDraw, ImageFont

from channel_fax.numbers import AnyNumber
from channel_fax.render import Fax
from hub_contract.delivery import Reason
from hub_contract.errors import Permanent

WIDTH, HEIGHT = 1728, 2292  # dots of A4 at 204 by 196 an inch (ITU-T T.4)
_LINES, _COLUMNS, _SIZE = 48, 72, 34
_LOCK = asyncio.Lock()  # PDFium is one to a process


async def draw(fax: Fax, number: AnyNumber, files: tuple[bytes, ...]) -> bytes:
    """Return a TIFF in Group 4; `Permanent` where a file is no PDF."""
    async with _LOCK:
        return await asyncio.to_thread(_draw, fax.content.text, number.display_name, files)


def _draw(text: str, sender: str, files: tuple[bytes, ...]) -> bytes:
    lines = [sender, "", *(part for one in text.splitlines() for part in _wrapped(one))]
    pages = [_page(lines[at : at + _LINES]) for at in range(0, len(lines), _LINES)]
    pages += [page for data in files for page in _pages(data)]
    out = BytesIO()
    pages[0].save(
        out, "TIFF", save_all=True, append_images=pages[1:], compression="group4", dpi=(204, 196)
    )
    return out.getvalue()


def _wrapped(line: str) -> list[str]:
    return textwrap.wrap(line, _COLUMNS) or [""]


def _page(lines: list[str]) -> Image.Image:
    page = Image.new("1", (WIDTH, HEIGHT), 1)
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(_SIZE)
    for number, line in enumerate(lines):
        pen.text((140, 120 + number * 43), line, fill=0, font=font)
    return page


def _pages(data: bytes) -> list[Image.Image]:
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError:
        text = "attachments: a file is no PDF that can be opened"
        raise Permanent(text, reason=Reason.OTHER) from None
    drawn = [one.render(scale=2.8, grayscale=True).to_pil() for one in document]
    return [
        one.resize((WIDTH, HEIGHT)).point(lambda v: 255 * (v > 160)).convert("1") for one in drawn
    ]
