"""Shows which calls there are just now, and whose they probably are."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from asyncpg import Record

from conversation_store.append.ring import KEPT
from conversation_store.queue.summaries import summaries, summary_of
from conversation_store.tables import conversation, fetch
from hub_contract.events import CallContent
from hub_kit.database import Connection, transaction
from hub_kit.ground import Ground
from hub_kit.keys import KeyRing
from hub_kit.sealing import open_bytes

# The one it probably belongs to may have been merged meanwhile.
_CALLS = """
select r.*, coalesce(c.merged_into, c.id) as home, k.wrapped from ringing r
left join conversation c on c.id = r.conversation_id and c.tenant = $1
left join hub.message_key k on k.owner = r.event_id and k.tenant = $1
where r.tenant = $1 and ($2::uuid is null and r.status <> 'ended' or r.id = $2)
  and r.at > now() - $3::interval
order by r.since, r.id limit 20
"""


async def read_calls(
    connection: Connection, tenant: str, call_id: UUID | None = None
) -> Sequence[Record]:
    """Return the calls that have not ended, or this one even if it has."""
    return await connection.fetch(_CALLS, tenant, call_id, KEPT)


def open_call(ring: KeyRing, row: Record) -> CallContent:
    """Return who is calling; of one whose key is gone nothing."""
    if row["wrapped"] is None:
        return CallContent()
    owner: UUID = row["event_id"]
    plain = open_bytes(row["content"], owner, ring.unwrap(row["wrapped"], owner))
    return CallContent.model_validate_json(plain)


async def show_calls(
    ground: Ground, tenant: str, call_id: UUID | None = None
) -> list[dict[str, Any]]:
    """Return the calls with who is calling and about what, the longest first."""
    async with transaction(ground.pool, tenant) as connection:
        rows = await read_calls(connection, tenant, call_id)
        homes = [row["home"] for row in rows if row["home"]]
        wanted = summaries(tenant).where(
            conversation.c.tenant == tenant, conversation.c.id.in_(homes)
        )
        found = await fetch(connection, wanted) if homes else []
    known = {row["id"]: summary_of(ground, row) for row in found}
    return [_shown(ground.ring, row, known.get(row["home"])) for row in rows]


def _shown(ring: KeyRing, row: Record, about: dict[str, Any] | None) -> dict[str, Any]:
    content = open_call(ring, row)
    facts = {
        name: row[name] for name in ("id", "channel", "account", "status", "since", "verified")
    }
    return {**facts, "caller": content.caller, "conversation": about}
