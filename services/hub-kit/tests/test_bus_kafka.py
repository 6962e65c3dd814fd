"""What only the Kafka bus has to get right: its settings, its clients, its gaps, a broker away."""

import ast
import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.errors import OffsetOutOfRangeError
from structlog.testing import capture_logs

from hub_contract.errors import Permanent, Temporary
from hub_contract.topics import Topic
from hub_kit import kafka as clients
from hub_kit.bus_kafka import KafkaBus
from hub_kit.testing import eventually

ROOT = Path(__file__).parents[3]
MAKERS = {"AIOKafkaProducer", "AIOKafkaConsumer", "AIOKafkaAdminClient", "AIOKafkaClient"}


def makes_a_client(path: Path) -> set[str]:
    calls = (n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call))
    names = (getattr(call.func, "id", getattr(call.func, "attr", "")) for call in calls)
    return MAKERS.intersection(names)


def test_nobody_makes_a_client_but_the_one_factory():
    sources = [p for p in ROOT.rglob("src/**/*.py") if ".venv" not in p.parts]
    assert len(sources) > 30
    makers = {str(p.relative_to(ROOT)) for p in sources if makes_a_client(p)}
    assert makers == {"services/hub-kit/src/hub_kit/kafka.py"}


async def test_clients_are_set_to_lose_nothing():
    producer, consumer = clients.make_producer("h:1"), clients.make_consumer("h:1", "g", member="m")
    await producer.stop()
    await consumer.stop()
    assert producer._sender._acks == -1
    assert producer._txn_manager is not None, "idempotence is off"
    assert consumer._enable_auto_commit is False
    assert consumer._auto_offset_reset == "earliest"
    assert consumer._fetch_max_wait_ms == 20
    assert consumer._group_instance_id == "g-m"
    assert consumer._max_partition_fetch_bytes == producer._max_request_size


@pytest.mark.real("kafka")
async def test_topics_stand_as_the_contract_says_and_never_with_other_partitions(kafka_harness):
    topic = Topic(kafka_harness.topic, partitions=3)
    await clients.ensure_topics(kafka_harness.bootstrap, [topic])
    with pytest.raises(Permanent, match="has 3 partitions, not 4"):
        await clients.ensure_topics(
            kafka_harness.bootstrap, [Topic(kafka_harness.topic, partitions=4)]
        )


async def test_a_broker_that_is_not_there_is_temporary():
    with pytest.raises(Temporary, match=r"kafka 127\.0\.0\.1:9: KafkaConnectionError"):
        await clients.ensure_topics("127.0.0.1:9", [])
    with pytest.raises(Temporary, match="kafka: KafkaConnectionError"):
        async with KafkaBus("127.0.0.1:9").subscribe("g", ["t"], None):
            pytest.fail("joined a group of nobody")


@pytest.mark.real("kafka")
async def test_a_member_keeps_its_place_while_its_database_is_away(kafka_harness):
    await kafka_harness.append([kafka_harness.event(1, 1)])
    asked = []

    async def positions(lane: str) -> str:
        asked.append(lane)
        if len(asked) < 3:
            raise Temporary("database: OSError")
        return ""

    bus = KafkaBus(kafka_harness.bootstrap, session=1.5)
    async with bus.subscribe("other", [kafka_harness.topic], positions) as place:
        batches = []
        while not batches:
            batches = await place.fetch(10)
    assert [(b.before, b.after, len(b.records)) for b in batches] == [("", "1", 1)]
    assert set(asked) == {f"{kafka_harness.topic}/{n}" for n in range(3)}


@pytest.mark.real("kafka")
async def test_a_member_takes_nothing_up_while_the_group_shares_out_anew(kafka_harness):
    asked = []

    async def positions(lane: str) -> str:
        asked.append(lane)
        return ""

    bus = KafkaBus(kafka_harness.bootstrap)
    async with bus.subscribe("shares", [kafka_harness.topic], positions) as place:
        await place.on_partitions_revoked([])  # the library shows the old assignment until the end
        await kafka_harness.append([kafka_harness.event(1, 1)])
        for _ in range(3):
            assert await place.fetch(10) == []
        asked.clear()
        await place.on_partitions_assigned(place._consumer.assignment())
        batches = []
        while not batches:
            batches = await place.fetch(10)
    assert len(set(asked)) == 3
    assert [(b.before, b.after) for b in batches] == [("", "1")]


