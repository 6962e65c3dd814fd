"""Looks into the timeline of a running hub: how many entries stand, and when each came."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg


async def count(dsn: str, sql: str = "select count(*) from hub.event_log") -> int:
    connection = await asyncpg.connect(dsn)
    try:
        return int(await connection.fetchval(sql))
    finally:
        await connection.close()


async def stand(
    dsn: str, wanted: int, within: float, *, exactly: bool = True, every: float = 0.02
) -> float:
    """Wait until that many entries stand; return the clock then. `RuntimeError` if they never do."""
    connection = await asyncpg.connect(dsn)
    sql = "select coalesce(sum(entry_count), 0) from conversation_store.conversation"
    end = time.perf_counter() + within
    try:
        while (found := await connection.fetchval(sql)) < wanted:
            if time.perf_counter() > end:
                raise RuntimeError(f"{found} of {wanted} entries stand after {within:.0f} s")
            await asyncio.sleep(every)
    finally:
        await connection.close()
    if exactly and found > wanted:
        raise RuntimeError(f"{found} entries stand, only {wanted} were sent")
    return time.perf_counter()


class Arrivals:
    """Notes, within 2 ms, when each event that was answered yes stands in the timeline."""

    def __init__(self) -> None:
        self.waits: list[float] = []  # seconds from yes to timeline
        self._waiting: dict[UUID, float] = {}

    def answered(self, event_id: UUID, at: float) -> None:
        """Hear of a yes, by wall clock."""
        self._waiting[event_id] = at

    async def settled(self, within: float = 60) -> None:
        """Wait until everything answered so far stands."""
        async with asyncio.timeout(within):
            while self._waiting:  # noqa: ASYNC110 - what is waited for lies in other processes
                await asyncio.sleep(0.05)

    async def look(self, connection: asyncpg.Connection) -> None:
        sql = "select id from conversation_store.entry where id = any($1::uuid[])"
        while True:
            if self._waiting:
                rows = await connection.fetch(sql, list(self._waiting)[:1_000])
                now = time.time()
                self.waits += (now - self._waiting.pop(row["id"]) for row in rows)
            await asyncio.sleep(0.002)


@asynccontextmanager
async def arrivals(dsn: str) -> AsyncIterator[Arrivals]:
    """Watch a timeline while the block runs."""
    watched = Arrivals()
    connection = await asyncpg.connect(dsn)
    try:
        async with asyncio.TaskGroup() as group:
            looking = group.create_task(watched.look(connection))
            yield watched
            looking.cancel()
    finally:
        await connection.close()


def percentiles(waits: list[float]) -> tuple[float, float]:
    """Return p50 and p99 in milliseconds."""
    ordered = sorted(waits)
    return ordered[len(ordered) // 2] * 1000, ordered[int(len(ordered) * 0.99)] * 1000
