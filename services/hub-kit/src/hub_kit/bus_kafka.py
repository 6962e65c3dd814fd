"""The bus for many machines: Apache Kafka, with the readers' positions in their own databases."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from zlib import crc32

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import KafkaError

from hub_contract.errors import Temporary
from hub_kit import kafka
from hub_kit.bus import Batch, Positions, Record

JOIN = 60.0  # seconds to wait for the group to let us in
PATIENCE = 60.0  # seconds without progress after which a client is made anew
COMMIT_EVERY = 1.0
_NOWHERE = TopicPartition("", 0)
AWAY = (KafkaError, OSError, TimeoutError)
log = structlog.get_logger()


class KafkaBus:
    """`bootstrap` is host:port[,host:port...].

    `member` names this process among its group's: with it a restarted process gets its lanes back
    at once, without it a stopped one gives them up at once. Two with one name throw each other out.
    """

    def __init__(
        self,
        bootstrap: str,
        *,
        member: str = "",
        session: float = kafka.SESSION,
        patience: float = PATIENCE,
    ) -> None:
        self._bootstrap, self._member = bootstrap, member
        self._session, self._patience = session, patience

    @asynccontextmanager
    async def subscribe(
        self, group: str, topics: Sequence[str], positions: Positions
    ) -> AsyncIterator["KafkaSubscription"]:
        # Under its old name a member would get its old lanes back, and new topics nobody.
        reads = f"{crc32(' '.join(sorted(topics)).encode()):08x}"
        member = f"{self._member}-{reads}" if self._member else ""
        consumer = kafka.make_consumer(self._bootstrap, group, member=member, session=self._session)
        subscription = KafkaSubscription(consumer, positions, self._patience)
        try:
            consumer.subscribe(topics=list(topics), listener=subscription)
            try:
                async with asyncio.timeout(JOIN):
                    await consumer.start()
            except AWAY as error:
                raise Temporary(f"kafka: {type(error).__name__}") from error
            yield subscription
        finally:
            await subscription.leave()

    async def behind(self, topics: Sequence[str], stands: Mapping[str, str]) -> dict[str, int]:
        lanes = {_partition(lane): int(position or 0) for lane, position in stands.items()}
        wanted = {tp: position for tp, position in lanes.items() if tp.topic in topics}
        if not wanted:
            return {}
        async with _looking_on(self._bootstrap) as consumer:
            try:
                ends = await consumer.end_offsets(list(wanted))
            except AWAY as error:
                raise Temporary(f"kafka: {type(error).__name__}") from error
        return {_lane(tp): max(0, end - wanted[tp]) for tp, end in ends.items()}

    @asynccontextmanager
    async def tail(self, topic: str) -> AsyncIterator["KafkaStream"]:
        async with _looking_on(self._bootstrap, topic) as consumer:
            yield KafkaStream(consumer)


@asynccontextmanager
async def _looking_on(bootstrap: str, *topics: str) -> AsyncIterator[AIOKafkaConsumer]:
    """Lend a consumer without a group; it stands at the end of these topics."""
    consumer = kafka.make_onlooker(bootstrap, *topics)
    try:
        try:
            async with asyncio.timeout(JOIN):
                await consumer.start()
                # Until it has asked for the end, the end moves on.
                for partition in consumer.assignment():
                    await consumer.position(partition)
        except AWAY as error:
            raise Temporary(f"kafka: {type(error).__name__}") from error
        yield consumer
    finally:
        await kafka.to_the_end(_stop(consumer))


async def _stop(consumer: AIOKafkaConsumer) -> None:
    with suppress(*AWAY):
        async with asyncio.timeout(5):
            await consumer.stop()


class KafkaStream:
    """What comes on all partitions; each keeps its order."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer

    async def fetch(self, limit: int) -> list[Record]:
        try:
            fetched = await self._consumer.getmany(timeout_ms=50, max_records=limit)
        except AWAY as error:
            raise Temporary(f"kafka: {type(error).__name__}") from error
        return [_record(record) for records in fetched.values() for record in records]


@dataclass(slots=True)
class _Lane:
    position: str  # where the reader stands, in its database
    offset: int  # what comes next from the broker
    sought: bool = True  # nothing has come yet since this offset was sought


