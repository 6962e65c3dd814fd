"""Finds the other conversations of the people of a conversation, for the desk beside it."""

from typing import Any
from uuid import UUID

from conversation_store.queue.summaries import summaries, summary_of
from conversation_store.tables import conversation, fetch
from hub_kit.database import transaction
from hub_kit.ground import Ground

MOST = 25
# Confirmed here and there, or linked to one person by an agent: a name alone never leads anywhere,
# nor does an address that many people write by.
_OTHERS = """
with home as (
  select coalesce(merged_into, id) as id from conversation where tenant = $1 and id = $2
), own as (
  select p.contact_point_id as id from participant p, home, contact_point c
  where p.tenant = $1 and p.conversation_id = home.id and p.verified
    and c.id = p.contact_point_id and c.tenant = $1 and not c.shared
), people as (
  select id from own
  union
  select other.contact_point_id from own
  join party_link l on l.contact_point_id = own.id and l.tenant = $1 and l.undone_at is null
  join party_link other on other.party_id = l.party_id and other.tenant = $1
    and other.undone_at is null
)
select distinct coalesce(c.merged_into, c.id) as id
from people join participant p on p.contact_point_id = people.id
join conversation c on c.id = p.conversation_id, home
where p.tenant = $1 and c.tenant = $1 and p.verified and coalesce(c.merged_into, c.id) <> home.id
"""
_HOME = "select 1 from conversation where tenant = $1 and id = $2"


async def find_others(
    ground: Ground, tenant: str, conversation_id: UUID
) -> list[dict[str, Any]] | None:
    """Return their other conversations, newest activity first; None where there is no such one."""
    c = conversation.c
    async with transaction(ground.pool, tenant) as connection:
        if not await connection.fetchval(_HOME, tenant, conversation_id):
            return None
        found = [row["id"] for row in await connection.fetch(_OTHERS, tenant, conversation_id)]
        page = summaries(tenant).where(c.tenant == tenant, c.id.in_(found)).limit(MOST)
        rows = await fetch(connection, page) if found else []
    return [summary_of(ground, row) for row in rows]
