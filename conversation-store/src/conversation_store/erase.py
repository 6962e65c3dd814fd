"""Erases a message: its data keys go, and with them its content everywhere, copies included."""

from uuid import UUID

from hub_kit import event_log
from hub_kit.database import Pool, transaction

_OWNERS = """
select id from entry where tenant = $1 and id = $2
union all select id from delivery where tenant = $1 and message_id = $2
"""


async def erase(pool: Pool, tenant: str, entry_id: UUID) -> int | None:
    """Delete the keys of an entry and of the reports about it; return how many there were.

    The entry stays, with time and place: that something was there is no secret.
    """
    async with transaction(pool, tenant) as connection:
        owners = [row["id"] for row in await connection.fetch(_OWNERS, tenant, entry_id)]
        if entry_id not in owners:
            return None
        return await event_log.erase_keys(connection, owners)
