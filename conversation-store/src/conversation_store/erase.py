"""Erases a message: its data keys go, and with them its content everywhere, copies included.

Rule 1. With the last message of a citizen's conversations goes the contact point, too: name,
        address, number.
Rule 2. Drafts about the conversation go by themselves (`hub.erased`), and so do the bytes.
Rule 3. Backups: see `hub_kit.erasures` and `hub_kit.epochs`.
"""

from uuid import UUID

from hub_kit.database import transaction
from hub_kit.ground import Ground

_OWNERS = """
select id from entry where tenant = $1 and id = $2
union all select id from delivery where tenant = $1 and message_id = $2
"""
_CONVERSATION = "select conversation_id from entry where tenant = $1 and id = $2"
# Who takes part, and of whom no other message can be read any more. Notes do not count: of whom
# they speak, nobody knows.
_LEFT = """
select c.id from contact_point c
where c.tenant = $1 and (
    c.id in (select contact_point_id from participant where tenant = $1 and conversation_id = $2)
    or c.id = (select contact_point_id from entry where tenant = $1 and id = $3))
  and not exists (
    select from entry e join hub.message_key k on k.owner = e.id and k.tenant = $1
    where e.tenant = $1 and e.id <> $3 and e.direction in ('in', 'out')
      and (e.contact_point_id = c.id or e.conversation_id in (
        select p.conversation_id from participant p
        where p.tenant = $1 and p.contact_point_id = c.id)))
"""


async def erase(ground: Ground, tenant: str, entry_id: UUID) -> int | None:
    """Delete the keys of an entry and of the reports about it; return how many there were.

    The entry stays, with time and place: that something was there is no secret.
    """
    async with transaction(ground.pool, tenant) as connection:
        conversation_id = await connection.fetchval(_CONVERSATION, tenant, entry_id)
        if conversation_id is None:
            return None
        owners = [row["id"] for row in await connection.fetch(_OWNERS, tenant, entry_id)]
        left = await connection.fetch(_LEFT, tenant, conversation_id, entry_id)
        points = [row["id"] for row in left]
        gone = await ground.erasures.erase(connection, tenant, conversation_id, [*owners, *points])
        return len(gone - set(points))
