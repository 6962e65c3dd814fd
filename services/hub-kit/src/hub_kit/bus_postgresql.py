"""The embedded bus: readers tail the event log itself, one active member a group."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress

from hub_contract.errors import Temporary
from hub_kit import event_log
from hub_kit.bus import Batch, Positions, Record
from hub_kit.database import AWAY, Connection, Pool, connect
from hub_kit.horizon import Horizon

LANE = "log"
QUICK, SLOW = 0.01, 0.1  # seconds between looks: while events flow, and while all is quiet
TAIL_SLOW = 0.05  # people look at what is behind a tail
KEEP_UP = 60.0  # seconds after which a reader that finds nothing moves to the present
SILENT = 60.0  # seconds without a look after which the server takes the lock from a frozen member


class PostgresBus:
    def __init__(self, pool: Pool, *, silent: float = SILENT, keep_up: float = KEEP_UP) -> None:
        self._pool, self._silent, self._keep_up = pool, silent, keep_up

    @asynccontextmanager
    async def subscribe(
        self, group: str, topics: Sequence[str], positions: Positions
    ) -> AsyncIterator["PostgresSubscription"]:
        subscription = PostgresSubscription(
            self._pool,
            group,
            list(topics),
            positions,
            silent=self._silent,
            keep_up=self._keep_up,
        )
        try:
            yield subscription
        finally:
            await subscription.leave()

    async def behind(self, topics: Sequence[str], stands: Mapping[str, str]) -> dict[str, int]:
        async with connect(self._pool) as connection:
            return {
                lane: await event_log.count_behind(connection, position, list(topics))
                for lane, position in stands.items()
            }

    @asynccontextmanager
    async def tail(self, topic: str) -> AsyncIterator["PostgresStream"]:
        async with connect(self._pool) as connection:
            position = await event_log.present(connection)
        yield PostgresStream(self._pool, topic, position)


class PostgresStream:
    """Looks at the log again and again, on any connection: it holds none while it waits."""

    def __init__(self, pool: Pool, topic: str, position: str) -> None:
        self._pool, self._topic, self._position = pool, topic, position
        self._pause = QUICK

    async def fetch(self, limit: int) -> list[Record]:
        async with connect(self._pool) as connection:
            rows = await event_log.read(connection, self._position, limit, [self._topic])
        if not rows:
            await asyncio.sleep(self._pause)
            self._pause = min(self._pause * 1.2, TAIL_SLOW)
            return []
        self._pause = QUICK
        self._position = rows[-1].position
        return [_record(row) for row in rows]


class PostgresSubscription:
    """Waits for the group's advisory lock, then reads; the lock dies with its connection.

    A paused member may wake up and believe it is still active: its position is compared and
    swapped in the transaction of its work (`hub_kit.consume`), so it can write nothing.
    """

    def __init__(
        self,
        pool: Pool,
        group: str,
        topics: list[str],
        positions: Positions,
        *,
        silent: float,
        keep_up: float,
    ) -> None:
        self._pool, self._group, self._topics = pool, group, topics
        self._positions, self._silent, self._keep_up = positions, silent, keep_up
        self._moved = time.monotonic()
        self._connection: Connection | None = None
        self._position: str | None = None
        self._pause = QUICK
        self._horizon = Horizon()

    async def fetch(self, limit: int) -> list[Batch]:
        try:
            if self._connection is None:
                self._connection = await self._become_active()
            if self._connection is None:
                await asyncio.sleep(SLOW)
                return []
            await self._horizon.look(self._connection)
            return await self._read(self._connection, limit)
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

    async def _become_active(self) -> Connection | None:
        connection: Connection = await self._pool.acquire(timeout=10)
        lock = "select pg_try_advisory_lock(hashtextextended('faden consumer ' || $1, 0))"
        silent = f"set idle_session_timeout = {self._silent * 1000:.0f}"
        try:
            if await connection.fetchval(lock, self._group):
                await connection.execute(silent)
                return connection
        except BaseException:
            connection.terminate()  # whether it holds the lock is not known
            await self._pool.release(connection)
            raise
        await self._pool.release(connection)
        return None

    async def _read(self, connection: Connection, limit: int) -> list[Batch]:
        if self._position is None:
            self._position = await self._positions(LANE)
        # Asked for before the look: what lies before it is seen by the look.
        present = await event_log.present(connection) if self._has_stood_for_long() else ""
        rows = await event_log.read(connection, self._position, limit, self._topics)
        if rows:
            self._pause = QUICK
            return [self._batch(rows[-1].position, rows)]
        if present:
            # A reader of a rare topic would else hold the whole log (see `trim_log`).
            return [self._batch(present, [])]
        await asyncio.sleep(self._pause)
        self._pause = min(self._pause * 1.2, SLOW)
        return []

    def _has_stood_for_long(self) -> bool:
        return time.monotonic() - self._moved > self._keep_up

    def _batch(self, after: str, rows: list[event_log.Row]) -> Batch:
        assert self._position is not None
        self._moved = time.monotonic()
        return Batch(LANE, self._position, after, tuple(map(_record, rows)))


def _record(row: event_log.Row) -> Record:
    wire = row.wire
    return Record(wire.topic, wire.key, row.position, wire.traceparent, wire.body)
