"""What a scanned file consists of: one document, or several that separator sheets parted."""

from dataclasses import dataclass

from channel_paper.parse.whole import Kind, kind_of


@dataclass(frozen=True, slots=True)
class Document:
    """One letter; `data` is the file itself, or a PDF of its pages where the file had several.

    Pages count from 1, as in the file.
    """

    data: bytes
    first_page: int = 1
    pages: int | None = None  # None: nobody could count them
    blank: tuple[int, ...] = ()  # pages of the file that were left out, since nothing is on them
    is_whole: bool = True  # the file as it came


@dataclass(frozen=True, slots=True)
class Batch:
    """A scanned file with its documents; `fault`: why it was not cut."""

    digest: str  # SHA-256 of the file, in hex
    size: int
    complete: bool  # its end is there
    documents: tuple[Document, ...]
    fault: str = ""


def is_document(data: bytes) -> bool:
    """Say whether these bytes are of a kind that scanners write."""
    return kind_of(data[:1024]) is not Kind.OTHER
