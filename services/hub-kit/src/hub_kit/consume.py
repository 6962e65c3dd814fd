"""Reads the bus for one service: every event handled once, in order per key, or set aside.

Rule 1. The reader's position moves in the transaction of its work, by compare-and-swap: of two
        members that believe they are active, one cannot commit.
Rule 2. `Temporary` (and a database that is away) stops the lane in place; nothing is skipped.
Rule 3. What cannot be decoded becomes a dead letter, with bytes and reason, in that transaction.
Rule 4. What fails for one key only parks that key: its later events wait in order behind it, all
        others flow. A parked key is tried again when an operator asks (`faden replay`).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from hub_contract.errors import Permanent, Temporary
from hub_contract.events import ConversationEvent
from hub_contract.topics import from_wire
from hub_kit import logs, metrics, set_aside, tracing
from hub_kit.bus import START, Batch, Bus, Record, Subscription
from hub_kit.database import AWAY, Connection, Pool, connect, transaction

LIMIT = 1_000
REPLAY_EVERY = 1.0  # seconds between looks at what operators ask for
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Delivered:
    record: Record
    event: ConversationEvent


Handle = Callable[[Connection, Sequence[Delivered]], Awaitable[None]]


class _Overtaken(Exception):  # noqa: N818 - not an error: another member is active now
    """The position is not where this member left it."""


@dataclass
class Consumer:
    """One reader of a service: `name` is its group, its tables lie in the pool's schema."""

    name: str
    topics: Sequence[str]
    bus: Bus
    pool: Pool
    handle: Handle
    limit: int = LIMIT
    progress: float = 0.0  # monotonic seconds of the last look that ended well

    async def run(self) -> None:
        """Read for ever; every interruption is waited out in place."""
        while True:
            try:
                async with self.bus.subscribe(self.name, self.topics, self._position) as place:
                    await self._read(place)
            except (Temporary, *AWAY) as error:
                log.warning("consumer waits", consumer=self.name, reason=str(error)[:200])
                await asyncio.sleep(1)

    async def _read(self, place: Subscription) -> None:
        asked = 0.0
        while True:
            for batch in await place.fetch(self.limit):
                await self._settle(place, batch)
            self.progress = time.monotonic()
            if self.progress - asked > REPLAY_EVERY:
                asked = self.progress
                await set_aside.replay_asked(self.pool, self.name, self._again)

    async def _settle(self, place: Subscription, batch: Batch) -> None:
        try:
            with metrics.HANDLE_SECONDS.labels(self.name).time():
                await self._commit(batch, self._handle_all)
        except (Temporary, *AWAY):
            await place.rewind(batch.lane)
            raise
        except _Overtaken:
            await place.rewind(batch.lane)
            return
        except Exception as error:  # noqa: BLE001 - outermost loop: find the event it fails for
            log.warning("batch fails, singly now", consumer=self.name, error=logs.place(error))
            await self._commit(batch, self._handle_singly)
        await place.done(batch)
        metrics.CONSUMED.labels(self.name).inc(len(batch.records))

    async def _commit(
        self, batch: Batch, work: Callable[[Connection, Batch], Awaitable[None]]
    ) -> None:
        async with transaction(self.pool) as connection:
            await _move(connection, self.name, batch)
            await work(connection, batch)

    async def _handle_all(self, connection: Connection, batch: Batch) -> None:
        delivered = await self._decode(connection, batch)
        parked = await set_aside.parked_keys(connection, self.name)
        if parked:
            behind = [d.record for d in delivered if d.record.key in parked]
            await set_aside.park(connection, self.name, batch.lane, behind, "waits in order")
            delivered = [d for d in delivered if d.record.key not in parked]
        if delivered:
            with tracing.span(f"{self.name} handle", delivered[0].record.traceparent):
                await self.handle(connection, delivered)
            self._note_lag(delivered[-1])

    async def _handle_singly(self, connection: Connection, batch: Batch) -> None:
        for one in await self._decode(connection, batch):
            parked = await set_aside.parked_keys(connection, self.name)
            reason = "waits in order" if one.record.key in parked else ""
            reason = reason or await self._try(connection, one)
            if reason:
                await set_aside.park(connection, self.name, batch.lane, [one.record], reason)

    async def _try(self, connection: Connection, one: Delivered) -> str:
        """Handle one event under a savepoint; return why it failed, or nothing."""
        try:
            async with connection.transaction():
                await self.handle(connection, [one])
        except (Temporary, *AWAY):
            raise
        except Exception as error:  # noqa: BLE001 - outermost loop: the reason goes to the operator
            log.error("event parked", consumer=self.name, error=logs.place(error))
            # Only our own errors are written to be read; a foreign text may quote content.
            return str(error) if isinstance(error, Permanent) else type(error).__name__
        return ""

    async def _decode(self, connection: Connection, batch: Batch) -> list[Delivered]:
        delivered = []
        for record in batch.records:
            try:
                delivered.append(Delivered(record, from_wire(record.body)))
            except Permanent as error:
                await set_aside.bury(connection, self.name, batch.lane, record, str(error))
        return delivered

    async def _again(self, connection: Connection, record: Record) -> str:
        return await self._try(connection, Delivered(record, from_wire(record.body)))

    async def _position(self, lane: str) -> str:
        async with connect(self.pool) as connection:
            await connection.execute(
                "insert into cursor values ($1, $2, $3) on conflict do nothing",
                self.name,
                lane,
                START,
            )
            sql = "select position from cursor where consumer = $1 and lane = $2"
            return str(await connection.fetchval(sql, self.name, lane))

    def _note_lag(self, last: Delivered) -> None:
        moment = getattr(last.event, "received_at", None) or getattr(last.event, "at", None)
        if isinstance(moment, datetime):
            lag = (datetime.now(UTC) - moment).total_seconds()
            metrics.LAG_SECONDS.labels(self.name).set(max(lag, 0))


async def _move(connection: Connection, consumer: str, batch: Batch) -> None:
    sql = """update cursor set position = $4, moved_at = now()
             where consumer = $1 and lane = $2 and position = $3"""
    if await connection.execute(sql, consumer, batch.lane, batch.before, batch.after) != "UPDATE 1":
        raise _Overtaken
