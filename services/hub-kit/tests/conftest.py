"""One harness for both buses: a database, a topic and a reader that notes what it was given."""

import asyncio
import itertools
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import NAMESPACE_URL, UUID, uuid5

import asyncpg
import pytest

from hub_contract.events import EntryAppended
from hub_contract.topics import Topic, Wire, to_wire
from hub_kit import event_log
from hub_kit.bus import Bus
from hub_kit.bus_kafka import KafkaBus
from hub_kit.bus_postgresql import PostgresBus
from hub_kit.consume import Consumer, Delivered
from hub_kit.database import Connection, Pool, open_pool
from hub_kit.relay import ROLE, SCHEMA, Relay
from hub_kit.testing import eventually, fresh_database

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
    kind: str
    dsn: str
    pool: Pool
    topic: str
    folder: Path
    bootstrap: str = ""
    children: list[subprocess.Popen] = field(default_factory=list)

    def bus(self, member: str = "") -> Bus:
        if self.kind == "postgresql":
            return PostgresBus(self.pool)
        return KafkaBus(self.bootstrap, member=member, session=SESSION)

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


@pytest.fixture(
    params=["postgresql", pytest.param("kafka", marks=pytest.mark.real("kafka"))],
)
async def harness(request, cluster, tmp_path) -> AsyncIterator[Harness]:
    """A bus with a database and a topic of its own; on Kafka a relay is at work."""
    topic = f"faden.test.{os.getpid()}.{next(_NUMBERS)}"
    async with AsyncExitStack() as stack:
        dsn = await stack.enter_async_context(fresh_database(cluster, {PROBE: HERE / PROBE}))
        pool = await open_pool(dsn.replace("postgres@", f"{PROBE}@"), PROBE)
        stack.push_async_callback(_close, pool)
        harness = Harness(request.param, dsn, pool, topic, tmp_path)
        if request.param == "kafka":
            harness.bootstrap = request.getfixturevalue("kafka")
            from hub_kit.kafka import ensure_topics

            await ensure_topics(harness.bootstrap, [Topic(topic, partitions=3)])
            relay_pool = await open_pool(dsn.replace("postgres@", f"{ROLE}@"), SCHEMA)
            stack.push_async_callback(_close, relay_pool)
            relay = asyncio.create_task(Relay(relay_pool, harness.bootstrap).run())
            stack.push_async_callback(_cancel, relay)
        yield harness


async def _close(pool: Pool) -> None:
    pool.terminate()


async def _cancel(task: asyncio.Task) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
