"""Keeps which calls ring at a desk just now, and says so to all desks, for `append`.

Rule 1. What is said of a call may come twice and in any order: it only goes on, never back.
Rule 2. Whose call it is, only a confirmed contact point says, or a reference that the caller has
        keyed in; an address that many people use says nothing.
Rule 3. Nothing is kept for long: hours after the call its row and its key are gone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from asyncpg import Record
from pydantic import ValidationError

from conversation_store.announce import EntryNews
from conversation_store.append.read import Reader
from conversation_store.link import contact_point_id
from hub_contract.errors import Permanent
from hub_contract.events import CallContent, CallRang
from hub_contract.words import CallStatus
from hub_kit.consume import Delivered
from hub_kit.database import Connection, transaction
from hub_kit.event_log import erase_keys
from hub_kit.ground import Ground
from hub_kit.sealing import open_bytes, sealed_bytes

KEPT = timedelta(hours=4)  # after what was said last; a note on it may still be written
LINE = (CallStatus.RINGING, CallStatus.ANSWERED, CallStatus.ENDED)  # in this order, and not back


@dataclass(frozen=True, slots=True)
class Ring:
    """What is said of a call, opened; `content` is None where its key is gone."""

    event: CallRang
    traceparent: str
    sealed: bytes
    content: CallContent | None
    caller: UUID | None


def open_rings(
    reader: Reader, delivered: Iterable[Delivered], keys: Mapping[UUID, bytes]
) -> list[Ring]:
    return [
        _open(reader, one.event, one.record.traceparent, keys.get(one.event.id))
        for one in delivered
        if isinstance(one.event, CallRang)
    ]


def _open(reader: Reader, event: CallRang, traceparent: str, wrapped: bytes | None) -> Ring:
    sealed, content = sealed_bytes(event), None
    if wrapped is not None:
        plain = open_bytes(sealed, event.id, reader.ring.unwrap(wrapped, event.id))
        try:
            content = CallContent.model_validate_json(plain)
        except ValidationError:
            raise Permanent(f"content of {event.type} {event.id} is not of its class") from None
    caller = content.caller if content else None
    lookup = reader.ring.lookup_of(event.tenant, caller) if caller else ""
    return Ring(event, traceparent, sealed, content, contact_point_id(lookup) if lookup else None)


_STANDS = "select id, status, event_id from ringing where tenant = $1 and id = $2 for update"
_BEGIN = """
insert into ringing (id, tenant, channel, account, status, since, at, conversation_id, verified,
  contact_point_id, event_id, content)
values ($2, $1, $3, $4, $5, $6, $6, $7, $8, $9, $10, $11) on conflict (id) do nothing
"""
_GO_ON = "update ringing set status = $3, at = greatest(at, $4) where tenant = $1 and id = $2"


async def follow_calls(
    connection: Connection, tenant: str, rings: Sequence[Ring]
) -> list[EntryNews]:
    """Keep how far these calls are; return what the desks must hear."""
    news = []
    for one in rings:  # a few an hour: one after the other
        stands = await connection.fetchrow(_STANDS, tenant, one.event.call_id)
        if stands is None:
            await _begin(connection, tenant, one)
        elif _goes_on(stands, one.event):
            await connection.execute(
                _GO_ON, tenant, one.event.call_id, one.event.status, one.event.at
            )
        if stands and stands["event_id"] != one.event.id:
            await erase_keys(connection, [one.event.id])  # what it says stands there already
        if stands is None or _goes_on(stands, one.event):
            news.append(await _news(connection, tenant, one))
    return news


def _goes_on(stands: Record, event: CallRang) -> bool:
    return LINE.index(event.status) > LINE.index(CallStatus(stands["status"]))


async def _begin(connection: Connection, tenant: str, one: Ring) -> None:
    event, found = one.event, await _find(connection, tenant, one)
    facts = (event.channel, event.account, event.status, event.at, *found, one.caller)
    await connection.execute(_BEGIN, tenant, event.call_id, *facts, event.id, one.sealed)


# The caller's own conversations, and those of whom she is linked with; the one that she has named
# first ($3), then open ones.
_OF_CALLER = """
with point as (
  select c.id from contact_point c where c.tenant = $1 and c.id = $2 and not c.shared
  union
  select o.contact_point_id from party_link l
  join contact_point c on c.id = l.contact_point_id and c.tenant = $1 and not c.shared
  join party_link o on o.party_id = l.party_id and o.tenant = $1 and o.undone_at is null
  where l.tenant = $1 and l.contact_point_id = $2 and l.undone_at is null
)
select c.id from participant p join conversation c on c.id = p.conversation_id and c.tenant = $1
where p.tenant = $1 and p.contact_point_id in (select id from point) and p.verified
  and c.state <> 'merged'
order by c.id is not distinct from $3 desc, c.state = 'closed', c.last_at desc, c.id limit 1
"""
_OF_REFERENCE = """
select coalesce(c.merged_into, c.id) from reference r
join conversation c on c.id = r.conversation_id and c.tenant = $1
where r.tenant = $1 and r.digits = $2
"""


async def _find(connection: Connection, tenant: str, one: Ring) -> tuple[UUID | None, bool]:
    """Return which conversation the call is probably about, and whether its caller is known there.

    A reference is a claim: whoever has read it can key it in.
    """
    named: UUID | None = None
    if one.content and one.content.reference:
        named = await connection.fetchval(_OF_REFERENCE, tenant, one.content.reference)
    own = one.caller and await connection.fetchval(_OF_CALLER, tenant, one.caller, named)
    if named:
        return named, own == named
    return own or None, bool(own)


async def _news(connection: Connection, tenant: str, one: Ring) -> EntryNews:
    sql = "select conversation_id from ringing where tenant = $1 and id = $2"
    conversation = await connection.fetchval(sql, tenant, one.event.call_id)
    return EntryNews(
        tenant=tenant,
        conversation_id=conversation or one.event.call_id,
        entry_id=one.event.call_id,
        place=0,
        kind="call",
        direction="in",
        channel=one.event.channel,
        at=one.event.at,
        change="rang",
        cause=str(one.event.id),
        traceparent=one.traceparent,
    )


_GONE = "delete from ringing where tenant = $1 and at < now() - $2::interval returning event_id"


async def forget_calls(ground: Ground, tenant: str) -> None:
    """Forget what was said of calls long ago."""
    async with transaction(ground.pool, tenant) as connection:
        rows = await connection.fetch(_GONE, tenant, KEPT)
        await erase_keys(connection, [row["event_id"] for row in rows])
