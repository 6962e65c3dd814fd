"""Turns the epochs of a key ring over: begins the next, wraps all rows anew, destroys the old.

For the owner of the database, once a day (`faden rotate`; `faden up` does it by itself). Services
go on meanwhile: a row is changed only where it still is what was read.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import asyncpg

from hub_contract.errors import Permanent
from hub_kit.epochs import current_of, next_epoch, settle
from hub_kit.keys import KeyRing, new_wrapping_key, read_document, write_document

PIECE = 500
ROLE = "hub_rewrapper"


@dataclass(frozen=True, slots=True)
class Turned:
    """What a turn has done, by the numbers of epochs."""

    current: int
    begun: int | None  # the next one, made now
    rewrapped: int  # rows
    unreadable: int  # rows that no key of the ring opens
    destroyed: tuple[int, ...]


class Wrapped(NamedTuple):
    """A table with wrapped keys; `owner` is the column that a key is bound to."""

    name: str
    owner: str
    seen: bool


# Of all tables, also those that a later release forgot to grant: their keys must not be destroyed.
_TABLES = """
select format('%I.%I', n.nspname, c.relname) as name, case when exists (
    select from pg_attribute o where o.attrelid = c.oid and o.attname = 'owner'
  ) then 'owner' else 'id' end as owner,
  has_column_privilege($1, c.oid, 'wrapped', 'update') and (not c.relrowsecurity or exists (
    select from pg_policy p where p.polrelid = c.oid
      and (select oid from pg_roles where rolname = $1) = any(p.polroles))) as seen
from pg_attribute a join pg_class c on c.oid = a.attrelid
  join pg_namespace n on n.oid = c.relnamespace
where a.attname = 'wrapped' and a.atttypid = 'bytea'::regtype and c.relkind in ('r', 'p')
order by 1
"""


async def turn(
    owner_dsn: str,
    file: Path,
    *,
    epoch: timedelta,
    backup: timedelta,
    now: datetime | None = None,
) -> Turned:
    """Do what is due by now; any time again does no harm."""
    now = now or datetime.now(UTC)
    connection = await asyncpg.connect(owner_dsn)
    try:
        await connection.execute("select pg_advisory_lock(7251)")  # one turns, the others wait
        begun = _begin(file, now, epoch)
        found, unreadable = await _rewrap_all(connection, file, now)
        epochs = read_document(file).epochs
        kept, destroyed = settle(epochs, found, now, backup)
        if kept != epochs:
            document = read_document(file)
            keys = {number: document.wrapping[number] for number in kept}
            write_document(file, document, keys, kept)
        current = current_of(kept, now)
        rewrapped = sum(found.values())
        return Turned(current, begun, rewrapped, unreadable, tuple(destroyed))
    finally:
        await connection.close()


def _begin(file: Path, now: datetime, epoch: timedelta) -> int | None:
    document = read_document(file)
    made = next_epoch(document.epochs, now, epoch)
    if made is None:
        return None
    number, begins = made
    keys = {**document.wrapping, number: new_wrapping_key()}
    write_document(file, document, keys, {**document.epochs, number: begins})
    return number


async def _rewrap_all(
    connection: asyncpg.Connection, file: Path, now: datetime
) -> tuple[Mapping[int, int], int]:
    """Wrap every row anew by the epoch of `now`; return how many rows each of the others had."""
    current = current_of(read_document(file).epochs, now)
    ring = KeyRing.read(file)
    found: Counter[int] = Counter()
    unreadable = 0
    tables = [Wrapped(**row) for row in await connection.fetch(_TABLES, ROLE)]
    if hidden := [table.name for table in tables if not table.seen]:
        raise Permanent(
            f"{', '.join(hidden)}: {ROLE} may not see it; bring the database up to date"
        )
    await connection.execute(f"set role {ROLE}")
    for table in tables:
        last = UUID(int=0)
        while rows := await _piece(connection, table, last, current):
            last = rows[-1][table.owner]
            new = []
            for row in rows:
                try:
                    key = ring.unwrap(row["wrapped"], row[table.owner])
                except Permanent:
                    unreadable += 1
                    continue
                found[row["wrapped"][0]] += 1
                wrapped = ring.wrap(key, row[table.owner], current)
                new.append((row[table.owner], row["wrapped"], wrapped))
            await _write(connection, table, new)
    await connection.execute("reset role")
    return found, unreadable


async def _piece(
    connection: asyncpg.Connection, table: Wrapped, last: UUID, current: int
) -> list[asyncpg.Record]:
    sql = f"""select {table.owner}, wrapped from {table.name}
              where {table.owner} > $1 and get_byte(wrapped, 0) <> $2
              order by {table.owner} limit $3"""  # noqa: S608 - names of the catalogue
    return list(await connection.fetch(sql, last, current, PIECE))


async def _write(
    connection: asyncpg.Connection, table: Wrapped, new: list[tuple[UUID, bytes, bytes]]
) -> None:
    sql = f"""update {table.name} t set wrapped = n.now
              from unnest($1::uuid[], $2::bytea[], $3::bytea[]) as n(owner, was, now)
              where t.{table.owner} = n.owner and t.wrapped = n.was"""  # noqa: S608
    if new:
        await connection.execute(sql, *map(list, zip(*new, strict=True)))
