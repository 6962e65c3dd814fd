"""Deletes the bytes of erased messages, once no other message lies in the same object.

Erasing notes the object in the transaction that deletes the key (`event_log.erase_keys`), so it is
found again whatever breaks in between.
"""

from datetime import timedelta

from hub_kit.blobs import Blobs
from hub_kit.database import Connection, Pool, transaction
from hub_kit.trim import PIECE

# All messages of an object are written within the patience of `accept`, or never.
WRITTEN = timedelta(minutes=5)
# Whoever erases another message of the object meanwhile waits at this row, and notes it anew.
_LEFT = """
select name from hub.blob_left where tenant = $1 and written_at < now() - $2::interval
order by name limit $3 for update skip locked
"""
_SHARED = "select distinct blob from hub.message_key where tenant = $1 and blob = any($2::text[])"
_DONE = "delete from hub.blob_left where tenant = $1 and name = any($2::text[])"


async def trim_blobs(pool: Pool, blobs: Blobs, tenant: str, *, written: timedelta = WRITTEN) -> int:
    """Delete a piece; return how many objects it was, 0 once none may go. For keepers of keys."""
    async with transaction(pool, tenant) as connection:
        names = await _left(connection, tenant, written)
    if names:
        await blobs.delete_all(names)
        async with transaction(pool, tenant) as connection:
            await connection.execute(_DONE, tenant, names)
    return len(names)


async def _left(connection: Connection, tenant: str, written: timedelta) -> list[str]:
    """Return objects that no message lies in any more; those that one does are no longer noted."""
    rows = await connection.fetch(_LEFT, tenant, written, PIECE)
    names = [row["name"] for row in rows]
    shared = {row["blob"] for row in await connection.fetch(_SHARED, tenant, names)}
    await connection.execute(_DONE, tenant, list(shared))
    return [name for name in names if name not in shared]
