"""Some pages of a file as a file of their own, without packing one pixel anew."""

from dataclasses import dataclass
from io import BytesIO

import pikepdf

from hub_contract.problems import Problem, ProblemCode
from hub_reading.pages import outline
from hub_reading.pages.directories import Damaged
from hub_reading.split.cut_tiff import cut_tiff

_MEDIA_TYPES = {
    "pdf": "application/pdf",
    "tiff": "image/tiff",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "heic": "image/heic",
}


@dataclass(frozen=True, slots=True)
class Cut:
    file: bytes
    media_type: str


def cut(raw: bytes, numbers: tuple[int, ...]) -> Cut | Problem:
    """Return pages `numbers` (from 1, in order) of the file; all of them are the file itself.

    A PDF's pages keep their content and lose what belongs to the whole: outlines, scripts, forms.
    """
    found = outline(raw)
    if not found.kind or not numbers or not 1 <= min(numbers) <= max(numbers) <= (found.pages or 0):
        return Problem(code=ProblemCode.UNREADABLE, about=found.kind.upper())
    media_type = _MEDIA_TYPES[found.kind]
    if numbers == tuple(range(1, (found.pages or 0) + 1)):
        return Cut(raw, media_type)
    try:
        return Cut(
            _cut_pdf(raw, numbers) if found.kind == "pdf" else cut_tiff(raw, numbers), media_type
        )
    except (pikepdf.PdfError, Damaged, ValueError, IndexError):
        return Problem(code=ProblemCode.UNREADABLE, about=found.kind.upper())


def _cut_pdf(raw: bytes, numbers: tuple[int, ...]) -> bytes:
    with pikepdf.open(BytesIO(raw)) as whole, pikepdf.new() as part:
        part.pages.extend(whole.pages[number - 1] for number in numbers)
        out = BytesIO()
        part.save(out, deterministic_id=True)
        return out.getvalue()
