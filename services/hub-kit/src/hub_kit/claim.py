"""The table `outgoing`: who holds which request, from when, and for how long; for `outgoing`.

Rule 1. Of a conversation, only the head of each way is claimed: what goes to one recipient from one
        account leaves in its order, and what waits for a broken way does not hold up another. A
        request whose way nobody knows (an older store's) waits for all and holds up all.
Rule 2. A claim is a row that is due again when its lease runs out; `attempts` tells it from the
        next one, so who was overtaken changes nothing any more.
Rule 3. A claim whose lease ran out was lost on its way; it stays a claim until it is known what
        became of it, since only what is `waiting` may be sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from hub_contract.errors import Permanent
from hub_contract.events import MessageRequested
from hub_kit.consume import Delivered
from hub_kit.database import Connection
from hub_kit.unreached import REACHED


@dataclass(frozen=True, slots=True)
class Claim:
    event_id: UUID
    attempts: int
    taken_at: datetime
    traceparent: str
    lost: bool  # an earlier claim ended without an answer
    body: bytes


async def put(connection: Connection, delivered: Sequence[Delivered]) -> None:
    """Keep requests to send; one that is there already stays as it is."""
    await connection.executemany(
        """insert into outgoing (event_id, key, traceparent, body, way, due_at)
           values ($1, $2, $3, $4, $5, coalesce($6, now())) on conflict do nothing""",
        [_row(d) for d in delivered],
    )


def _row(delivered: Delivered) -> tuple[object, ...]:
    event, record = delivered.event, delivered.record
    if not isinstance(event, MessageRequested):
        raise Permanent(f"{event.type} is not a request to send")
    way = f"{event.account}/{event.recipient_key}" if event.recipient_key else ""
    return event.id, record.key, record.traceparent, record.body, way, event.not_before


# The conditions on `o` are looked at again once the row is locked: of two workers, the second finds
# it claimed, or done.
_TAKE = """
with due as (
  select o.event_id, o.state = 'claimed' as lost from outgoing o
  where o.state in ('waiting', 'claimed') and o.due_at <= now() and not exists (
    select from outgoing earlier
    where earlier.key = o.key and earlier.seq < o.seq and earlier.state in ('waiting', 'claimed')
      and (earlier.way = o.way or '' in (earlier.way, o.way)))
  order by o.due_at, o.seq limit $1 for update of o skip locked
)
update outgoing o
set state = 'claimed', attempts = attempts + 1, due_at = now() + make_interval(secs => $2)
from due where o.event_id = due.event_id
returning o.event_id, o.attempts, o.taken_at, o.traceparent, due.lost, o.body
"""


async def take(connection: Connection, limit: int, lease: float) -> list[Claim]:
    """Claim what is due, the oldest first; `lease` in seconds."""
    return [Claim(**row) for row in await connection.fetch(_TAKE, limit, lease)]


async def renew(connection: Connection, claim: Claim, lease: float) -> bool:
    """Hold it for another lease; False where somebody else has it by now."""
    return await _move(connection, claim, "claimed", lease)


async def put_back(connection: Connection, claim: Claim, seconds: float) -> bool:
    """Let it be due again then: to be sent, or, where it may have been, to be looked up."""
    return await _move(connection, claim, "claimed" if claim.lost else "waiting", seconds)


async def _move(connection: Connection, claim: Claim, state: str, seconds: float) -> bool:
    status = await connection.execute(
        """update outgoing set state = $3, due_at = now() + make_interval(secs => $4)
           where event_id = $1 and attempts = $2 and state = 'claimed'""",
        claim.event_id,
        claim.attempts,
        state,
        seconds,
    )
    return bool(status == "UPDATE 1")


_FINISH = "update outgoing set state = 'done', due_at = 'infinity', body = '' where event_id = $1"


async def finish(connection: Connection, claim: Claim, *, reached: bool) -> None:
    """End it for good, whoever holds it by now: what the peer said is true anyway."""
    sql = f"{REACHED} {_FINISH}" if reached else _FINISH
    await connection.execute(sql, claim.event_id)
