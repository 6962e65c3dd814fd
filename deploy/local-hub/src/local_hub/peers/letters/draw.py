"""Draws a typed letter as a scanner would see it: grey, not quite straight, with some dust."""

import random
from collections.abc import Iterator
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from hub_print.typeset import FONTS

DPI = 150
_WIDTH, _HEIGHT = 1240, 1754  # pixels of A4 at 150 dpi
_MARGIN, _LINE, _SIZE = 150, 42, 28  # pixels
_TURNED = 0.4  # degrees; nobody lays paper down straight
_DUST = 60  # specks a page
_MOST_PAGES = 20


def draw_letter(text: str) -> bytes:
    """Return the pages as a PDF of pictures: no words are in it, as in any scan."""
    font = ImageFont.truetype(str(FONTS / "NotoSans-Regular.ttf"), _SIZE)
    pages = [_page(lines, font) for lines in _pages(list(_wrapped(text, font)))]
    out = BytesIO()
    pages[0].save(out, "PDF", resolution=DPI, save_all=True, append_images=pages[1:])
    return out.getvalue()


def _wrapped(text: str, font: ImageFont.FreeTypeFont) -> Iterator[str]:
    room = _WIDTH - 2 * _MARGIN
    for line in text.splitlines() or [""]:
        held = ""
        for word in line.split(" "):
            longer = f"{held} {word}" if held else word
            if held and font.getlength(longer) > room:
                yield held
                longer = word
            held = longer
        yield held


def _pages(lines: list[str]) -> Iterator[list[str]]:
    fit = (_HEIGHT - 2 * _MARGIN) // _LINE
    for begin in range(0, min(len(lines), fit * _MOST_PAGES), fit):
        yield lines[begin : begin + fit]


def _page(lines: list[str], font: ImageFont.FreeTypeFont) -> Image.Image:
    page = Image.new("L", (_WIDTH, _HEIGHT), 250)
    pen = ImageDraw.Draw(page)
    for number, line in enumerate(lines):
        pen.text((_MARGIN, _MARGIN + number * _LINE), line, font=font, fill=30)
    dust = random.Random(len(lines))  # noqa: S311 - the same letter looks the same
    for _ in range(_DUST):
        pen.point((dust.randrange(_WIDTH), dust.randrange(_HEIGHT)), fill=120)
    return page.rotate(_TURNED, Image.Resampling.BICUBIC, fillcolor=250)
