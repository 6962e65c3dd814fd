"""Cuts a scanned file into its documents at separator sheets; the work is done in a pool.

A file without a separator sheet is one document, and its original the file itself. Where one part
cannot be cut out, none is: the file is one document, and marked.
"""

from collections.abc import Sequence

from channel_paper.parse import Document
from hub_contract.errors import Permanent
from hub_contract.problems import ProblemCode
from hub_reading import pool
from hub_reading.pool import PageReader


class Cutter:
    """`receive.take.Cut`."""

    def __init__(self, reader: PageReader) -> None:
        self._reader = reader

    async def __call__(self, raw: bytes) -> Sequence[Document]:
        """Return the documents. `Permanent`: it cannot be cut; `Temporary`: the pool is ill."""
        batch = await self._reader.split(raw)
        if len(batch.documents) < 2 and not _is_parted(batch):
            return (Document(raw, pages=batch.pages or 0),)
        if any(one.code is ProblemCode.UNREADABLE for one in batch.problems):
            raise Permanent("a part cannot be cut out")
        return [_document(one) for one in batch.documents]


def _is_parted(batch: pool.Batch) -> bool:
    return any(one.part.separator is not None for one in batch.documents)


def _document(one: pool.Document) -> Document:
    part = one.part
    return Document(one.file, part.pages[0], len(part.pages), part.blank, is_whole=False)