class KafkaSubscription(ConsumerRebalanceListener):
    """Reads assigned partitions from where the reader's database says.

    Partitions come and go in the background. What was fetched of one that went is dropped; a batch
    already handed out is fenced by the compare-and-swap of the reader's position.
    """

    def __init__(self, consumer: AIOKafkaConsumer, positions: Positions, patience: float) -> None:
        self._consumer, self._positions, self._patience = consumer, positions, patience
        self._lanes: dict[TopicPartition, _Lane] = {}
        self._done: dict[TopicPartition, int] = {}  # for operators, not yet told to the broker
        self._telling: asyncio.Task[None] | None = None
        self._told = self._moved = time.monotonic()
        self._joined = False

    async def fetch(self, limit: int) -> list[Batch]:
        try:
            await self._take_up()
            fetched = await self._get(limit)
            await self._watch(moved=bool(fetched))
        except AWAY as error:
            raise Temporary(f"kafka: {type(error).__name__}") from error
        self._tell()
        batches = (self._batch(tp, records) for tp, records in fetched.items())
        return [batch for batch in batches if batch]

    async def done(self, batch: Batch) -> None:
        tp = _partition(batch.lane)
        lane = self._lanes.get(tp)
        if lane and lane.position == batch.before:
            lane.position = batch.after
            self._done[tp] = int(batch.after)

    async def rewind(self, lane: str) -> None:
        self._lanes.pop(_partition(lane), None)

    async def leave(self) -> None:
        if self._telling:
            self._telling.cancel()
        await kafka.to_the_end(self._leave())

    async def _leave(self) -> None:
        try:
            with suppress(*AWAY):
                async with asyncio.timeout(2):
                    await self._commit()
        finally:
            await _stop(self._consumer)

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:  # noqa: ARG002
        self._joined = False
        self._lanes.clear()  # every rebalance of this library takes all away first
        self._done.clear()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._joined = True
        log.info("lanes assigned", lanes=len(list(assigned)))

    async def _take_up(self) -> None:
        """Seek new partitions to where the reader stands, whatever the broker believes.

        While the group shares its partitions out anew the library still shows the old ones: what
        is sought there is forgotten, and reading would go on from what the broker was told last.
        """
        for tp in self._consumer.assignment() - self._lanes.keys():
            try:
                position = await self._positions(_lane(tp))
            except Temporary:
                # The database is away, as its own check says. Leaving the group for it would
                # disturb the other members; asked again, it will be back.
                await asyncio.sleep(1)
                return
            if self._joined and tp in self._consumer.assignment():
                # At the start this asks for offset 0; where that is deleted by age, the earliest.
                offset = int(position or 0)
                self._consumer.seek(tp, offset)
                self._lanes[tp] = _Lane(position, offset)

    async def _get(self, limit: int) -> dict[TopicPartition, list[ConsumerRecord[bytes, bytes]]]:
        # Who has no lane asks as well: the library expels members that have not asked for long.
        wanted = list(self._lanes) or [_NOWHERE]
        # `getone` never returns while the network is down, and `getmany` waits out a rebalance.
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                return dict(
                    await self._consumer.getmany(*wanted, timeout_ms=100, max_records=limit)
                )
        return {}

    def _batch(
        self, tp: TopicPartition, records: list[ConsumerRecord[bytes, bytes]]
    ) -> Batch | None:
        lane = self._lanes.get(tp)
        if lane is None:
            return None
        if records[0].offset != lane.offset and not self._believe(tp, lane, records[0].offset):
            return None
        lane.offset, lane.sought = records[-1].offset + 1, False
        return Batch(_lane(tp), lane.position, str(lane.offset), tuple(map(_record, records)))

    def _believe(self, tp: TopicPartition, lane: _Lane, offset: int) -> bool:
        """Look twice at a gap; one that stays was made by deletion on the broker, and is said."""
        if not lane.sought or offset < lane.offset:
            del self._lanes[tp]
            return False
        if lane.position:
            log.error(
                "the broker has lost an offset", lane=_lane(tp), sought=lane.offset, got=offset
            )
        return True

    def _tell(self) -> None:
        """Commit to the broker now and then, in the background: operators see the lag there."""
        now = time.monotonic()
        idle = self._telling is None or self._telling.done()
        if self._done and idle and now - self._told > COMMIT_EVERY:
            self._told, self._telling = now, asyncio.create_task(self._commit())

    async def _commit(self) -> None:
        offsets, self._done = self._done, {}
        owned = {tp: o for tp, o in offsets.items() if tp in self._consumer.assignment()}
        # CommitFailed and its like: another member owns the lane by now and will tell.
        with suppress(KafkaError):
            if owned:
                await self._consumer.commit(owned)

    async def _watch(self, *, moved: bool) -> None:
        """Raise `Temporary` when this client stands still though there is something to read."""
        now = time.monotonic()
        if moved:
            self._moved = now
        elif now - self._moved > self._patience:
            self._moved = now
            if not self._joined:
                raise Temporary("kafka: not let into the group; made anew")
            async with asyncio.timeout(10):
                ends = await self._consumer.end_offsets(list(self._lanes))
            lag = sum(max(ends[tp] - lane.offset, 0) for tp, lane in self._lanes.items())
            if lag:
                raise Temporary(f"kafka: {lag} events behind and no progress; made anew")


def _lane(tp: TopicPartition) -> str:
    return f"{tp.topic}/{tp.partition}"


def _partition(lane: str) -> TopicPartition:
    topic, _, partition = lane.rpartition("/")
    return TopicPartition(topic, int(partition))


def _record(record: ConsumerRecord[bytes, bytes]) -> Record:
    headers = dict(record.headers)
    return Record(
        topic=record.topic,
        key=_text(record.key),
        position=str(record.offset + 1),
        traceparent=_text(headers.get("traceparent")),
        body=record.value or b"",
    )


def _text(value: bytes | None) -> str:
    """Return what others may have put on the topic as text that the database takes."""
    return (value or b"").decode(errors="backslashreplace").replace("\0", "\\x00")
