"""How many events a second these cores could carry end to end if each step cost only its floor.

    ceiling = cores × 1,000,000 / sum of the CPU µs that one event of 1 KB costs at least

    receiver    HTTP (no-op ASGI under uvicorn) + decoding (orjson) + handing 500 rows a statement
                to PostgreSQL (asyncpg's side of it)
    PostgreSQL  inserting into the log + reading it by 1,000 + inserting into the timeline by 1,000
    relay       reading the log by 1,000 + handing batches to Kafka       } only where the bus
    broker      taking them and giving them away again                    } is Kafka
    projector   reading (from the log, or from Kafka) + decoding + inserting by 1,000

Each is counted in processor time of the processes that do it, in this run: nothing is sealed,
nothing is checked, no key, conversation or contact point is kept, and the client that sends the
hooks is not counted. So nobody reaches it; 40 % of it is wanted.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from uuid import UUID, uuid4

import asyncpg
import orjson
from aiokafka import AIOKafkaProducer
from tests.bench.buses import broker_of
from tests.bench.count_cpu import cpu_seconds
from tests.bench.drive_http import drive
from tests.bench.hooks import CONNECTIONS, body
from tests.bench.rows import Row
from tests.bench.set_up import Stage, running

from hub_contract.topics import RECEIVED
from hub_kit.kafka import ensure_topics, make_consumer, make_producer
from hub_kit.testing import fresh_database
from local_hub.programs import Program, free_addresses

TABLES = """
create table log (
  seq bigint generated always as identity primary key,
  xid xid8 not null default pg_current_xact_id(), id uuid not null unique, body bytea not null);
create index on log (xid, seq);
create table timeline (
  id uuid primary key, conversation uuid not null, seq bigint not null, body bytea not null);
create index on timeline (conversation, seq)
"""
WRITE = """insert into log (id, body) select * from unnest($1::uuid[], $2::bytea[])
           on conflict (id) do nothing"""
READ = """select xid::text, seq, id, body from log
          where (xid, seq) > ($1::text::xid8, $2) and xid < pg_snapshot_xmin(pg_current_snapshot())
          order by xid, seq limit 1000"""
KEEP = """insert into timeline select * from unnest($1::uuid[], $2::uuid[], $3::bigint[],
          $4::bytea[]) on conflict (id) do nothing"""


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU µs an event: of the client that asks, and of the server that answers."""

    client: float
    server: float


async def measure(stage: Stage) -> list[Row]:
    parts = await _parts(stage)
    ceilings = await find_ceilings(stage)
    return [
        *(Row(f"CPU at least: {name}", cost, "µs/event") for name, cost in parts.items()),
        Row("ceiling, PostgreSQL as bus: the floor", ceilings["postgresql"], "events/s"),
        Row("ceiling, Kafka as bus: the floor", ceilings["kafka"], "events/s"),
    ]


async def find_ceilings(stage: Stage) -> Mapping[str, float]:
    """Return events/s for each bus."""
    parts = await _parts(stage)
    cores = len(os.sched_getaffinity(0))
    shared = parts["receiver"] + parts["PostgreSQL"]
    by_log = shared + parts["projector, from the log"]
    by_kafka = shared + parts["relay"] + parts["broker"] + parts["projector, from Kafka"]
    return {"postgresql": cores * 1e6 / by_log, "kafka": cores * 1e6 / by_kafka}


async def _parts(stage: Stage) -> dict[str, float]:
    if "ceiling" not in stage.known:
        stage.note("ceiling: HTTP and codec")
        http, decode = await _http(stage), _decode()
        stage.note("ceiling: PostgreSQL")
        write, read, keep = await _postgresql(stage)
        stage.note("ceiling: Kafka")
        produce, consume = await _kafka(stage)
        stage.known["ceiling"] = {
            "receiver": http + decode + write.client,
            "PostgreSQL": write.server + read.server + keep.server,
            "relay": read.client + produce.client,
            "broker": produce.server + consume.server,
            "projector, from the log": read.client + decode + keep.client,
            "projector, from Kafka": consume.client + decode + keep.client,
        }
    parts: dict[str, float] = stage.known["ceiling"]
    return parts


