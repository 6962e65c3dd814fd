"""The table `to_read`: what a channel has taken in and not read yet, and who reads it just now.

Rule 1. A row is written in the transaction of its event, and deleted once what was read is safe.
Rule 2. A claim is a row that is due again when its lease runs out; `attempts` tells it from the
        next one, so who was overtaken changes nothing any more.
Rule 3. A try is counted when it begins, so that a document that kills its reader is counted too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from hub_contract.topics import Wire
from hub_kit.database import Connection


@dataclass(frozen=True, slots=True)
class Claim:
    event_id: UUID
    attempts: int  # this one is among them
    traceparent: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is still to be read."""

    documents: int
    pages: int
    oldest: datetime | None  # since when it has waited


async def note(connection: Connection, noted: Sequence[tuple[Wire, int]]) -> None:
    """Note events that are new, each with the number of its pages, as far as it is known."""
    await connection.execute(
        """insert into to_read (event_id, traceparent, body, pages)
           select * from unnest($1::uuid[], $2::text[], $3::bytea[], $4::int[])
           on conflict do nothing""",
        [wire.id for wire, _ in noted],
        [wire.traceparent for wire, _ in noted],
        [wire.body for wire, _ in noted],
        [pages for _, pages in noted],
    )


_TAKE = """
with due as (
  select event_id from to_read where due_at <= now()
  order by due_at, seq limit $1 for update skip locked
)
update to_read r set attempts = attempts + 1, due_at = now() + make_interval(secs => $2)
from due where r.event_id = due.event_id
returning r.event_id, r.attempts, r.traceparent, r.body
"""


async def take(connection: Connection, limit: int, lease: float) -> list[Claim]:
    """Claim what is due, the oldest first; `lease` in seconds."""
    return [Claim(**row) for row in await connection.fetch(_TAKE, limit, lease)]


async def renew(connection: Connection, claim: Claim, lease: float) -> None:
    """Hold it for another lease, where nobody else has it by now."""
    await _move(connection, claim, lease, claim.attempts)


async def put_back(
    connection: Connection, claim: Claim, seconds: float, *, counts: bool = True
) -> None:
    """Let it be due again then; `counts`: whether this was a try, or the hub itself was away."""
    await _move(connection, claim, seconds, claim.attempts - (not counts))


async def _move(connection: Connection, claim: Claim, seconds: float, attempts: int) -> None:
    await connection.execute(
        """update to_read set due_at = now() + make_interval(secs => $3), attempts = $4
           where event_id = $1 and attempts = $2""",
        claim.event_id,
        claim.attempts,
        seconds,
        attempts,
    )


async def finish(connection: Connection, claim: Claim) -> None:
    """End it for good, whoever holds it by now: what was read is safe."""
    await connection.execute("delete from to_read where event_id = $1", claim.event_id)


_COUNT = """
select count(*) as documents, coalesce(sum(pages), 0)::bigint as pages, min(taken_at) as oldest
from to_read
"""


async def count(connection: Connection) -> Waiting:
    row = await connection.fetchrow(_COUNT)
    assert row is not None
    return Waiting(**row)
