"""Where a reader stands, in its own schema: told, and moved by compare-and-swap."""

from hub_kit.database import Connection


async def stand(connection: Connection, consumer: str, lane: str) -> str:
    """Return the position of this reader on this lane; the first time it is put at the start."""
    sql = "select position from cursor where consumer = $1 and lane = $2"
    position: str | None = await connection.fetchval(sql, consumer, lane)
    if position is None:
        insert = "insert into cursor values ($1, $2, '') on conflict do nothing"
        await connection.execute(insert, consumer, lane)
        position = await connection.fetchval(sql, consumer, lane)
    return str(position)


async def move(connection: Connection, consumer: str, lane: str, before: str, after: str) -> bool:
    """Move from `before` to `after`; False if the reader stands elsewhere by now.

    The row is locked to the end of the transaction: two members of a group take turns here.
    """
    sql = """update cursor set position = $4, moved_at = now()
             where consumer = $1 and lane = $2 and position = $3"""
    return bool(await connection.execute(sql, consumer, lane, before, after) == "UPDATE 1")
