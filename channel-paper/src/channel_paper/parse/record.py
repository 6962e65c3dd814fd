"""The scan record of a document (BSI TR-03138 RESISCAN): who, when, device, hash, what was checked.

It is frozen with the entry, as evidence, and stands as JSON beside the file in `done/`. It says
what was checked and no more: nobody here has held the paper beside the picture.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC

from channel_paper.parse.context import Context
from channel_paper.parse.document import Batch, Document, is_document
from hub_contract.words import Evidence

BY = "channel_paper"
# What the note of transfer says of the file that is kept; pages have the sentences.
UNCHANGED = "unchanged"  # byte for byte as it came
CUT = "cut"  # pages of a batch, which is kept whole


@dataclass(frozen=True, slots=True)
class ScanRecord:
    """Words and numbers only, so that it is the same in JSON, in ten years, and on the desk."""

    file_name: str
    received_at: str  # UTC
    way: str
    by: str
    device: str
    sha256: str  # of the file as it came
    size: int
    complete: bool
    readable: bool
    pages: int | None
    first_page: int
    blank_pages: tuple[int, ...]
    transfer_note: str

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def record_of(batch: Batch, document: Document, context: Context) -> ScanRecord:
    """Return what is known of this document of the batch."""
    return ScanRecord(
        file_name=context.file_name,
        received_at=f"{context.received_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC",
        way=context.way,
        by=context.by,
        device=context.device,
        sha256=batch.digest,
        size=batch.size,
        complete=batch.complete,
        readable=is_document(document.data) and document.pages != 0,
        pages=document.pages,
        first_page=document.first_page,
        blank_pages=document.blank,
        transfer_note=UNCHANGED if document.is_whole else CUT,
    )


def evidence_of(record: ScanRecord) -> tuple[Evidence, ...]:
    """Return the record as the entry keeps it; what is not known is left out."""
    return tuple(
        Evidence(kind=kind, result=result, by=BY) for kind, result in _facts(record) if result
    )


def _facts(record: ScanRecord) -> Iterator[tuple[str, str]]:
    yield "transfer-note", record.transfer_note  # the first four stand on the entry's line
    yield "scan-complete", _verdict(record.complete)
    yield "scan-readable", _verdict(record.readable)
    yield "scan-time", record.received_at
    yield "scan-way", record.way
    yield "scan-by", record.by
    yield "scan-device", record.device
    yield "scan-file", record.file_name
    yield "scan-hash", record.sha256
    yield "scan-pages", "" if record.pages is None else str(record.pages)
    yield "scan-blank-pages", ", ".join(map(str, record.blank_pages))


def _verdict(good: bool) -> str:
    return "pass" if good else "fail"
