"""What the kit's tests stand on: one harness for both buses; a channel, a keeper and arrivals."""

import asyncio
import itertools
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from uuid import NAMESPACE_URL, UUID, uuid5

import asyncpg
import pytest

from hub_contract.events import Arrival, EntryAppended, MessageContent, MessageReceived
from hub_contract.ids import received_id
from hub_contract.topics import Topic, Wire, to_wire
from hub_contract.words import Attachment, Body, Channel, ContactKind, ContactPoint
from hub_kit import event_log
from hub_kit.consume import Consumer
from hub_kit.database import Pool, open_pool
from hub_kit.find_port import free_port
from hub_kit.ground import Ground
from hub_kit.hand_on import Relay
from hub_kit.kafka import ensure_topics
from hub_kit.keys import KeyRing
from hub_kit.relay import ROLE, SCHEMA
from hub_kit.testing import Cluster, eventually, fresh_database, open_ground

HERE = Path(__file__).parent
_NUMBERS = itertools.count(1)


def _load(name: str) -> ModuleType:
    """Load what a test shares with the process it starts; test folders are no packages."""
    spec = spec_from_file_location(name, HERE / f"{name}.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


member = _load("bus_member")


def event(conversation: int, place: int) -> EntryAppended:
    return EntryAppended(
        id=uuid5(NAMESPACE_URL, f"{conversation}/{place}"),
        tenant="musterstadt",
        conversation_id=UUID(int=conversation),
        entry_id=UUID(int=place),
        place=place,
        kind="note",
        direction="none",
        at=datetime.now(UTC),
    )


@pytest.fixture
def numbered() -> Callable[[int, int], EntryAppended]:
    """Make the event of a conversation and a place in it."""
    return event


@dataclass
class Harness:
    """A bus with a database and a topic of its own, and readers that note what they were given."""

    dsn: str
    pool: Pool
    topic: str
    folder: Path
    bootstrap: str  # empty: the bus is PostgreSQL
    relay: asyncio.Task | None = None
    event = staticmethod(event)
    note = staticmethod(member.note)

    def wires(self, events: Iterable[EntryAppended]) -> list[Wire]:
        return [replace(to_wire(e, "test"), topic=self.topic) for e in events]

    async def append(self, events: Iterable[EntryAppended]) -> None:
        await self.append_wires(self.wires(events))

    async def append_wires(self, wires: list[Wire]) -> None:
        async with self.pool.acquire() as connection:
            await event_log.append(connection, wires, [])

    def reader(self, handle=None, limit: int = 1000) -> Consumer:
        bus = member.make_bus(self.pool, self.bootstrap)
        handle = handle or partial(member.note, "here")
        return Consumer(member.PROBE, [self.topic], bus, self.pool, handle, limit=limit)

    @asynccontextmanager
    async def reading(self, handle=None, limit: int = 1000) -> AsyncIterator[Consumer]:
        reader = self.reader(handle, limit)
        task = asyncio.create_task(reader.run())
        try:
            yield reader
        finally:
            await _cancel(task)

    @contextmanager
    def child(self, name: str, mode: str = "work") -> Iterator[subprocess.Popen]:
        """Run a member of the group as a process of its own."""
        arguments = {
            "dsn": self.own(member.PROBE),
            "topic": self.topic,
            "bootstrap": self.bootstrap,
            "member": name,
            "mode": mode,
            "folder": str(self.folder),
        }
        command = [sys.executable, str(HERE / "bus_member.py"), json.dumps(arguments)]
        with self.process(name, command) as process:
            yield process

    @contextmanager
    def relay_child(self) -> Iterator[subprocess.Popen]:
        """Run the relay as it is deployed, with a configuration of its own."""
        config, ring = self.folder / "faden.yaml", self.folder / "keys.json"
        port = free_port()
        with suppress(FileExistsError):
            KeyRing.create(ring)
        config.write_text(
            f"""
            database: "{self.own("{role}")}"
            bus: "kafka://{self.bootstrap}"
            blobs: "{self.folder}"
            keys_file: "{self.folder}/keys.json"
            services: {{relay: {{http: "127.0.0.1:{port}"}}}}
            """
        )
        command = [sys.executable, "-m", "hub_kit.relay"]
        with self.process("relay", command, HUB_CONFIG=str(config)) as process:
            process.port, process.ring = port, KeyRing.read(ring)
            yield process

    @contextmanager
    def process(self, name: str, command: list[str], **env: str) -> Iterator[subprocess.Popen]:
        with (self.folder / f"{name}.log").open("ab") as output:
            process = subprocess.Popen(
                command, stdout=output, stderr=output, env={**os.environ, **env}
            )
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def own(self, role: str) -> str:
        return self.dsn.replace("postgres@", f"{role}@")

    async def fetch(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        async with self.pool.acquire() as connection:
            return await connection.fetch(sql, *arguments)

    async def until(self, number: int, what: str = "handled", within: float = 300) -> None:
        """Wait for so many rows."""

        async def there() -> bool:
            return await self.count(what) >= number

        await eventually(there, within)

    async def count(self, what: str = "handled") -> int:
        return (await self.fetch(f"select count(*) from {what}"))[0][0]

    async def places(self) -> dict[int, list[int]]:
        """Return, by conversation, the places of its events as they were handled."""
        rows = await self.fetch(
            "select key, array_agg(place order by seq) as places from handled group by key"
        )
        return {UUID(row["key"].partition("/")[2]).int: row["places"] for row in rows}

    async def given_twice(self) -> int:
        rows = await self.fetch("select count(*) - count(distinct event_id) from given")
        return rows[0][0]


@pytest.fixture(params=["postgresql", pytest.param("kafka", marks=pytest.mark.real("kafka"))])
def bootstrap(request) -> str:
    """Where the broker answers; empty on the other bus."""
    return request.getfixturevalue("broker") if request.param == "kafka" else ""


@pytest.fixture
async def harness(bootstrap, cluster, tmp_path) -> AsyncIterator[Harness]:
    """The harness on each bus; on Kafka a relay is at work."""
    async with open_harness(cluster, tmp_path, bootstrap) as harness:
        yield harness


@pytest.fixture
async def kafka_harness(kafka, cluster, tmp_path) -> AsyncIterator[Harness]:
    async with open_harness(cluster, tmp_path, kafka) as harness:
        yield harness


@pytest.fixture
async def log_harness(cluster, tmp_path) -> AsyncIterator[Harness]:
    async with open_harness(cluster, tmp_path, "") as harness:
        yield harness


@asynccontextmanager
async def open_harness(cluster: Cluster, folder: Path, bootstrap: str) -> AsyncIterator[Harness]:
    topic = f"faden.test.{os.getpid()}.{next(_NUMBERS)}"
    async with AsyncExitStack() as stack:
        chains = {member.PROBE: HERE / member.PROBE}
        dsn = await stack.enter_async_context(fresh_database(cluster, chains))
        harness = Harness(dsn, None, topic, folder, bootstrap)
        harness.pool = await open_pool(harness.own(member.PROBE), member.PROBE, size=20)
        stack.callback(harness.pool.terminate)
        if bootstrap:
            await ensure_topics(bootstrap, [Topic(topic, partitions=member.PARTITIONS)])
            relay_pool = await open_pool(harness.own(ROLE), SCHEMA)
            stack.callback(relay_pool.terminate)
            harness.relay = asyncio.create_task(Relay(relay_pool, bootstrap).run())
            stack.push_async_callback(_cancel, harness.relay)
        yield harness


async def _cancel(task: asyncio.Task) -> None:
    if not task.cancelling():  # a test may have: twice would break its closing off
        task.cancel()
    with suppress(asyncio.CancelledError):
        await task


CHAINS = {name: HERE / "chains" / name for name in ("probe_channel", "probe_keeper")}


@pytest.fixture
async def database(cluster: Cluster) -> AsyncIterator[str]:
    """The owner's DSN of a fresh database with a channel and a keeper of messages."""
    async with fresh_database(cluster, CHAINS) as dsn:
        yield dsn


@pytest.fixture
async def channel(database: str, tmp_path: Path) -> AsyncIterator[Ground]:
    async with open_ground("probe_channel", database, tmp_path) as ground:
        yield ground


@pytest.fixture
async def keeper(database: str, tmp_path: Path) -> AsyncIterator[Ground]:
    async with open_ground("probe_keeper", database, tmp_path) as ground:
        yield ground


@pytest.fixture
async def owner(database: str) -> AsyncIterator[asyncpg.Connection]:
    """The owner looks at everything; no service can."""
    connection = await asyncpg.connect(database)
    yield connection
    await connection.close()


@pytest.fixture
def arrive() -> Callable[..., Arrival]:
    """Make the arrival of a numbered mail: the same number is the same mail."""

    def arrive(
        number: int, text: str = "Guten Tag", files: tuple[bytes, ...] = (), **more: object
    ) -> Arrival:
        event = MessageReceived(
            id=received_id("musterstadt", "email", "post", f"<{number}@example.org>"),
            tenant="musterstadt",
            channel=Channel.EMAIL,
            account="post",
            received_at=datetime.now(UTC),
            content=MessageContent(
                sender=ContactPoint(kind=ContactKind.EMAIL, value="erika@example.org"),
                subject=str(number),
                body=Body(text=text),
                attachments=tuple(
                    Attachment(file_name="a.bin", media_type="application/x", size=len(file))
                    for file in files
                ),
            ),
        ).model_copy(update=more)
        return Arrival(event, original=b"original " + text.encode(), files=files)

    return arrive
