"""The one table that is inbox and outbox, and how it is read without losing a row.

Rule 1. `unique(event_id)`: what is written twice is there once.
Rule 2. Readers go by (xid, seq) and stop below `pg_snapshot_xmin`: a number is taken at insert
        but seen at commit, so a plain `seq > last` reader loses rows that commit late (5.9 %).
Rule 3. A reader moves its cursor only after all behind it is safe.
"""

from dataclasses import dataclass
from uuid import UUID

import asyncpg

from hub_contract.topics import Wire
from hub_kit.database import Connection

START = ""


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A wrapped data key, and the role that may read it beside the store."""

    owner: UUID
    tenant: str
    wrapped: bytes
    reader: str = ""


_APPEND = """
with news as (
  insert into hub.event_log (event_id, tenant, topic, key, type, source, at, traceparent, body)
  select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                       $7::timestamptz[], $8::text[], $9::bytea[])
  on conflict (event_id) do nothing
  returning event_id
), keys as (
  insert into hub.message_key (owner, tenant, wrapped, reader)
  select k.* from unnest($10::uuid[], $11::text[], $12::bytea[], $13::text[])
    as k(owner, tenant, wrapped, reader)
  where k.owner in (select event_id from news)
)
select event_id from news
"""


async def append(connection: Connection, wires: list[Wire], keys: list[KeyRow]) -> set[UUID]:
    """Append events with their keys; return the ids that were new, the others stand already."""
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
    xid, _, seq = position.partition(":")
    arguments = (xid or "0", int(seq or 0), topics, MOST_COUNTED)
    count: int = await connection.fetchval(_COUNT_BEHIND, *arguments)
    return count


async def read(
    connection: Connection, position: str, limit: int, topics: list[str] | None = None
) -> list[Row]:
    """Return the next rows behind `position` (START: from the beginning), in commit-safe order."""
    xid, _, seq = position.partition(":")
    arguments = (xid or "0", int(seq or 0), limit)
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


async def erase_keys(connection: Connection, owners: list[UUID]) -> int:
    """Delete data keys: their events are unreadable from here on, wherever copies lie."""
    status: str = await connection.execute(
        "delete from hub.message_key where owner = any($1::uuid[])", owners
    )
    return int(status.rpartition(" ")[2])
