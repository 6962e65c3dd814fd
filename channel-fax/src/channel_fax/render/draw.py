"""Draws a fax: cover sheet and enclosures as pages of a TIFF that every machine takes. Pure.

A page is 1,728 dots wide (ITU-T T.4, 215 mm) at 204 dots and 196 lines an inch, black or white by a
threshold: dots of a dither cost minutes on the line. Coded as Group 4 (T.6); HylaFAX recodes it for
machines that know less.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import BytesIO

import pypdfium2
from PIL import Image

from hub_contract.delivery import Reason
from hub_contract.errors import Permanent
from hub_print.cover import Cover, cover
from hub_print.geometry import Fault, Unprintable

WIDTH, ACROSS, DOWN = 1728, 204, 196  # dots; dots and lines an inch
LONGEST = 3_000  # lines of one page: 39 cm
BLACK_BELOW = 160  # of 255: thin grey letters stay readable
_TOO_LARGE = frozenset({Fault.TOO_MANY_PAGES, Fault.TOO_LARGE})


@dataclass(frozen=True, slots=True)
class Drawn:
    tiff: bytes
    pages: int


def draw(_: bytes, wanted: Cover, most_pages: int, lines: int = DOWN) -> Drawn:
    """Return all pages; `Permanent` says by code why there are none, `TOO_LARGE` of too many.

    `lines` an inch: 196 (Fine) or 98 (Standard, in half the time). The first argument is what
    `hub_kit.bounded` measures the memory by.
    """
    drawn = list(_draw(_printed(replace(wanted, most_pages=most_pages)), lines))
    out = BytesIO()
    drawn[0].save(
        out,
        "TIFF",
        save_all=True,
        append_images=drawn[1:],
        compression="group4",
        dpi=(ACROSS, lines),
    )
    return Drawn(out.getvalue(), len(drawn))


def _printed(wanted: Cover) -> pypdfium2.PdfDocument:
    try:
        return pypdfium2.PdfDocument(cover(wanted).pdf)
    except Unprintable as error:
        reason = Reason.TOO_LARGE if error.found[0].fault in _TOO_LARGE else Reason.OTHER
        raise Permanent(f"content: {error}"[:200], reason=reason) from None
    except pypdfium2.PdfiumError:
        text = "attachments: a file is no PDF that can be drawn"
        raise Permanent(text, reason=Reason.OTHER) from None


def _draw(document: pypdfium2.PdfDocument, lines: int) -> Iterator[Image.Image]:
    for page in document:
        grey = page.render(scale=ACROSS / 72, grayscale=True).to_pil()
        yield fit(grey, lines)
        page.close()
    document.close()


def fit(grey: Image.Image, lines: int = DOWN) -> Image.Image:
    """Return a page drawn at 204 dots an inch both ways as one of a fax, in black and white."""
    width, height = grey.size
    if width > WIDTH:  # A3, or across
        width, height = WIDTH, height * WIDTH // width
    long = max(1, min(height * lines // ACROSS, LONGEST))
    page = Image.new("L", (WIDTH, long), 255)
    page.paste(grey.resize((width, long), Image.Resampling.LANCZOS), ((WIDTH - width) // 2, 0))
    return page.point(lambda value: 255 if value >= BLACK_BELOW else 0).convert("1")
