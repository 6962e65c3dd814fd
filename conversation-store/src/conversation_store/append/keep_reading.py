"""Keeps what a machine has read of a message, for `append`; the message may come after it.

Rule 1. The best one is kept: what is readable before what is not, then the later one. The key of
        the other goes at once.
Rule 2. What was read of an erased message is erased as it comes: reading takes a while, and nothing
        may outlive its original.
"""

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from asyncpg import Record
from pydantic import ValidationError

from conversation_store.announce import EntryNews
from conversation_store.append.read import Reader, read_keys
from hub_contract.errors import Permanent
from hub_contract.events import MessageRead, MessageReceived, ReadContent, Sealed
from hub_kit.consume import Delivered
from hub_kit.database import Connection
from hub_kit.erasures import Erasures
from hub_kit.event_log import erase_keys
from hub_kit.sealing import open_bytes, sealed_bytes


@dataclass(frozen=True, slots=True)
class Reading:
    event: MessageRead
    traceparent: str
    sealed: bytes
    content: ReadContent

    @property
    def of(self) -> UUID:
        return self.event.message_id


def open_readings(
    reader: Reader, delivered: Iterable[Delivered], keys: Mapping[UUID, bytes]
) -> list[Reading]:
    """Return them opened; what is erased already has nothing to say."""
    return [
        _open(reader, d.event, d.record.traceparent, keys[d.event.id])
        for d in delivered
        if isinstance(d.event, MessageRead) and d.event.id in keys
    ]


def _open(reader: Reader, event: MessageRead, traceparent: str, wrapped: bytes) -> Reading:
    sealed = sealed_bytes(event)
    plain = open_bytes(sealed, event.id, reader.ring.unwrap(wrapped, event.id))
    try:
        content = ReadContent.model_validate_json(plain)
    except ValidationError:
        raise Permanent(f"content of {event.type} {event.id} is not of its class") from None
    return Reading(event, traceparent, sealed, content)


_AHEAD = """
select r.message_id, r.event_id, r.readable, r.at, r.content, k.wrapped from reading r
join hub.message_key k on k.owner = r.event_id and k.tenant = $1
where r.tenant = $1 and r.message_id = any($2::uuid[])
"""


async def read_ahead(
    connection: Connection, reader: Reader, tenant: str, messages: Iterable[MessageReceived]
) -> list[Reading]:
    """Return what was read of these messages before they came: two topics keep no common order."""
    waited = {one.id: one for one in messages if one.to_be_read}
    if not waited:
        return []
    found = []
    for row in await connection.fetch(_AHEAD, tenant, list(waited)):
        message = waited[row["message_id"]]
        event = MessageRead(
            id=row["event_id"],
            tenant=tenant,
            channel=message.channel,
            account=message.account,
            message_id=message.id,
            at=row["at"],
            readable=row["readable"],
            content=Sealed(sealed=base64.b64encode(row["content"]).decode()),
        )
        found.append(_open(reader, event, "", row["wrapped"]))
    return found


# Whoever erases takes the same lock: else what was read just now would be overlooked.
_LOCK = """
select id, conversation_id from entry where tenant = $1 and id = any($2::uuid[])
order by id for update
"""
_STANDS = """
select message_id, event_id, readable, at from reading
where tenant = $1 and message_id = any($2::uuid[])
"""
_KEEP = """
insert into reading (tenant, message_id, event_id, readable, confidence, pages, at, content)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (tenant, message_id) do update set event_id = excluded.event_id,
  readable = excluded.readable, confidence = excluded.confidence, pages = excluded.pages,
  at = excluded.at, content = excluded.content
"""


async def keep_readings(
    connection: Connection, erasures: Erasures, tenant: str, readings: Sequence[Reading]
) -> list[Reading]:
    """Keep these; return those that count from now on."""
    if not readings:
        return []
    messages = sorted({one.of for one in readings})
    rows = await connection.fetch(_LOCK, tenant, messages)
    homes = {row["id"]: row["conversation_id"] for row in rows}
    alive = await read_keys(connection, tenant, messages)
    rows = await connection.fetch(_STANDS, tenant, messages)
    stands = {row["message_id"]: row for row in rows}
    kept, gone = [], []
    for of in messages:
        news = [one for one in readings if one.of == of]
        if of not in alive:
            owners = [one.event.id for one in news]
            await erasures.erase(connection, tenant, homes.get(of, of), owners)
            continue
        best, losers = _choose(news, stands.get(of))
        gone += losers
        if best:
            kept.append(best)
            event = best.event
            facts = (event.readable, event.confidence, event.pages, event.at, best.sealed)
            await connection.execute(_KEEP, tenant, of, event.id, *facts)
    if gone:
        await erase_keys(connection, gone)
    return kept


def _choose(found: Sequence[Reading], stands: Record | None) -> tuple[Reading | None, list[UUID]]:
    """Return which of these takes the place of what stands, and whose keys are to go."""
    news = [one for one in found if stands is None or one.event.id != stands["event_id"]]
    if not news:
        return None, []
    best = max(news, key=lambda one: (one.event.readable, one.event.at))
    if stands and (stands["readable"], stands["at"]) >= (best.event.readable, best.event.at):
        return None, [one.event.id for one in news]
    losers = [one.event.id for one in news if one is not best]
    return best, losers + ([stands["event_id"]] if stands else [])


_PLACES = """
select id, conversation_id, place, kind, direction, channel, at from entry
where tenant = $1 and id = any($2::uuid[])
"""


async def tell_readings(
    connection: Connection, tenant: str, readings: Sequence[Reading]
) -> list[EntryNews]:
    """Return what the bus must hear: that there is more to see of these entries."""
    if not readings:
        return []
    by_message = {one.of: one for one in readings}
    rows = await connection.fetch(_PLACES, tenant, list(by_message))
    return [
        EntryNews(
            tenant=tenant,
            conversation_id=row["conversation_id"],
            entry_id=row["id"],
            place=row["place"],
            kind=row["kind"],
            direction=row["direction"],
            channel=row["channel"],
            at=row["at"],
            change="pages",
            cause=str(by_message[row["id"]].event.id),
            traceparent=by_message[row["id"]].traceparent,
        )
        for row in rows
    ]
