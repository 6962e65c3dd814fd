"""The one table that is inbox and outbox, and how it is read without losing a row.

Rule 1. What is written twice with its key is there once, for ever: its id stands in `hub.event_id`,
        which outlives the log's row (`trim_log`) and the key. Peers repeat for days, but a mailbox
        that is read from its start again repeats for years; and what was erased stays erased. An
        event without a key needs none: its writer tells of it in the transaction that it is about.
Rule 2. Readers go by (xid, seq) and stop below `pg_snapshot_xmin`: a number is taken at insert
        but seen at commit, so a plain `seq > last` reader loses rows that commit late (5.9 %).
Rule 3. A reader moves its cursor only after all behind it is safe.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from hub_contract.topics import Wire
from hub_kit.database import Connection

START = ""


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A wrapped data key, the role that may read it beside the store, and where its bytes lie."""

    owner: UUID
    tenant: str
    wrapped: bytes
    reader: str = ""
    blob: str = ""  # the object in the blob store


_APPEND = """
with ids as (
  insert into hub.event_id select unnest($10::uuid[]) on conflict do nothing returning id
), keys as (
  insert into hub.message_key (owner, tenant, wrapped, reader, blob)
  select k.* from unnest($10::uuid[], $11::text[], $12::bytea[], $13::text[], $14::text[])
    as k(owner, tenant, wrapped, reader, blob)
  where k.owner in (select id from ids)
)
insert into hub.event_log (event_id, tenant, topic, key, type, source, at, traceparent, body)
select w.* from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                       $7::timestamptz[], $8::text[], $9::bytea[]) as w(event_id)
where w.event_id in (select id from ids) or w.event_id <> all($10::uuid[])
returning event_id
"""


async def append(connection: Connection, wires: list[Wire], keys: list[KeyRow]) -> set[UUID]:
    """Append events with their keys; return the ids that were new, the others stand already.

    An event that is in `wires` twice is appended once, too.
    """
    first: dict[UUID, Wire] = {}
    for wire in wires:
        first.setdefault(wire.id, wire)
    wires = list(first.values())
    rows = await connection.fetch(
        _APPEND,
        [w.id for w in wires],
        [w.tenant for w in wires],
        [w.topic for w in wires],
        [w.key for w in wires],
        [w.type for w in wires],
        [w.source for w in wires],
        [w.time for w in wires],
        [w.traceparent for w in wires],
        [w.body for w in wires],
        [k.owner for k in keys],
        [k.tenant for k in keys],
        [k.wrapped for k in keys],
        [k.reader for k in keys],
        [k.blob for k in keys],
    )
    return {row["event_id"] for row in rows}


@dataclass(frozen=True, slots=True)
class Row:
    position: str  # "xid:seq", opaque outside this module
    wire: Wire


# One walk along the index for each topic: a reader of a rare topic would else walk over all others
# again and again, since its position only moves with its own.
_READ = """
select found.xid::text || ':' || found.seq as position, event_id, tenant, topic, key, type, source,
       at, traceparent, body
from {wanted} as wanted(name) cross join lateral (
  select * from hub.event_log
  where topic = wanted.name and (xid, seq) > ($1::text::xid8, $2::bigint)
    and xid < pg_snapshot_xmin(pg_current_snapshot())
  order by xid, seq limit $3
) as found
order by found.xid, found.seq limit $3
"""
_READ_SOME = _READ.format(wanted="unnest($4::text[])")
# Every topic there is, found by jumps along the index.
_KNOWN = """
with recursive known(name) as (
  (select topic from hub.event_log order by topic limit 1) union all
  select (select topic from hub.event_log where topic > name order by topic limit 1)
  from known where name is not null
)"""
_BEYOND = """
select max(beyond.xid::text::numeric)::text from known cross join lateral (
  select xid from hub.event_log
  where topic = known.name and xid >= pg_snapshot_xmax(pg_current_snapshot())
  order by xid desc limit 1
) as beyond"""
# The highest transaction number that this server cannot have given, if there is one.
FOREIGN = _KNOWN + _BEYOND
_READ_ALL = _KNOWN + _READ.format(wanted="known")


