"""Reads which call-backs are due: of some conversations, and how many conversations have one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from asyncpg import Record

from conversation_store.advance import Stand, State
from conversation_store.timeline import open_row
from hub_kit.database import Connection, transaction
from hub_kit.ground import Ground
from hub_kit.keys import KeyRing
from hub_kit.operations import Figure

# A call-back is where the entry is that it came from. From the few that are due to their entries:
# never the other way, whatever the planner believes of a table that is new.
DUE = """
select (select e.conversation_id from entry e where e.id = b.id and e.tenant = $1)
  as conversation_id, min(b.due_at) as due_at from callback b
where b.tenant = $1 and b.state in ('open', 'not_reached') group by 1
"""
_DUE_OF = f"""
select d.conversation_id, d.due_at from ({DUE}) d where d.conversation_id = any($2::uuid[])
"""  # noqa: S608 - put together from constants
_COUNT = f"select count(*) from ({DUE}) d"  # noqa: S608 - likewise
_OF = """
select b.id, b.owner, b.day, b.part, b.begins_at, b.due_at, b.attempts, b.state, b.reason,
  b.made_by, b.at, e.content, k.wrapped from callback b
join lateral (
  select conversation_id, content from entry where id = b.id and tenant = $1 offset 0
) e on true
left join hub.message_key k on k.owner = b.id and k.tenant = $1
where b.tenant = $1 and b.state in ('open', 'not_reached') and e.conversation_id = $2
order by b.due_at, b.id
"""


async def read_due(
    connection: Connection, tenant: str, conversations: Sequence[UUID]
) -> dict[UUID, datetime]:
    """Return by when somebody of these conversations is to be called back."""
    rows = await connection.fetch(_DUE_OF, tenant, conversations)
    return {row["conversation_id"]: row["due_at"] for row in rows}


async def count_due(connection: Connection, tenant: str) -> int:
    """Return how many conversations have a call-back that is to be done."""
    count: int = await connection.fetchval(_COUNT, tenant)
    return count


_FIGURES = """
select count(*)::int as open, count(*) filter (where due_at < now())::int as overdue from callback
where tenant = $1 and state in ('open', 'not_reached')
"""


async def count_callbacks(ground: Ground, tenant: str) -> list[Figure]:
    """Return how many call-backs are to be done, and how many should have been; for operators."""
    async with transaction(ground.pool, tenant) as connection:
        row = await connection.fetchrow(_FIGURES, tenant)
    assert row is not None
    return [Figure(name="callbacks", counts=dict(row))]


async def read_callbacks(
    connection: Connection, ring: KeyRing, tenant: str, conversation_id: UUID
) -> list[dict[str, Any]]:
    """Return what is to be done in this conversation, the next one first."""
    rows = await connection.fetch(_OF, tenant, conversation_id)
    return [_shown(row, ring) for row in rows]


_NAMES = (
    *("id", "owner", "day", "part", "begins_at", "due_at", "attempts", "state"),
    *("made_by", "at"),
)


def _shown(row: Record, ring: KeyRing) -> dict[str, Any]:
    stand = Stand(State(row["state"]), row["attempts"])
    said = {name: row[name] for name in _NAMES}
    return {**said, "other_way": stand.needs_other_way, "person": _whom(row, ring)}


def _whom(row: Record, ring: KeyRing) -> dict[str, Any] | None:
    """Return the number that was wished for, else who wished it; what is erased names nobody."""
    content = open_row(row, ring) or {}
    whom: dict[str, Any] | None = (content.get("callback") or {}).get("number")
    return whom or content.get("sender")
