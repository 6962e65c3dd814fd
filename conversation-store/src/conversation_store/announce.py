"""Says on the bus what has changed in a timeline or a transaction, for everyone who follows."""

from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from hub_contract.events import EntryAppended, TransactionChanged
from hub_contract.ids import appended_id, changed_id
from hub_contract.topics import Wire, to_wire
from hub_contract.words import Channel

# `read`: nothing of it has changed, but an agent has read all up to it; `rang`: a call rings;
# `pages`: a machine has read its pages, or has given up.
Change = Literal[
    "appended", "delivery", "moved", "merged", "split", "undone", "read", "rang", "pages"
]
Status = Literal["INITIATED", "SUBMITTED", "RECEIVED", "PROCESSING", "ACTION_REQUIRED", "COMPLETED"]


class EntryNews(NamedTuple):
    """An entry that came or changed; `cause` tells two changes of one entry apart."""

    tenant: str
    conversation_id: UUID
    entry_id: UUID
    place: int
    kind: str
    direction: Literal["in", "out", "none"]
    channel: str
    at: datetime
    change: Change = "appended"
    cause: str = ""
    traceparent: str = ""


class TransactionNews(NamedTuple):
    tenant: str
    transaction_id: UUID
    public_service: str
    status: Status
    at: datetime
    cause: str
    traceparent: str = ""


Announcement = EntryNews | TransactionNews


def announce(news: Announcement, source: str) -> Wire:
    """Return the event that says it, as it lies in the log."""
    event = _of_entry(news) if isinstance(news, EntryNews) else _of_transaction(news)
    return to_wire(event, source, news.traceparent)


def _of_entry(news: EntryNews) -> EntryAppended:
    return EntryAppended(
        id=appended_id(news.tenant, news.entry_id, news.change, news.cause),
        tenant=news.tenant,
        conversation_id=news.conversation_id,
        entry_id=news.entry_id,
        place=news.place,
        change=news.change,
        kind=news.kind,
        direction=news.direction,
        channel=Channel(news.channel) if news.channel else None,
        at=news.at,
    )


def _of_transaction(news: TransactionNews) -> TransactionChanged:
    return TransactionChanged(
        id=changed_id(news.tenant, news.transaction_id, news.status, news.cause),
        tenant=news.tenant,
        transaction_id=news.transaction_id,
        public_service=news.public_service,
        status=news.status,
        at=news.at,
    )
