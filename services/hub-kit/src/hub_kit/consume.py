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
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog

from hub_contract.errors import Permanent, Temporary
from hub_contract.events import ConversationEvent
from hub_contract.topics import from_wire, occurred_at
from hub_kit import cursor, logs, metrics, set_aside, tracing
from hub_kit.bus import Batch, Bus, Record, Subscription
from hub_kit.database import AWAY, Connection, Pool, connect, transaction

LIMIT = 1_000
PAUSE = 1.0  # seconds before an interrupted lane is tried again
LOOK_EVERY = 1.0  # seconds between looks at what operators ask for
STALE = 30.0  # seconds without a look at the bus after which the reader is not ready
SAY_EVERY = 60.0  # seconds after which the same interruption is said again
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
    _stands: dict[str, str] = field(default_factory=dict, init=False)  # lane -> position
    _said: tuple[str, float] = field(default=("", 0.0), init=False)

    async def run(self) -> None:
        """Read for ever; every interruption is waited out in subscription."""
        while True:
            try:
                async with self.bus.subscribe(
                    self.name, self.topics, self._position
                ) as subscription:
                    await self._read(subscription)
            except (Temporary, *AWAY) as error:
                await self._wait_out(error)

    async def check(self) -> None:
        """For `Parts.checks`: raise `Temporary` with the reason while nothing can be read."""
        if time.monotonic() - self.progress > STALE:
            raise Temporary(self._said[0] or "is not reading yet")

    async def _read(self, subscription: Subscription) -> None:
        looked = 0.0
        while True:
            batches = await subscription.fetch(self.limit)
            if len(batches) < 2 or not await self._settle_together(subscription, batches):
                for batch in batches:
                    await self._settle(subscription, batch)
            self.progress = time.monotonic()
            if self.progress - looked > LOOK_EVERY:
                looked = self.progress
                await self._look_around(subscription)

    async def _settle_together(self, subscription: Subscription, batches: Sequence[Batch]) -> bool:
        """Commit what came of several lanes in one transaction; False: nothing is done.

        Kafka gives a little of each lane, and a transaction for a little costs what one for all
        does. Whatever fails is done, or waited out, lane by lane.
        """
        try:
            with metrics.HANDLE_SECONDS.labels(self.name).time():
                await self._commit(sorted(batches, key=lambda batch: batch.lane))
        except Exception as error:  # noqa: BLE001 - what it is comes to light lane by lane
            log.info("lanes go singly", consumer=self.name, error=logs.where(error))
            return False
        for batch in batches:
            self._stands[batch.lane] = batch.after
            await subscription.done(batch)
        return True

    async def _settle(self, subscription: Subscription, batch: Batch) -> None:
        try:
            with metrics.HANDLE_SECONDS.labels(self.name).time():
                await self._carry_out(batch)
        except _Overtaken:
            await self._rewind(subscription, batch.lane)
        except (Temporary, *AWAY) as error:
            await self._rewind(subscription, batch.lane)
            await self._wait_out(error)
        else:
            self._stands[batch.lane] = batch.after
            await subscription.done(batch)

    async def _carry_out(self, batch: Batch) -> None:
        """Commit the batch; where it fails, halve it until the one event it fails for is alone."""
        try:
            await self._commit([batch])
        except (_Overtaken, Temporary, *AWAY):
            raise
        except Exception as error:
            if not batch.records:
                raise
            if len(batch.records) == 1:
                log.error("event parked", consumer=self.name, error=logs.where(error))
                await self._commit([batch], set_aside.reason_of(error))
            else:
                for half in _halves(batch):
                    await self._carry_out(half)

    async def _commit(self, batches: Sequence[Batch], failing: str = "") -> None:
        """Handle batches and move on, in one transaction; what is known to fail is parked."""
        decoded = [(batch, *_decode(batch.records)) for batch in batches]
        parked = 0
        async with transaction(self.pool) as connection:
            for batch, _, dead in decoded:
                lane, before, after = batch.lane, batch.before, batch.after
                if not await cursor.move(connection, self.name, lane, before, after):
                    raise _Overtaken
                await set_aside.bury(connection, self.name, lane, dead)
                if failing:
                    await set_aside.park(connection, self.name, lane, batch.records, failing)
                    parked += len(batch.records)
            if not failing:
                good = {batch.lane: delivered for batch, delivered, _ in decoded if delivered}
                parked = await self._handle(connection, good) if good else 0
        metrics.CONSUMED.labels(self.name).inc(sum(len(batch.records) for batch in batches))
        metrics.DEAD.labels(self.name).inc(sum(len(dead) for *_, dead in decoded))
        metrics.PARKED.labels(self.name).inc(parked)

    async def _handle(
        self, connection: Connection, lanes: Mapping[str, Sequence[Delivered]]
    ) -> int:
        """Handle what is free; park what waits behind a parked event of its key, and count it."""
        records = [d.record for delivered in lanes.values() for d in delivered]
        parked = await set_aside.parked(connection, self.name, records)
        free: list[Delivered] = []
        for lane, delivered in lanes.items():
            behind = [d.record for d in delivered if (d.record.topic, d.record.key) in parked]
            await set_aside.park(connection, self.name, lane, behind, set_aside.WAITS)
            free += (d for d in delivered if (d.record.topic, d.record.key) not in parked)
        if free:
            with tracing.span(f"{self.name} handle", free[0].record.traceparent):
                await self.handle(connection, free)
            lag = datetime.now(UTC) - occurred_at(free[-1].event)
            metrics.LAG_SECONDS.labels(self.name).set(max(lag.total_seconds(), 0))
        return len(records) - len(free)

    async def _look_around(self, subscription: Subscription) -> None:
        """Do what operators ask: read again from a position they set, replay what was set aside."""
        try:
            async with connect(self.pool) as connection:
                rows = await connection.fetch(
                    "select lane, position from cursor where consumer = $1", self.name
                )
            for lane, position in rows:
                if self._stands.get(lane, position) != position:
                    log.info("reads again from elsewhere", consumer=self.name, lane=lane)
                    await self._rewind(subscription, lane)
            await set_aside.replay(self.pool, self.name, self._again)
        except (Temporary, *AWAY) as error:
            await self._wait_out(error)

    async def _again(self, connection: Connection, records: Sequence[Record]) -> None:
        await self.handle(connection, [Delivered(r, from_wire(r.body)) for r in records])

    async def _position(self, lane: str) -> str:
        async with connect(self.pool) as connection:
            position = await cursor.stand(connection, self.name, lane)
        self._stands[lane] = position
        return position

    async def _rewind(self, subscription: Subscription, lane: str) -> None:
        self._stands.pop(lane, None)
        await subscription.rewind(lane)

    async def _wait_out(self, error: BaseException) -> None:
        reason, now = str(error)[:200] or type(error).__name__, time.monotonic()
        if reason != self._said[0] or now - self._said[1] > SAY_EVERY:
            log.warning("consumer waits", consumer=self.name, reason=reason)
            self._said = (reason, now)
        await asyncio.sleep(PAUSE)


def _decode(
    records: Sequence[Record],
) -> tuple[list[Delivered], list[tuple[Record, str]]]:
    good: list[Delivered] = []
    dead: list[tuple[Record, str]] = []
    for record in records:
        try:
            good.append(Delivered(record, from_wire(record.body)))
        except Permanent as error:
            dead.append((record, str(error)))
    return good, dead


def _halves(batch: Batch) -> tuple[Batch, Batch]:
    middle = len(batch.records) // 2
    first, second = batch.records[:middle], batch.records[middle:]
    between = first[-1].position
    return (
        Batch(batch.lane, batch.before, between, first),
        Batch(batch.lane, between, batch.after, second),
    )
