"""Hands the event log on to Kafka, in order per key: never loses, may repeat.

Rule 1. One relay is active; the cursor moves by compare-and-swap, only after every acknowledgement.
Rule 2. One batch a partition is on its way at a time: none can overtake one that failed.
Rule 3. After any failure the producer is thrown away and the log sent again from the cursor. What
        reaches the broker late is a repetition: first arrivals stay in order.
Rule 4. Kafka may be away for hours: the log keeps what comes in, the relay keeps asking.
Rule 5. What the broker will never take, for its size, is set aside for operators; the rest goes on.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import lru_cache
from itertools import accumulate

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, RecordListTooLargeError
from aiokafka.partitioner import murmur2

from hub_contract.errors import Permanent, Temporary
from hub_contract.topics import Wire, from_wire, to_wire
from hub_kit import cursor, event_log, kafka, metrics, set_aside
from hub_kit.bus import Record
from hub_kit.database import AWAY, Connection, Pool, connect
from hub_kit.horizon import Horizon

NAME, LANE = "relay", "log"
LIMIT = 1_000
REQUEST_BYTES = 32 * 1024 * 1024  # a broker breaks off at 100 MB (`socket.request.max.bytes`)
ROOM = 4 * 1024  # bytes of an event's headers and of the batch around it
LOOK_EVERY = 1.0  # seconds between looks at what operators ask for
ACKNOWLEDGE = 30.0  # seconds the broker has for a batch
QUICK, SLOW = 0.01, 0.1  # seconds between looks: while events flow, and while all is quiet
FIRST_PAUSE, LAST_PAUSE = 0.5, 10.0  # seconds between tries while a part is away
_UNREACHABLE = (Temporary, KafkaError, *AWAY)
log = structlog.get_logger()


class _Overtaken(Temporary):
    """Another relay has moved the cursor."""


class TooLarge(Permanent):
    """The broker takes nothing of this size; its producer is of no use from here on."""


class Relay:
    """Tails the log of one database; start as many as you like, one of them works."""

    def __init__(self, pool: Pool, bootstrap: str, *, acknowledge: float = ACKNOWLEDGE) -> None:
        self._pool, self._bootstrap, self._acknowledge = pool, bootstrap, acknowledge
        self._horizon = Horizon()
        self._reason = "starting"
        self._alone_until = ""  # the position up to which events go one by one
        self._producer: AIOKafkaProducer | None = None

    async def run(self) -> None:
        """Relay for ever; every interruption is waited out, and said once."""
        pause = FIRST_PAUSE
        while True:
            started = time.monotonic()
            try:
                await self._attempt()
                pause = FIRST_PAUSE
            except _UNREACHABLE as error:
                self._say(str(error) or type(error).__name__)
                long = time.monotonic() - started > LAST_PAUSE
                pause = FIRST_PAUSE if long else min(pause * 2, LAST_PAUSE)
            await asyncio.sleep(pause)

    async def check(self) -> None:
        """Raise `Temporary` with the reason while nothing can be relayed; a standby is ready."""
        if self._reason:
            raise Temporary(self._reason)
        if self._producer and not await self._producer.client.force_metadata_update():
            raise Temporary("kafka: does not answer")

    def _say(self, reason: str) -> None:
        if reason and reason != self._reason:
            log.warning("relay waits", reason=reason[:200])
        self._reason = reason

    async def _attempt(self) -> None:
        async with _turn(self._pool) as connection:
            if connection is None:
                self._say("")
                return
            async with _producer(self._bootstrap) as producer:
                self._producer = producer
                try:
                    await self._relay(connection, producer)
                finally:
                    self._producer = None

    async def _relay(self, connection: Connection, producer: AIOKafkaProducer) -> None:
        position = await cursor.stand(connection, NAME, LANE)
        log.info("relay is active")
        self._say("")
        pause, looked = QUICK, 0.0
        while True:
            await self._horizon.look(connection)
            if time.monotonic() - looked > LOOK_EVERY:
                looked = time.monotonic()
                await set_aside.replay(self._pool, NAME, self._again)
            alone = event_log.parts(position) < event_log.parts(self._alone_until)
            self._alone_until = self._alone_until if alone else ""
            rows = _some(await event_log.read(connection, position, 1 if alone else LIMIT))
            if not rows:
                await asyncio.sleep(pause)
                pause = min(pause * 1.2, SLOW)
                continue
            pause = QUICK
            good = [row.wire for row in rows if not _is_too_large(row.wire)]
            after, dead = rows[-1].position, [row for row in rows if _is_too_large(row.wire)]
            try:
                await send(producer, good, self._acknowledge)
            except TooLarge:
                # It is set to take less than we do, and does not say which of them it was.
                self._alone_until = after
                if len(rows) == 1:
                    await _move(connection, position, after, rows)
                return
            await _move(connection, position, after, dead)
            position = after
            metrics.RELAYED.inc(len(good))

    async def _again(self, _: Connection, records: Sequence[Record]) -> None:
        """Send what was set aside, by a producer of its own: a refusal would end the other one."""
        wires = [_wire(record) for record in records]
        if any(map(_is_too_large, wires)):
            raise TooLarge(f"too large: {max(len(wire.body) for wire in wires)} bytes")
        async with _producer(self._bootstrap) as producer:
            await send(producer, wires, self._acknowledge)


def _some(rows: list[event_log.Row]) -> list[event_log.Row]:
    """Return as many of them as may go in one request, one at least."""
    sizes = accumulate(len(row.wire.body) for row in rows)
    return rows[: max(1, sum(size <= REQUEST_BYTES for size in sizes))]


def _is_too_large(wire: Wire) -> bool:
    return len(wire.body) + ROOM > kafka.MESSAGE_BYTES


async def _move(
    connection: Connection, before: str, after: str, dead: Sequence[event_log.Row]
) -> None:
    """Move the cursor; with it, what cannot be sent becomes a dead letter."""
    async with connection.transaction():
        if not await cursor.move(connection, NAME, LANE, before, after):
            raise _Overtaken("another relay is at work")
        records = [(_record(row), f"too large: {len(row.wire.body)} bytes") for row in dead]
        await set_aside.bury(connection, NAME, LANE, records)
    for row in dead:
        log.error("event set aside", reason="too large", id=str(row.wire.id))
    metrics.DEAD.labels(NAME).inc(len(dead))


def _record(row: event_log.Row) -> Record:
    wire = row.wire
    return Record(wire.topic, wire.key, row.position, wire.traceparent, wire.body)


def _wire(record: Record) -> Wire:
    wire = to_wire(from_wire(record.body), NAME, record.traceparent)
    return replace(wire, topic=record.topic, key=record.key)


async def send(producer: AIOKafkaProducer, wires: Sequence[Wire], within: float) -> None:
    """Return once every replica in sync has every event; each partition gets its own in order.

    `TooLarge`: the broker refuses one of them, or some together, for the size.
    """
    counts = {t: len(await _partitions(producer, t)) for t in {wire.topic for wire in wires}}
    lanes: dict[tuple[str, int], list[Wire]] = defaultdict(list)
    for wire in wires:
        lanes[wire.topic, partition_of(wire.key, counts[wire.topic])].append(wire)
    try:
        async with asyncio.timeout(within):
            await asyncio.gather(*(_send_lane(producer, *lane, own) for lane, own in lanes.items()))
    except TimeoutError:
        raise Temporary(f"kafka: no acknowledgement within {within:.0f} s") from None


@lru_cache(maxsize=100_000)
def partition_of(key: str, count: int) -> int:
    """Return where this key lies, as the Java clients compute it."""
    return (murmur2(key.encode()) & 0x7FFFFFFF) % count  # type: ignore[no-any-return]


async def _partitions(producer: AIOKafkaProducer, topic: str) -> set[int]:
    try:
        return set(await producer.partitions_for(topic))
    except KafkaError as error:
        raise Temporary(f"kafka: topic {topic}: {type(error).__name__}") from error


async def _send_lane(
    producer: AIOKafkaProducer, topic: str, partition: int, wires: list[Wire]
) -> None:
    waiting = iter(wires)
    wire = next(waiting, None)
    while wire is not None:
        batch = producer.create_batch()
        while wire is not None and _fits(batch, wire):
            wire = next(waiting, None)
        batch.close()
        try:
            await (await producer.send_batch(batch, topic, partition=partition))
        except (MessageSizeTooLargeError, RecordListTooLargeError) as error:
            raise TooLarge(f"kafka: {topic}/{partition}: {type(error).__name__}") from error
        except KafkaError as error:
            raise Temporary(f"kafka: {topic}/{partition}: {type(error).__name__}") from error


def _fits(batch: object, wire: Wire) -> bool:
    append = batch.append  # type: ignore[attr-defined] # the library exports no name for it
    headers, key = wire.headers, wire.key.encode()
    return append(timestamp=None, key=key, value=wire.body, headers=headers) is not None


@asynccontextmanager
async def _turn(pool: Pool) -> AsyncIterator[Connection | None]:
    """Lend a connection that holds the relay's lock, or nothing while another has it.

    Reading and moving the cursor go by the same connection: who lost the lock can do neither.
    """
    async with connect(pool) as connection:
        lock = "select pg_try_advisory_lock(hashtextextended('faden relay', 0))"
        if not await connection.fetchval(lock):
            yield None
            return
        try:
            # A frozen relay must not keep the lock: the server ends a session that asks nothing.
            await connection.execute("set idle_session_timeout = '60s'")
            yield connection
        finally:
            connection.terminate()


@asynccontextmanager
async def _producer(bootstrap: str) -> AsyncIterator[AIOKafkaProducer]:
    producer = kafka.make_producer(bootstrap)
    try:
        try:
            async with asyncio.timeout(ACKNOWLEDGE):
                await producer.start()
        except (KafkaError, OSError, TimeoutError) as error:
            raise Temporary(f"kafka: {type(error).__name__}") from error
        yield producer
    finally:
        await kafka.to_the_end(_throw_away(producer))


async def _throw_away(producer: AIOKafkaProducer) -> None:
    """Close without the flush of `stop`, which would last as long as the broker is away."""
    with suppress(TimeoutError, KafkaError):
        async with asyncio.timeout(2):
            await producer.stop()
            return
    with suppress(TimeoutError, KafkaError):
        async with asyncio.timeout(5):
            await producer.client.close()
            await producer._sender.close()  # noqa: SLF001 - there is no public way to give up
