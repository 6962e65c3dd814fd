"""The relay: one at work, nothing lost, repetitions harmless, quiet while the broker is away."""

import asyncio
import os
import re
import subprocess
import sys
from contextlib import suppress
from functools import partial
from uuid import UUID

import httpx
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from hub_contract.errors import Temporary
from hub_contract.topics import Topic
from hub_kit import set_aside
from hub_kit.bus_kafka import KafkaBus
from hub_kit.database import Pool, connect, open_pool
from hub_kit.find_port import free_port
from hub_kit.hand_on import Relay, partition_of
from hub_kit.kafka import MESSAGE_BYTES
from hub_kit.keys import KeyRing
from hub_kit.relay import ROLE, SCHEMA
from hub_kit.testing import eventually
from hub_kit.tokens import Caller, issue
from local_hub.kafka import ensure_topics, start_kafka

pytestmark = pytest.mark.real("kafka")


async def test_a_second_relay_stands_by_and_takes_over(kafka_harness):
    pool = await open_pool(kafka_harness.own(ROLE), SCHEMA)
    second = Relay(pool, kafka_harness.bootstrap)

    async def stands_by() -> bool:
        with suppress(Temporary):
            await second.check()
            return True
        return False

    async with kafka_harness.reading():
        await kafka_harness.append([kafka_harness.event(1, 1)])
        await kafka_harness.until(1)
        standing_by = asyncio.create_task(second.run())
        await eventually(stands_by)
        assert second._producer is None, "both are at work"
        kafka_harness.relay.cancel()
        await kafka_harness.append([kafka_harness.event(1, 2)])
        await kafka_harness.until(2)
        await eventually(partial(is_well, second))
    standing_by.cancel()
    await asyncio.gather(standing_by, return_exceptions=True)
    pool.terminate()
    assert await kafka_harness.places() == {1: [1, 2]}


async def test_a_cursor_set_back_sends_the_log_again(kafka_harness):
    """So a lost topic is filled again; readers keep each event once."""
    owner = await open_pool(kafka_harness.dsn, "hub", size=1)
    async with kafka_harness.reading():
        await kafka_harness.append([kafka_harness.event(c, 1) for c in range(1, 6)])
        await kafka_harness.until(5)
        # Handled is not yet noted: set back before the relay's note, the note would stand again.
        await eventually(partial(noted, owner))
        await owner.execute("update cursor set position = ''")
        await kafka_harness.append([kafka_harness.event(c, 2) for c in range(1, 6)])
        await kafka_harness.until(10)
        await kafka_harness.until(20, "given")
    owner.terminate()
    assert await kafka_harness.places() == {c: [1, 2] for c in range(1, 6)}


async def test_what_the_broker_never_takes_is_set_aside_and_all_else_goes_on(kafka_harness):
    harness = kafka_harness
    pool = await open_pool(harness.own(ROLE), SCHEMA, size=1)
    await limit(harness, 20_000)
    texts = {2: "x" * 30_000, 4: "y" * (MESSAGE_BYTES + 1)}  # the topic's own limit, and ours
    events = [
        harness.event(c, 1).model_copy(update={"kind": texts.get(c, "note")}) for c in range(1, 6)
    ]
    async with harness.reading():
        await harness.append(events)
        await harness.until(3)
        found = await set_aside_by_now(pool)
        assert [row["key"] for row in found] == [f"musterstadt/{UUID(int=c)}" for c in (2, 4)]
        assert all(re.fullmatch(r"too large: \d+ bytes", row["reason"]) for row in found)
        assert sorted(await harness.places()) == [1, 3, 5]
        # What the topic takes by now is sent once more when an operator asks; the other one stays.
        await limit(harness, MESSAGE_BYTES)
        async with connect(pool) as connection:
            await set_aside.ask_replay(connection)
        await harness.until(4)
        [left] = await set_aside_by_now(pool, 1)
        assert left["key"].endswith(str(UUID(int=4)))
    pool.terminate()


async def limit(harness, size: int) -> None:
    """Set how many bytes this topic takes, as an operator of the broker would."""
    client = AIOKafkaAdminClient(bootstrap_servers=harness.bootstrap)
    await client.start()
    wanted = {"max.message.bytes": str(size)}
    await client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, harness.topic, wanted)])
    await client.close()


async def set_aside_by_now(pool: Pool, number: int = 2) -> list[dict]:
    """Return what is set aside, once it is so many and nothing is asked for any more."""
    found = []

    async def there() -> bool:
        async with connect(pool) as connection:
            found[:] = await set_aside.waiting(connection)
            asked = await connection.fetchval("select count(*) from dead_letter where replay_asked")
        return len(found) == number and not asked

    await eventually(there)
    return found


