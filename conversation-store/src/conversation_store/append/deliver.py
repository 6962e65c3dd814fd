"""Lets delivery reports move the words of what we sent, and keeps every report, for `append`.

Rule 1. Reports repeat and race: `hub_contract.delivery.advance` says which word wins.
Rule 2. Every report is kept, also one that comes late or is about nothing we know.
Rule 3. What failed or came back asks for an agent: the conversation is unread, and open again, and
        who had been answered waits again; unless a later report says that it did arrive.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from asyncpg import Record
from pydantic import ValidationError

from conversation_store.announce import EntryNews
from conversation_store.append.assign import Proposal
from conversation_store.append.known import Known
from conversation_store.append.place import Thread, look_who_waits
from conversation_store.append.read import Reader
from hub_contract.delivery import Delivery, advance
from hub_contract.errors import Permanent
from hub_contract.events import DeliveryContent, DeliveryReported
from hub_kit.consume import Delivered
from hub_kit.database import Connection
from hub_kit.sealing import open_bytes, sealed_bytes

_ALARMING = (Delivery.FAILED, Delivery.RETURNED)


@dataclass(frozen=True, slots=True)
class Report:
    """A delivery report, opened as far as the store needs it."""

    event: DeliveryReported
    traceparent: str
    sealed: bytes
    external: str  # look-up of the id under which the peer knows our message

    @property
    def claim(self) -> tuple[str, UUID, bool]:
        return self.external, self.event.message_id, False


def open_report(
    reader: Reader, event: DeliveryReported, traceparent: str, wrapped: bytes | None
) -> Report:
    """Return the report; without its key it still says how far the message got."""
    sealed = sealed_bytes(event)
    external = ""
    if wrapped is not None:
        key = reader.ring.unwrap(wrapped, event.id)
        try:
            content = DeliveryContent.model_validate_json(open_bytes(sealed, event.id, key))
        except ValidationError:
            raise Permanent(f"content of {event.type} {event.id} is not of its class") from None
        external = reader.external_lookup(event.tenant, event.channel, content.external_id)
    return Report(event, traceparent, sealed, external)


def open_reports(
    reader: Reader, delivered: Iterable[Delivered], keys: Mapping[UUID, bytes]
) -> list[Report]:
    return [
        open_report(reader, d.event, d.record.traceparent, keys.get(d.event.id))
        for d in delivered
        if isinstance(d.event, DeliveryReported)
    ]


async def find_conversations(
    connection: Connection, tenant: str, reports: Sequence[Report]
) -> dict[UUID, UUID]:
    """Return the conversation of every outbound message that these are about."""
    if not reports:
        return {}
    rows = await connection.fetch(
        """select id, conversation_id from entry
           where tenant = $1 and id = any($2::uuid[]) and delivery is not null""",
        tenant,
        list({r.event.message_id for r in reports}),
    )
    return {row["id"]: row["conversation_id"] for row in rows}


_KEEP = """
insert into delivery (id, tenant, message_id, status, reason, code, at, facts, original, content)
select n.id, $1, n.message_id, n.status, n.reason, n.code, n.at, n.facts, n.original, n.content
from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::timestamptz[],
    $8::text[], $9::text[], $10::bytea[])
  as n(id, message_id, status, reason, code, at, facts, original, content)
on conflict (id) do nothing
"""
# Under the lock of its conversation, so that no other store moves the word meanwhile.
_WORDS = """
select id, conversation_id, place, kind, direction, channel, delivery from entry
where tenant = $1 and id = any($2::uuid[])
"""
_MOVE = """
update entry e
set delivery = n.word, delivery_reason = n.reason, delivery_code = n.code, delivery_at = n.at
from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])
  as n(id, word, reason, code, at)
where e.id = n.id and e.tenant = $1
"""


async def deliver(
    connection: Connection,
    tenant: str,
    reports: Sequence[Report],
    conversations: Mapping[UUID, UUID],
    threads: Mapping[UUID, Thread],
) -> list[EntryNews]:
    """Keep the reports and move the words; return what the bus must hear of it."""
    if not reports:
        return []
    await connection.execute(_KEEP, tenant, *zip(*map(_row, reports), strict=True))
    words = await connection.fetch(_WORDS, tenant, list(conversations))
    by_message: dict[UUID, list[Report]] = defaultdict(list)
    for report in reports:
        by_message[report.event.message_id].append(report)
    news, moved, alarming, settled = [], [], [], []
    for row in words:
        winner = _last_to_count(Delivery(row["delivery"]), by_message[row["id"]])
        if winner is None:
            continue
        event = winner.event
        moved.append((row["id"], event.status, event.reason, event.code, event.at))
        news.append(_news(tenant, row, winner))
        thread = threads[conversations[row["id"]]]
        if event.status in _ALARMING:
            alarming.append(thread)
        if event.status in _ALARMING or row["delivery"] in _ALARMING:
            settled.append(thread)
    if moved:
        await connection.execute(_MOVE, tenant, *zip(*moved, strict=True))
    await look_who_waits(connection, tenant, settled)
    for thread in alarming:
        thread.alarm()
    return news


def _last_to_count(word: Delivery, reports: Iterable[Report]) -> Report | None:
    """Return the report whose word holds after all of these, or None where none counts."""
    winner = None
    for report in reports:
        after = advance(word, report.event.status)
        if after is not word:
            word, winner = after, report
    return winner


def propose(
    reports: Sequence[Report], conversations: Mapping[UUID, UUID], known: Known
) -> list[tuple[UUID, Proposal, datetime]]:
    """Ask about answers that were here before we knew the id of what they answer."""
    proposals = []
    for report in reports:
        ref = known.refs.get(report.external)
        own = conversations.get(report.event.message_id)
        if ref is None or own is None or not ref.mentioned:
            continue
        known.taken_over.append((report.external, report.event.message_id))
        other = known.places.get(ref.entry_id)
        if other and other != own:
            proposals.append((own, Proposal("same_concern", other, "named"), report.event.at))
    return proposals


def _row(report: Report) -> tuple[object, ...]:
    event = report.event
    return (
        event.id,
        event.message_id,
        event.status,
        event.reason,
        event.code,
        event.at,
        _facts(event),
        event.original.model_dump_json() if event.original else "",
        report.sealed,
    )


def _facts(event: DeliveryReported) -> str:
    facts = {
        "pages": event.pages,
        "segments": event.segments,
        "seconds": event.seconds,
        "cost": f"{event.cost.amount} {event.cost.currency}" if event.cost else None,
    }
    return json.dumps({name: fact for name, fact in facts.items() if fact is not None})


def _news(tenant: str, row: Record, report: Report) -> EntryNews:
    return EntryNews(
        tenant=tenant,
        conversation_id=row["conversation_id"],
        entry_id=row["id"],
        place=row["place"],
        kind=row["kind"],
        direction=row["direction"],
        channel=row["channel"],
        at=report.event.at,
        change="delivery",
        cause=str(report.event.id),
        traceparent=report.traceparent,
    )
