"""What the kit's tests stand on: one harness for both buses; a channel, a keeper and arrivals."""

import asyncio
import itertools
import os
import subprocess
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import NAMESPACE_URL, UUID, uuid5

import asyncpg
import pytest

from hub_contract.events import Arrival, EntryAppended, MessageContent, MessageReceived
from hub_contract.ids import received_id
from hub_contract.topics import Topic, Wire, to_wire
from hub_contract.words import Attachment, Body, Channel, ContactKind, ContactPoint
from hub_kit import event_log
from hub_kit.bus import Bus
from hub_kit.bus_kafka import KafkaBus
from hub_kit.bus_postgresql import PostgresBus
from hub_kit.consume import Consumer, Delivered
from hub_kit.database import Connection, Pool, open_pool
from hub_kit.ground import Ground
from hub_kit.relay import ROLE, SCHEMA, Relay
from hub_kit.testing import Cluster, eventually, fresh_database, open_ground

HERE = Path(__file__).parent
PROBE = "bus_probe"
SESSION = 1.5  # seconds after which a member that is silent loses its lanes
_NUMBERS = itertools.count(1)


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


async def note(member: str, connection: Connection, delivered: Sequence[Delivered]) -> None:
    """Handle events as a service does: the unique key makes twice once."""
    await connection.executemany(
        "insert into given (event_id, member) values ($1, $2)",
        [(d.event.id, member) for d in delivered],
    )
    await connection.executemany(
        """insert into handled (event_id, key, place, member) values ($1, $2, $3, $4)
           on conflict do nothing""",
        [(d.event.id, d.record.key, d.event.place, member) for d in delivered],
    )


@dataclass
class Harness:
    dsn: str
    pool: Pool
    topic: str
    folder: Path
    bootstrap: str  # empty: the bus is PostgreSQL
    children: list[subprocess.Popen] = field(default_factory=list)
    event = staticmethod(event)

    def bus(self, member: str = "") -> Bus:
        if self.bootstrap:
            return KafkaBus(self.bootstrap, member=member, session=SESSION)
        return PostgresBus(self.pool)

    def wires(self, events: Iterable[EntryAppended]) -> list[Wire]:
        return [replace(to_wire(e, "test"), topic=self.topic) for e in events]

    async def append(self, events: Iterable[EntryAppended]) -> None:
        async with self.pool.acquire() as connection:
            await event_log.append(connection, self.wires(events), [])

    @asynccontextmanager
    async def reading(self, handle=None, member: str = "one") -> AsyncIterator[Consumer]:
        async def noting(connection, delivered):
            await note(member, connection, delivered)

        reader = Consumer(PROBE, [self.topic], self.bus(), self.pool, handle or noting)
        task = asyncio.create_task(reader.run())
        try:
            yield reader
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def fetch(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        async with self.pool.acquire() as connection:
            return await connection.fetch(sql, *arguments)

    async def count(self, what: str = "handled") -> int:
        return (await self.fetch(f"select count(*) from {what}"))[0][0]

    async def until(self, number: int, what: str = "handled", within: float = 20) -> None:
        async def there() -> bool:
            return await self.count(what) >= number

        await eventually(there, within)

    async def in_order(self) -> dict[str, list[int]]:
        rows = await self.fetch(
            "select key, array_agg(place order by seq) as places from handled group by key"
        )
        return {row["key"]: row["places"] for row in rows}


@pytest.fixture(params=["postgresql", pytest.param("kafka", marks=pytest.mark.real("kafka"))])
def bootstrap(request) -> str:
    """Where the broker answers; empty on the other bus."""
    return request.getfixturevalue("kafka") if request.param == "kafka" else ""


@pytest.fixture
async def harness(bootstrap, cluster, tmp_path) -> AsyncIterator[Harness]:
    """A bus with a database and a topic of its own; on Kafka a relay is at work."""
    topic = f"faden.test.{os.getpid()}.{next(_NUMBERS)}"
    async with AsyncExitStack() as stack:
        dsn = await stack.enter_async_context(fresh_database(cluster, {PROBE: HERE / PROBE}))
        pool = await open_pool(dsn.replace("postgres@", f"{PROBE}@"), PROBE)
        stack.push_async_callback(_close, pool)
        harness = Harness(dsn, pool, topic, tmp_path, bootstrap)
        if bootstrap:
            from hub_kit.kafka import ensure_topics

            await ensure_topics(bootstrap, [Topic(topic, partitions=3)])
            relay_pool = await open_pool(dsn.replace("postgres@", f"{ROLE}@"), SCHEMA)
            stack.push_async_callback(_close, relay_pool)
            relay = asyncio.create_task(Relay(relay_pool, bootstrap).run())
            stack.push_async_callback(_cancel, relay)
        yield harness


async def _close(pool: Pool) -> None:
    pool.terminate()


async def _cancel(task: asyncio.Task) -> None:
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
