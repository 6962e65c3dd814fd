"""How many events a second reach the timeline from a hook, on both buses, all of them counted.

Everything runs as in production: the receiver answers 202 once an event is safe, the store (behind
relay and broker where the bus is Kafka) makes an entry of it. The clock runs from the first hook
until the last entry stands. The floor is the ceiling of `ceiling.py`; 40 % of it is wanted.
"""

import time
from collections.abc import Mapping
from statistics import median

from tests.bench.buses import BUSES, hub_on
from tests.bench.ceiling import find_ceilings
from tests.bench.configure import HOOK, Hub
from tests.bench.count_cpu import cpu_seconds
from tests.bench.drive_http import drive
from tests.bench.hooks import body
from tests.bench.rows import Row, at_least_of_floor
from tests.bench.set_up import Stage
from tests.bench.watch import stand

CONNECTIONS = 128
NAMES = {"postgresql": "PostgreSQL", "kafka": "Kafka"}


async def measure(stage: Stage) -> list[Row]:
    rows = []
    ceilings = await find_ceilings(stage)
    for bus in BUSES:
        stage.note(f"end_to_end: {NAMES[bus]} as bus")
        results = [await _run(bus, stage) for _ in range(stage.rounds)]
        rate = median(rate for rate, _ in results)
        costs = next(costs for found, costs in results if found == rate)
        floor, aim = ceilings[bus], at_least_of_floor(0.4)
        rows.append(Row(f"hook to timeline, {NAMES[bus]} as bus", rate, "events/s", floor, aim))
        rows += [Row(f"CPU: {name}", cost, "µs/event") for name, cost in costs.items()]
    return rows


async def _run(bus: str, stage: Stage) -> tuple[float, Mapping[str, float]]:
    """Return events/s, and what each process spent on an event."""
    early, count = stage.some(5_000, 1_000), stage.some(40_000, 5_000)
    async with hub_on(bus, stage) as (hub, pids):
        await send(hub, 0, early)  # the first thousand conversations; a young Java is slow
        await stand(hub.dsn, early, 120)
        before = {name: cpu_seconds(pid) for name, pid in pids.items()}
        start = time.perf_counter()
        await send(hub, early, count)
        seconds = await stand(hub.dsn, early + count, 300, every=0.1) - start
        spent = {name: cpu_seconds(pid) - before[name] for name, pid in pids.items()}
    return count / seconds, {name: total * 1e6 / count for name, total in spent.items()}


async def send(hub: Hub, first: int, count: int) -> None:
    result = await drive(
        hub.ports["hooks"],
        HOOK,
        lambda number: body(first + number),
        connections=CONNECTIONS,
        count=count,
        seconds=300,
    )
    if result.refused or len(result.waits) != count:
        raise RuntimeError(f"{result.refused} hooks refused, {len(result.waits)} taken of {count}")