_PRESENT = """
select (pg_snapshot_xmin(pg_current_snapshot())::text::numeric - 1)::text || ':' || $1::text
"""
_BEHIND_ALL = str(2**63 - 1)


async def present(connection: Connection) -> str:
    """Return the position behind all that is safe to be read by now, and before all else."""
    position: str = await connection.fetchval(_PRESENT, _BEHIND_ALL)
    return position


def parts(position: str) -> tuple[int, int]:
    """Return what positions are compared by: transaction and number; START is before all."""
    xid, _, seq = position.partition(":")
    return int(xid or 0), int(seq or 0)


_NAMES = """
select name from known where name is not null"""
_TOPICS = _KNOWN + _NAMES
_FIRST = """
select min(first.kept_at) from known cross join lateral (
  select kept_at from hub.event_log where topic = known.name order by xid, seq limit 1
) as first"""
_OLDEST = _KNOWN + _FIRST


async def topics(connection: Connection) -> list[str]:
    """Return the topics of what is in the log."""
    return [row["name"] for row in await connection.fetch(_TOPICS)]


async def oldest(connection: Connection) -> datetime | None:
    """Return since when the oldest event is kept; None where the log is empty."""
    moment: datetime | None = await connection.fetchval(_OLDEST)
    return moment


MOST_COUNTED = 10_000
_COUNT_BEHIND = """
select count(*) from (
  select from unnest($3::text[]) as wanted(name) cross join lateral (
    select from hub.event_log
    where topic = wanted.name and (xid, seq) > ($1::text::xid8, $2::bigint) limit $4
  ) as found limit $4
) as behind
"""


async def count_behind(connection: Connection, position: str, topics: list[str]) -> int:
    """Count what lies behind this position, up to MOST_COUNTED: for people, not for readers."""
    xid, seq = parts(position)
    arguments = (str(xid), seq, topics, MOST_COUNTED)
    count: int = await connection.fetchval(_COUNT_BEHIND, *arguments)
    return count


async def read(
    connection: Connection, position: str, limit: int, topics: list[str] | None = None
) -> list[Row]:
    """Return the next rows behind `position` (START: from the beginning), in commit-safe order."""
    xid, seq = parts(position)
    arguments = (str(xid), seq, limit)
    if topics is None:
        rows = await connection.fetch(_READ_ALL, *arguments)
    else:
        rows = await connection.fetch(_READ_SOME, *arguments, topics)
    return [Row(row["position"], _wire(row)) for row in rows]


def _wire(row: asyncpg.Record) -> Wire:
    return Wire(
        topic=row["topic"],
        key=row["key"],
        id=row["event_id"],
        tenant=row["tenant"],
        type=row["type"],
        source=row["source"],
        time=row["at"],
        traceparent=row["traceparent"],
        body=row["body"],
    )


async def read_keys(connection: Connection, owners: list[UUID]) -> dict[UUID, bytes]:
    """Return the wrapped keys that this role may read; an erased one is missing."""
    rows = await connection.fetch(
        "select owner, wrapped from hub.message_key where owner = any($1::uuid[])", owners
    )
    return {row["owner"]: row["wrapped"] for row in rows}


_ERASE = """
with erased as (
  delete from hub.message_key where owner = any($1::uuid[]) returning tenant, blob, at
), left_behind as (
  insert into hub.blob_left (name, tenant, written_at)
  select blob, tenant, max(at) from erased where blob <> '' group by 1, 2
  on conflict (name) do update set written_at = excluded.written_at
)
select count(*) from erased
"""


async def erase_keys(connection: Connection, owners: list[UUID]) -> int:
    """Delete data keys: their events are unreadable from here on, wherever copies lie.

    Their bytes are deleted soon after, once no other message lies in the same object.
    """
    count: int = await connection.fetchval(_ERASE, owners)
    return count
