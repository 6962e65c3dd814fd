"""Whether a hub that runs for long keeps its size and its speed: the log is trimmed as it grows.

Everything runs as in production, but months pass in minutes: the log keeps for KEEP seconds what
all have read, and vacuum looks as much more often. What counts is the last quarter beside an early
one, both while the log is trimmed.
"""

import time
from dataclasses import astuple, dataclass
from statistics import median

import asyncpg
from tests.bench.configure import Hub, configure
from tests.bench.count_cpu import cpu_seconds
from tests.bench.end_to_end import send
from tests.bench.rows import Aim, Row, at_least_of_floor
from tests.bench.set_up import Stage, running
from tests.bench.watch import stand

from hub_kit.testing import fresh_database
from local_hub.programs import migrations

KEEP = 10  # seconds
PARTS = 20
_SIZES = """
select pg_total_relation_size('hub.event_log') as log,
  pg_total_relation_size('hub.event_id') + pg_total_relation_size('hub.message_key') as kept,
  (select count(*) from hub.event_log) as rows
"""


@dataclass(frozen=True, slots=True)
class Part:
    """What was measured of a twentieth of all events."""

    rate: float  # events/s, from the first hook to the last entry
    hooks: float  # µs of processor time an event
    store: float
    database: float
    log: float  # MB on disk at its end
    rows: float  # events in the log at its end
    kept: float  # bytes an event that stay beside the timeline: ids and keys


async def measure(stage: Stage) -> list[Row]:
    count = stage.some(1_000_000, 100_000)
    await stage.cluster.run("alter system set autovacuum_naptime = '5s'")
    await stage.cluster.run("select pg_reload_conf()")
    try:
        parts = await _run(stage, count)
    finally:
        await stage.cluster.run("alter system reset autovacuum_naptime")
        await stage.cluster.run("select pg_reload_conf()")
    # In the first two parts hardly anything is old enough to be trimmed.
    return _rows(count, _typical(parts[2:7]), _typical(parts[-5:]))


def _typical(parts: list[Part]) -> Part:
    return Part(*(median(values) for values in zip(*map(astuple, parts), strict=True)))


def _rows(count: int, first: Part, last: Part) -> list[Row]:
    no_larger = Aim(1.2, at_least=False, ratio=True)
    return [
        Row("hook to timeline, at the beginning", first.rate, "events/s"),
        Row(f"at the end of {count:,}", last.rate, "events/s", first.rate, at_least_of_floor(0.95)),
        *(
            Row(f"CPU: {name}, at the end", getattr(last, name), "µs/event", getattr(first, name))
            for name in ("hooks", "store", "database")
        ),
        Row("the log, at the beginning", first.log, "MB"),
        Row("the log, at the end", last.log, "MB", first.log),
        Row("the same for each event a second", *_shares(last, first), no_larger),
        Row("events in it at the end, of all it had", last.rows, "events", 2 * count),
        Row("ids and keys, which stay", last.kept, "bytes/event"),
    ]


def _shares(last: Part, first: Part) -> tuple[float, str, float]:
    """Return what the log takes for each event that comes in a second: it keeps for a time."""
    return last.log / last.rate * 1_000, "kB", first.log / first.rate * 1_000


async def _run(stage: Stage, count: int) -> list[Part]:
    async with fresh_database(stage.cluster, migrations()) as dsn:
        hub = configure(stage, dsn)
        environment = {**hub.environment, "HUB_KEEP_DAYS": f"{KEEP / 86_400:.9f}"}
        async with running([hub.hooks, hub.store], environment) as pids:
            watched = [pids["hooks"], pids["conversation_store"], stage.postgres_pid()]
            parts = []
            for number in range(PARTS):
                stage.note(f"trim: {number * count // PARTS:,} of {count:,} events")
                parts.append(await _part(hub, watched, number, count // PARTS))
    return parts


async def _part(hub: Hub, pids: list[int], number: int, count: int) -> Part:
    done, begun, before = number * count, time.perf_counter(), [*map(cpu_seconds, pids)]
    await send(hub, done, count)
    rate = count / (await stand(hub.dsn, done + count, 600, every=0.1) - begun)
    spent = (
        (cpu_seconds(pid) - earlier) * 1e6 / count
        for pid, earlier in zip(pids, before, strict=True)
    )
    connection = await asyncpg.connect(hub.dsn)
    sizes = await connection.fetchrow(_SIZES)
    await connection.close()
    assert sizes
    return Part(rate, *spent, sizes["log"] / 1e6, sizes["rows"], sizes["kept"] / (done + count))