async def _http(stage: Stage) -> float:
    address = free_addresses(1)[0]
    port = int(address.rpartition(":")[2])
    async with running(
        [Program("noop", "tests.bench.app_noop", address)], {"BENCH_PORT": f"{port}"}
    ) as pids:
        await drive(port, "/", body, connections=CONNECTIONS, count=2_000)
        before = cpu_seconds(pids["noop"])
        result = await drive(port, "/", body, connections=CONNECTIONS, seconds=stage.some(3, 1))
        return (cpu_seconds(pids["noop"]) - before) * 1e6 / len(result.waits)


def _decode() -> float:
    raw, count = body(1), 20_000
    start = time.process_time()
    for _ in range(count):
        orjson.loads(raw)
    return (time.process_time() - start) * 1e6 / count


async def _postgresql(stage: Stage) -> tuple[Cost, Cost, Cost]:
    count = stage.some(60_000, 20_000)
    async with fresh_database(stage.cluster, {}) as dsn:
        connection = await asyncpg.connect(dsn)
        for statement in TABLES.split(";"):
            await connection.execute(statement)
        raw = body(1)
        new = [uuid4() for _ in range(count)]
        read: list[asyncpg.Record] = []

        async def write() -> None:
            for start in range(0, count, 500):
                await connection.execute(WRITE, new[start : start + 500], [raw] * 500)

        async def read_all() -> None:
            xid, seq = "0", 0
            while rows := await connection.fetch(READ, xid, seq):
                xid, seq = rows[-1]["xid"], rows[-1]["seq"]
                read.extend(rows)

        async def keep() -> None:
            for start in range(0, count, 1_000):
                some = read[start : start + 1_000]
                conversations = [UUID(int=row["seq"] % 2_000) for row in some]
                ids, seqs, bodies = zip(
                    *((r["id"], r["seq"], r["body"]) for r in some), strict=True
                )
                await connection.execute(KEEP, ids, conversations, seqs, bodies)

        pid = stage.postgres_pid()
        costs = [await _cost(step, pid, count) for step in (write, read_all, keep)]
        await connection.close()
    return costs[0], costs[1], costs[2]


async def _kafka(stage: Stage) -> tuple[Cost, Cost]:
    count = stage.some(100_000, 20_000)
    with broker_of("kafka", stage) as (address, pids):
        bootstrap, pid = address.removeprefix("kafka://"), pids["broker"]
        await ensure_topics(bootstrap)
        producer = make_producer(bootstrap)
        consumer = make_consumer(bootstrap, "floor")
        await producer.start()
        consumer.subscribe([RECEIVED.name])
        await consumer.start()

        async def produce() -> None:
            for _ in range(0, count, 1_000):
                await _send(producer)

        async def consume() -> None:
            got = 0
            while got < count:
                batches = await consumer.getmany(timeout_ms=100, max_records=1_000)
                got += sum(map(len, batches.values()))

        try:
            # A young Java is slow; what it costs when it has run for a while is the floor.
            for _ in range(2):
                produced = await _cost(produce, pid, count)
                consumed = await _cost(consume, pid, count)
        finally:
            await producer.stop()
            await consumer.stop()
    return produced, consumed


async def _send(producer: AIOKafkaProducer) -> None:
    """Hand over 1,000 events as the relay does: one batch a partition, all acknowledged."""
    raw, sent = body(1), []
    for partition in range(5):
        batch = producer.create_batch()
        for _ in range(200):
            batch.append(timestamp=None, key=b"musterstadt/4711", value=raw)
        batch.close()
        sent.append(await producer.send_batch(batch, RECEIVED.name, partition=partition))
    await asyncio.gather(*sent)


async def _cost(step: Callable[[], Awaitable[None]], server: int, count: int) -> Cost:
    mine, theirs = time.process_time(), cpu_seconds(server)
    await step()
    scale = 1e6 / count
    return Cost((time.process_time() - mine) * scale, (cpu_seconds(server) - theirs) * scale)
