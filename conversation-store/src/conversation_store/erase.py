"""Erases a message: its data keys go, and with them its content everywhere, copies included.

Rule 1. What we answered since repeats its subject and its sender's address: those answers go with
        it, unless they are wanted.
Rule 2. With the last message of a citizen's conversations goes the contact point, too: name,
        address, number.
Rule 3. Drafts about the conversation go by themselves (`hub.erased`), and so do the bytes.
Rule 4. What a machine has read in its pages goes with it; what it is just reading, too
        (`append.keep_reading`).
Rule 5. Backups: see `hub_kit.erasures` and `hub_kit.epochs`.
"""

from uuid import UUID

from hub_kit.database import transaction
from hub_kit.ground import Ground

_ENTRY = """
select conversation_id, place, direction from entry where tenant = $1 and id = $2 for update
"""
_ANSWERS = """
select id from entry
where tenant = $1 and conversation_id = $2 and direction = 'out' and place > $3
"""
_ABOUT = """
select id from delivery where tenant = $1 and message_id = any($2::uuid[])
union all
select event_id from reading where tenant = $1 and message_id = any($2::uuid[])
"""
# Who takes part, and of whom no other message can be read any more. Notes do not count: of whom
# they speak, nobody knows.
_LEFT = """
select c.id from contact_point c
where c.tenant = $1 and (
    c.id in (select contact_point_id from participant where tenant = $1 and conversation_id = $2)
    or c.id in (select contact_point_id from entry where tenant = $1 and id = any($3::uuid[])))
  and not exists (
    select from entry e join hub.message_key k on k.owner = e.id and k.tenant = $1
    where e.tenant = $1 and e.id <> all($3::uuid[]) and e.direction in ('in', 'out')
      and (e.contact_point_id = c.id or e.conversation_id in (
        select p.conversation_id from participant p
        where p.tenant = $1 and p.contact_point_id = c.id)))
"""


async def erase(ground: Ground, tenant: str, entry_id: UUID, *, answers: bool = True) -> int | None:
    """Delete the keys of an entry, of what answered it, and of what was said or read of them.

    Return how many there were. The entries stay, with time and place: that something was there is
    no secret.
    """
    async with transaction(ground.pool, tenant) as connection:
        entry = await connection.fetchrow(_ENTRY, tenant, entry_id)
        if entry is None:
            return None
        home, gone = entry["conversation_id"], [entry_id]
        if answers and entry["direction"] == "in":
            rows = await connection.fetch(_ANSWERS, tenant, home, entry["place"])
            gone += [row["id"] for row in rows]
        about = [row["id"] for row in await connection.fetch(_ABOUT, tenant, gone)]
        points = [row["id"] for row in await connection.fetch(_LEFT, tenant, home, gone)]
        owners = [*gone, *about, *points]
        erased = await ground.erasures.erase(connection, tenant, home, owners)
        return len(erased - set(points))
