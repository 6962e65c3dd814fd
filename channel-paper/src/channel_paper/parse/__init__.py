"""Turn a scanned document into an event: pure, total, for `receive` and `faden parse`.

Rule 1. Never raise; what cannot be read is kept with its original, and marked.
Rule 2. The same bytes again are the same event: the id is made of the file's hash and the page.
Rule 3. No words are read here: that takes long, and follows (`hub_kit.read_later`).
"""

import hashlib

from channel_paper.parse.context import Context, Way
from channel_paper.parse.document import Batch, Document
from channel_paper.parse.record import ScanRecord, evidence_of, record_of
from channel_paper.parse.whole import ends_of, has_end
from hub_contract.events import Arrival, MessageContent, MessageReceived
from hub_contract.ids import received_id
from hub_contract.problems import Problem, ProblemCode
from hub_contract.words import Channel

__all__ = ["Batch", "Context", "Document", "Way", "batch_of", "parse", "parse_document"]


def batch_of(raw: bytes, documents: tuple[Document, ...] = (), fault: str = "") -> Batch:
    """Return a file as its documents; without any it is one document itself."""
    found = documents or (Document(raw),)
    return Batch(hashlib.sha256(raw).hexdigest(), len(raw), has_end(ends_of(raw)), found, fault)


def parse(raw: bytes, context: Context) -> Arrival:
    """Return the one document that this file is."""
    batch = batch_of(raw)
    return parse_document(batch, batch.documents[0], context)


def parse_document(batch: Batch, document: Document, context: Context) -> Arrival:
    """Return one document of a file."""
    record = record_of(batch, document, context)
    place = str(document.first_page)
    event = MessageReceived(
        id=received_id(context.tenant, Channel.PAPER, context.account, batch.digest, place),
        tenant=context.tenant,
        channel=Channel.PAPER,
        account=context.account,
        received_at=context.received_at,
        readable=record.readable,
        partial=not batch.complete,
        size=len(document.data),
        pages=document.pages,
        content=MessageContent(
            batch=f"{context.file_name} {batch.digest}".strip(),
            first_page=document.first_page,
            evidence=evidence_of(record),
            problems=_problems(batch, record),
        ),
    )
    return Arrival(event, document.data)


def _problems(batch: Batch, record: ScanRecord) -> tuple[Problem, ...]:
    found = []
    if batch.fault:
        found.append(Problem(code=ProblemCode.OVERRUN, about=batch.fault))
    if not batch.size:
        found.append(Problem(code=ProblemCode.EMPTY))
    elif not record.readable:
        found.append(Problem(code=ProblemCode.UNREADABLE))
    return tuple(found)
