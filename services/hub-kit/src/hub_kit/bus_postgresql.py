"""The embedded bus: readers tail the event log itself, one active member a group."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from hub_contract.errors import Temporary
from hub_kit import event_log
from hub_kit.bus import Batch, Positions, Record
from hub_kit.database import AWAY, Connection, Pool

LANE = "log"
QUICK, SLOW = 0.01, 0.1  # seconds between looks: while events flow, and while all is quiet


class PostgresBus:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @asynccontextmanager
    async def subscribe(
        self, group: str, topics: Sequence[str], positions: Positions
    ) -> AsyncIterator["PostgresSubscription"]:
        subscription = PostgresSubscription(self._pool, group, list(topics), positions)
        try:
            yield subscription
        finally:
            await subscription.leave()


class PostgresSubscription:
    """Waits for the group's advisory lock, then reads; the lock dies with its connection.

    A paused member may wake up and believe it is still active: its position is compared and
    swapped in the transaction of its work (`hub_kit.consume`), so it can write nothing.
    """

    def __init__(self, pool: Pool, group: str, topics: list[str], positions: Positions) -> None:
        self._pool, self._group, self._topics = pool, group, topics
        self._positions = positions
        self._connection: Connection | None = None
        self._position: str | None = None
        self._pause = QUICK

    async def fetch(self, limit: int) -> list[Batch]:
        try:
            if self._connection is None and not await self._become_active():
                await asyncio.sleep(SLOW)
                return []
            return await self._read(limit)
        except AWAY as error:
            await self.leave()
            raise Temporary(f"bus: {type(error).__name__}") from error

    async def done(self, batch: Batch) -> None:
        self._position = batch.after

    async def rewind(self, lane: str) -> None:  # noqa: ARG002 - there is one lane
        self._position = None

    async def leave(self) -> None:
        """Give the lock back by closing its connection, whatever state it is in."""
        connection, self._connection, self._position = self._connection, None, None
        if connection is not None:
            with suppress(*AWAY):
                connection.terminate()
                await self._pool.release(connection)

    async def _become_active(self) -> bool:
        connection = await self._pool.acquire(timeout=10)
        lock = "select pg_try_advisory_lock(hashtextextended('faden consumer ' || $1, 0))"
        try:
            active = bool(await connection.fetchval(lock, self._group))
        except BaseException:
            await self._pool.release(connection)
            raise
        if active:
            self._connection = connection
        else:
            await self._pool.release(connection)
        return active

    async def _read(self, limit: int) -> list[Batch]:
        assert self._connection is not None
        if self._position is None:
            self._position = await self._positions(LANE)
        rows = await event_log.read(self._connection, self._position, limit, self._topics)
        if not rows:
            await asyncio.sleep(self._pause)
            self._pause = min(self._pause * 1.2, SLOW)
            return []
        self._pause = QUICK
        return [Batch(LANE, self._position, rows[-1].position, tuple(map(_record, rows)))]


def _record(row: event_log.Row) -> Record:
    wire = row.wire
    return Record(wire.topic, wire.key, row.position, wire.traceparent, wire.body)
