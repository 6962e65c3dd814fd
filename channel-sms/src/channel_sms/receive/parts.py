"""The table `sms_part`: every deliver_sm is safe here before the SMSC hears yes; sealed.

Rule 1. What came whole is a set of one. A set's id is that of its event, so twice is once.
Rule 2. A part that is there already, to the letter, is a repeat. What came whole has no number that
        tells: the same words on another connection, soon after, are a repeat; on the same one the
        citizen has said them twice.
Rule 3. Numbers of long messages are used again: another text under the same number, or one for a
        set that is closed, begins a new set.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from hub_kit import set_aside
from hub_kit.bus import Record
from hub_kit.database import Connection, Pool, affected, connect, transaction
from hub_kit.keys import KeyRing, open_sealed, seal

AGAIN = 600.0  # seconds in which an SMSC repeats on another connection what we did not answer
SAME = 3_600.0  # seconds in which the parts of one message, and their repeats, come
PIECE = 500
CONSUMER, TOPIC = "channel_sms.parts", "sms parts"  # of the letters that operators see
_REFUSE = "update sms_part set refused = true where set_id = $1"
_ASKED = """
delete from dead_letter where consumer = $1 and starts_with(key, $2) and replay_asked returning key
"""
_AGAIN = "update sms_part set refused = false where set_id = any($1::uuid[])"


@dataclass(frozen=True, slots=True)
class Came:
    """One part as it came; `key` and `digest` are pseudonyms, which nobody can read back."""

    account: str
    key: str  # what the parts of one message have in common
    number: int
    total: int
    digest: str
    session: UUID
    raw: bytes


@dataclass(frozen=True, slots=True)
class Known:
    """A part that is there already."""

    set_id: UUID
    number: int
    digest: str
    session: UUID
    closed: bool
    age: float  # seconds


@dataclass(frozen=True, slots=True)
class Closed:
    """A set to which nothing is added any more; empty where its message is safe already."""

    set_id: UUID
    began_at: datetime
    total: int
    raws: tuple[bytes, ...] = ()


def choose(known: Sequence[Known], came: Came) -> UUID | None:
    """Return the set that a part belongs to; None: it begins one. `known`: the newest first."""
    for one in known:
        is_same = one.number == came.number and one.digest == came.digest
        if is_same and (came.total > 1 or (one.session != came.session and one.age < AGAIN)):
            return one.set_id
    newest = [one for one in known if one.set_id == known[0].set_id]
    is_open = newest and not any(one.closed for one in newest)
    if is_open and came.number not in {one.number for one in newest}:
        return newest[0].set_id
    return None


class PartStore:
    """`Temporary` from any method means: the database is away."""

    def __init__(self, pool: Pool, ring: KeyRing) -> None:
        self._pool, self._ring = pool, ring

    async def put(self, came: Came) -> tuple[UUID, bool]:
        """Keep one part; return its set, and whether all of it is there."""
        async with transaction(self._pool) as connection:
            await _lock(connection, came.account, came.key)
            set_id = choose(await _known(connection, came), came) or uuid4()
            await self._insert(connection, set_id, came)
            there = await connection.fetchval(
                "select count(*) from sms_part where set_id = $1", set_id
            )
        return set_id, there >= came.total

    async def _insert(self, connection: Connection, set_id: UUID, came: Came) -> None:
        key, own = self._ring.new_key(), uuid4()
        await connection.execute(
            """insert into sms_part
                 (id, set_id, number, total, account, key, digest, session, wrapped, data)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
               on conflict (set_id, number) do update set session = excluded.session""",
            own,
            set_id,
            came.number,
            came.total,
            came.account,
            came.key,
            came.digest,
            came.session,
            self._ring.wrap(key, own),
            seal(key, came.raw, own.bytes),
        )

    async def close(self, set_id: UUID) -> Closed | None:
        """Close a set and return its parts in their order; None where there is no such set."""
        async with transaction(self._pool) as connection:
            where = "select account, key from sms_part where set_id = $1 limit 1"
            if (first := await connection.fetchrow(where, set_id)) is None:
                return None
            await _lock(connection, first["account"], first["key"])
            rows = await connection.fetch(
                "update sms_part set closed = true where set_id = $1"
                " returning id, number, total, wrapped, data, at",
                set_id,
            )
        return self._opened(set_id, rows)

    def _opened(self, set_id: UUID, rows: Sequence[Any]) -> Closed:
        ordered = sorted((row for row in rows if row["data"]), key=lambda row: int(row["number"]))
        raws = [
            open_sealed(self._ring.unwrap(row["wrapped"], row["id"]), row["data"], row["id"].bytes)
            for row in ordered
        ]
        began_at = min(row["at"] for row in rows)
        return Closed(set_id, began_at, rows[0]["total"], tuple(raws))

    async def forget(self, set_id: UUID) -> None:
        """Delete the bytes of a set whose message is safe; the rows tell repeats for a while."""
        async with connect(self._pool) as connection:
            await connection.execute(
                "update sms_part set data = null, wrapped = null where set_id = $1", set_id
            )

    async def refuse(self, set_id: UUID, tenant: str, reason: str) -> None:
        """Put a set aside for operators, who see why; its bytes stay where they are, sealed."""
        async with transaction(self._pool) as connection:
            await connection.execute(_REFUSE, set_id)
            letter = Record(TOPIC, f"{tenant}/{set_id}", "", "", b"")
            await set_aside.bury(connection, CONSUMER, "", [(letter, reason)])

    async def let_again(self, tenant: str) -> int:
        """Let what operators asked to be tried again be due; return how many sets those are."""
        async with transaction(self._pool) as connection:
            rows = await connection.fetch(_ASKED, CONSUMER, f"{tenant}/")
            ids = [UUID(row["key"].partition("/")[2]) for row in rows]
            await connection.execute(_AGAIN, ids)
        return len(ids)

    async def due(self, account: str, within: float) -> list[UUID]:
        """Return the sets to be closed now: whole, half done, or waiting for longer than that."""
        async with connect(self._pool) as connection:
            rows = await connection.fetch(
                """select set_id from sms_part
                   where account = $1 and data is not null and not refused
                   group by set_id
                   having count(*) >= max(total) or bool_or(closed)
                     or min(at) < now() - make_interval(secs => $2)""",
                account,
                within,
            )
        return [row["set_id"] for row in rows]

    async def sweep(self) -> int:
        """Delete a piece of what tells no repeat any more."""
        async with connect(self._pool) as connection:
            status = await connection.execute(
                f"""delete from sms_part where (set_id, number) in (
                      select set_id, number from sms_part
                      where at < now() - interval '1 day' and data is null limit {PIECE})"""  # noqa: S608 - constants
            )
        return affected(status)


async def _lock(connection: Connection, account: str, key: str) -> None:
    """Let one after the other look and write, of those that handle the same message."""
    sql = "select pg_advisory_xact_lock(hashtextextended('sms part ' || $1, 0))"
    await connection.execute(sql, f"{account} {key}")


async def _known(connection: Connection, came: Came) -> list[Known]:
    rows = await connection.fetch(
        """select set_id, number, digest, session, closed,
             extract(epoch from now() - at)::float8 as age
           from sms_part
           where account = $1 and key = $2 and at > now() - make_interval(secs => $3)
           order by max(at) over (partition by set_id) desc, set_id, number""",
        came.account,
        came.key,
        SAME,
    )
    return [Known(**row) for row in rows]