@asynccontextmanager
async def at_work(work):
    """Do this beside the test, and see its end: a client cut off leaves its sockets behind."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        if not task.cancelling():
            task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_what_is_being_closed_is_closed_to_the_end():
    """A client begins to leave by itself, and is cancelled a moment later by who stops it."""
    begun, free, closed = asyncio.Event(), asyncio.Event(), []

    async def close() -> None:
        begun.set()
        await free.wait()
        closed.append(True)

    task = asyncio.create_task(clients.to_the_end(close()))
    await begun.wait()
    task.cancel()
    await asyncio.sleep(0)
    free.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert closed == [True]


class Deaf:
    """A bus whose first client hears nothing more after its first batch, as stuck ones do."""

    def __init__(self, bus: KafkaBus) -> None:
        self._bus, self.subscribed = bus, 0

    @asynccontextmanager
    async def subscribe(self, *arguments):
        self.subscribed += 1
        async with self._bus.subscribe(*arguments) as place:
            fetch = place.fetch

            async def once(limit):
                batches = await fetch(limit)
                if batches and self.subscribed == 1:
                    place._consumer.pause(*place._consumer.assignment())
                return batches

            place.fetch = once
            yield place


@pytest.mark.real("kafka")
async def test_a_client_that_stands_still_with_work_to_do_is_made_anew(kafka_harness):
    reader = kafka_harness.reader()
    reader.bus = Deaf(KafkaBus(kafka_harness.bootstrap, session=1.5, patience=1))
    async with at_work(reader.run()):
        await kafka_harness.append([kafka_harness.event(1, 1)])
        await kafka_harness.until(1)
        await kafka_harness.append([kafka_harness.event(c, 2) for c in range(1, 10)])
        await kafka_harness.until(10)
        assert reader.bus.subscribed >= 2  # a slow group may seem to stand still once more


@pytest.mark.real("kafka")
async def test_a_client_with_nothing_to_do_is_left_alone(kafka_harness):
    reader = kafka_harness.reader()
    reader.bus = Deaf(KafkaBus(kafka_harness.bootstrap, session=1.5, patience=2))
    async with at_work(reader.run()):
        await kafka_harness.append([kafka_harness.event(1, 1)])
        await kafka_harness.until(1)
        before = reader.bus.subscribed
        await asyncio.sleep(5)
        assert reader.bus.subscribed == before


@pytest.mark.real("kafka")
async def test_a_member_without_a_lane_stays_to_take_over(kafka_harness, monkeypatch):
    monkeypatch.setattr(clients, "MAX_POLL", 0.5)
    kafka_harness.topic += ".narrow"
    narrow = Topic(kafka_harness.topic, partitions=1)
    await clients.ensure_topics(kafka_harness.bootstrap, [narrow])
    readers = {name: kafka_harness.reader(partial(kafka_harness.note, name)) for name in "ab"}
    async with AsyncExitStack() as stack:
        tasks = {
            name: await stack.enter_async_context(at_work(reader.run()))
            for name, reader in readers.items()
        }
        await asyncio.sleep(2)  # both have joined, one waits longer than it may without asking
        await kafka_harness.append([kafka_harness.event(1, 1)])
        await kafka_harness.until(1)
        [active] = await kafka_harness.fetch("select member from handled")
        tasks[active["member"]].cancel()
        await kafka_harness.append([kafka_harness.event(1, 2)])
        await kafka_harness.until(2)
    assert await kafka_harness.places() == {1: [1, 2]}


@pytest.mark.real("kafka")
async def test_what_the_broker_has_deleted_unread_is_said_aloud(kafka_harness):
    """Only the topic's age can do that; the log keeps what is to be sent again."""
    async with kafka_harness.reading():
        await kafka_harness.append([kafka_harness.event(1, p) for p in (1, 2)])
        await kafka_harness.until(2)
    await kafka_harness.append([kafka_harness.event(1, p) for p in (3, 4, 5)])
    [lane] = await kafka_harness.fetch("select lane from cursor where position = '2'")
    tp = TopicPartition(kafka_harness.topic, int(lane["lane"].rpartition("/")[2]))
    await eventually(partial(delete_before, kafka_harness.bootstrap, tp, 4))
    with capture_logs() as logs:
        async with kafka_harness.reading():
            await kafka_harness.until(3)
    assert await kafka_harness.places() == {1: [1, 2, 5]}
    said = [line for line in logs if line["event"] == "the broker has lost an offset"]
    assert {(line["sought"], line["got"]) for line in said} == {(2, 4)}


async def delete_before(bootstrap: str, tp: TopicPartition, offset: int) -> bool:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        return (await admin.delete_records({tp: RecordsToDelete(offset)}))[tp] == offset
    except OffsetOutOfRangeError:  # not yet relayed
        return False
    finally:
        await admin.close()


@pytest.mark.real("kafka")
async def test_operators_see_on_the_broker_how_far_the_group_is(kafka_harness):
    await kafka_harness.append([kafka_harness.event(1, p) for p in (1, 2, 3)])
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_harness.bootstrap)
    await admin.start()

    async def told() -> bool:
        offsets = await admin.list_consumer_group_offsets("bus_probe")
        return [o.offset for tp, o in offsets.items() if tp.topic == kafka_harness.topic] == [3]

    async with kafka_harness.reading():
        await eventually(told)
    await admin.close()