async def noted(owner: Pool) -> bool:
    """Say whether the relay's cursor has left the start."""
    sql = "select position <> '' from cursor where consumer = 'relay'"
    return bool(await owner.fetchval(sql))


async def test_a_broker_away_stops_nobody_and_loses_nothing(log_harness, tmp_path):
    """Stopped and started on the same data, as in an upgrade; nobody else is restarted."""
    harness, port = log_harness, free_port()
    pool = await open_pool(harness.own(ROLE), SCHEMA)
    relay = Relay(pool, f"127.0.0.1:{port}", acknowledge=2)
    relaying = asyncio.create_task(relay.run())
    reader = harness.reader()
    reader.bus = KafkaBus(f"127.0.0.1:{port}", session=1.5)
    reading = asyncio.create_task(reader.run())
    for turn in (1, 2):
        await harness.append([harness.event(c, 2 * turn - 1) for c in range(1, 6)])
        await eventually(partial(says, relay, "kafka"))
        broker = start_kafka(tmp_path / "broker", port, brief=True)
        address = await asyncio.to_thread(broker.__enter__)
        await ensure_topics(address, [Topic(harness.topic, partitions=3)])
        await harness.append([harness.event(c, 2 * turn) for c in range(1, 6)])
        await harness.until(10 * turn)
        await eventually(partial(is_well, relay))
        await asyncio.to_thread(broker.__exit__, None, None, None)
        await eventually(partial(says, relay, "kafka"))
    for task in (relaying, reading):
        task.cancel()
    await asyncio.gather(relaying, reading, return_exceptions=True)
    pool.terminate()
    assert await harness.places() == {c: [1, 2, 3, 4] for c in range(1, 6)}


async def is_well(relay: Relay) -> bool:
    try:
        await relay.check()
    except Temporary:
        return False
    return True


async def says(relay: Relay, what: str) -> bool:
    try:
        await relay.check()
    except Temporary as error:
        return what in str(error)
    return False


async def test_the_deployed_relay_tells_how_it_is(kafka_harness):
    kafka_harness.relay.cancel()
    await kafka_harness.append([kafka_harness.event(1, 1)])
    with kafka_harness.relay_child() as process:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{process.port}", timeout=60
        ) as client:
            await eventually(partial(is_ready, client))
            await eventually(partial(has_relayed_one, client))
            await kafka_harness.append([kafka_harness.event(1, 2)])
            await eventually(partial(says_where_it_is, client, process.ring))
            for role in ("agent", "citizen", "service"):
                refused = await client.get("/operations", headers=as_role(process.ring, role))
                assert refused.status_code == 403, role
            assert (await client.get("/operations")).status_code == 401
        process.terminate()
        process.wait(timeout=300)
    assert '"event": "stopping"' in (kafka_harness.folder / "relay.log").read_text()


def as_role(ring: KeyRing, role: str) -> dict[str, str]:
    token = issue(ring, Caller("x", "musterstadt", role), "relay")
    return {"Authorization": f"Bearer {token}"}


async def says_where_it_is(client: httpx.AsyncClient, ring: KeyRing) -> bool:
    said = (await client.get("/operations", headers=as_role(ring, "operator"))).json()
    [lane] = said["lanes"]
    assert (lane["consumer"], lane["lane"], said["bus"]) == ("relay", "log", "")
    return lane["behind"] == 0


async def is_ready(client: httpx.AsyncClient) -> bool:
    try:
        said = (await client.get("/readyz")).json()
    except httpx.TransportError:
        return False
    assert said.keys() == {"database", "broker"}
    return set(said.values()) == {"ok"}


async def has_relayed_one(client: httpx.AsyncClient) -> bool:
    metrics = (await client.get("/metrics")).text
    assert "hub_horizon_age_seconds" in metrics
    return "hub_relayed_total 1.0" in metrics


def test_without_kafka_it_says_that_nothing_is_to_be_relayed(tmp_path):
    config = tmp_path / "faden.yaml"
    config.write_text(
        '{database: "postgresql://{role}@/faden", bus: postgresql, blobs: b, keys_file: k}'
    )
    done = subprocess.run(
        [sys.executable, "-m", "hub_kit.relay"],
        env={**os.environ, "HUB_CONFIG": str(config)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == f"faden: {config}: bus: postgresql needs no relay; do not start one\n"


@pytest.mark.parametrize(
    ("key", "murmur2"),
    # From UtilsTest.testMurmur2 of Apache Kafka's own clients.
    [
        ("21", -973932308),
        ("abc", 479470107),
        ("foobar", -790332482),
        ("a-little-bit-long-string", -985981536),
        ("a-little-bit-longer-string", -1486304829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
    ],
)
def test_keys_lie_where_java_clients_look_for_them(key, murmur2):
    assert partition_of(key, 6) == (murmur2 & 0x7FFFFFFF) % 6
