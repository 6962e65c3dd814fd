"""Which pages of a batch belong together, by its separator sheets; blank pages are left out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from hub_contract.page_codes import SEPARATOR
from hub_reading.values import PageReading

_OTHERS = {"PATCHT", "*PATCHT*"}


@dataclass(frozen=True, slots=True)
class Part:
    """One document of a batch, by the batch's page numbers from 1."""

    pages: tuple[int, ...] = ()
    blank: tuple[int, ...] = ()  # left out, and noted
    label: str = ""  # what its separator sheet said behind the slash
    separator: int | None = None  # its separator sheet; the first document needs none


def plan(pages: Iterable[PageReading]) -> tuple[Part, ...]:
    """Return the documents in their order. Blank sheets that are all there is stay a document."""
    looked_at = list(pages)
    parts = tuple(part for part in _parts(looked_at) if part.pages)
    if parts or not looked_at:
        return parts
    kept = tuple(page.number for page in looked_at if label_of(page) is None)
    return (Part(kept),) if kept else ()


def _parts(pages: list[PageReading]) -> Iterator[Part]:
    part = Part()
    for page in pages:
        label = label_of(page)
        if label is not None:
            yield part
            part = Part(label=label, separator=page.number)
        elif page.blank:
            part = replace(part, blank=(*part.blank, page.number))
        else:
            part = replace(part, pages=(*part.pages, page.number))
    yield part


def label_of(page: PageReading) -> str | None:
    """Return what a separator sheet says, "" mostly; None where the page is none."""
    for code in page.codes:
        said, _, label = code.text.strip().partition("/")
        if said.upper() == SEPARATOR or said.upper() in _OTHERS:
            return label
    return None
