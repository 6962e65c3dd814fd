"""How many rows a second PostgreSQL takes in batches, and what the log with its keys costs on top.

The floor: one connection, 500 rows of 1 KB a statement, into a table with a unique uuid and
nothing else. Nothing durable on this machine can be faster row by row.
"""

import asyncio
import os
import time
from datetime import UTC, datetime
from uuid import uuid4

import asyncpg
from tests.bench.rows import Row
from tests.bench.set_up import Stage

from hub_contract.topics import RECEIVED, Wire
from hub_kit import event_log
from hub_kit.event_log import KeyRow
from hub_kit.testing import fresh_database
from local_hub.programs import migrations

BATCH = 500
TABLE = "create table floor (id uuid primary key, body bytea not null)"
INSERT = "insert into floor select * from unnest($1::uuid[], $2::bytea[])"


async def measure(stage: Stage) -> list[Row]:
    count = stage.some(60_000, 10_000)
    floor = await batched_inserts(stage, count)
    ours = await _append(stage, count)
    return [
        Row("batched inserts of 1 KB: the floor", floor, "rows/s"),
        Row("event_log.append of 1 KB with its key row", ours, "rows/s", floor),
    ]


async def batched_inserts(stage: Stage, count: int) -> float:
    async with fresh_database(stage.cluster, {}) as dsn:
        connection = await asyncpg.connect(dsn)
        await connection.execute(TABLE)
        bodies = [os.urandom(1_000)] * BATCH
        start = time.perf_counter()
        for _ in range(count // BATCH):
            await connection.execute(INSERT, [uuid4() for _ in bodies], bodies)
        seconds = time.perf_counter() - start
        await connection.close()
    return count / seconds


async def _append(stage: Stage, count: int) -> float:
    async with fresh_database(stage.cluster, migrations()) as dsn:
        connection = await asyncpg.connect(dsn.replace("postgres@", "channel_email@"))
        batches = [[_wire() for _ in range(BATCH)] for _ in range(count // BATCH)]
        await asyncio.sleep(0)
        start = time.perf_counter()
        for wires in batches:
            keys = [KeyRow(w.id, w.tenant, b"k" * 61) for w in wires]
            await event_log.append(connection, wires, keys)
        seconds = time.perf_counter() - start
        await connection.close()
    return count / seconds


_BODY = os.urandom(1_000)


def _wire() -> Wire:
    number = uuid4()
    moment = datetime.now(UTC)
    key = f"musterstadt/{number.hex}"
    return Wire(
        RECEIVED.name,
        key,
        number,
        "musterstadt",
        "message.received",
        "channel_sms",
        moment,
        "",
        _BODY,
    )
