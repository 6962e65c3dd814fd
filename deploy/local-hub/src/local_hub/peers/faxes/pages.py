"""Draws pages as fax machines send them, whole and broken, for pretend faxes and tests."""

import struct
from io import BytesIO

import pypdfium2
from PIL import Image, ImageDraw, TiffImagePlugin

TSI, SOFTWARE = "+49 711 555 0101", "HylaFAX (tm) Version 6.0.7"


def tiff(
    pages: int = 1,
    description: str = "",
    height: int = 100,
    words: str = "",
    lines: int = 98,
    *,
    filled: bool = False,
) -> bytes:
    """Return pages as HylaFAX keeps them; `description`: TSI and CallIDs, a line each.

    `lines` an inch; `filled` with dots, so that a page takes long on the line.
    """
    drawn = []
    for number in range(pages):
        page = Image.new("1", (1728, height), 1)
        ImageDraw.Draw(page).text((80, 20), words or f"Seite {number + 1}", fill=0)
        if filled:
            page.paste(Image.effect_noise(page.size, 90).convert("1"), (0, 60))
        drawn.append(page)
    info = TiffImagePlugin.ImageFileDirectory_v2()
    if description:
        info[270], info[305] = description, SOFTWARE
    out = BytesIO()
    drawn[0].save(
        out,
        "TIFF",
        save_all=True,
        append_images=drawn[1:],
        compression="group4",
        dpi=(204, lines),
        tiffinfo=info,
    )
    return out.getvalue()


def chain(pages: int, loop: bool = False) -> bytes:
    """Return a TIFF of so many empty directories; with `loop` the last one leads to the first."""
    head = b"II*\0" + struct.pack("<I", 8)
    one = 2 + 12 + 4
    parts = []
    for number in range(pages):
        after = 8 + (number + 1) * one if number + 1 < pages else (8 if loop else 0)
        parts.append(struct.pack("<HHHIII", 1, 256, 3, 1, 1728, after))
    return head + b"".join(parts)


def pdf(pages: int = 1) -> bytes:
    document = pypdfium2.PdfDocument.new()
    for _ in range(pages):
        document.new_page(595, 842)
    out = BytesIO()
    document.save(out)
    document.close()
    return out.getvalue()
