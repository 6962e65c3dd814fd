"""How many hooks a second are answered 202 only once they are safe: sealed, with key, committed.

The floor: the same server, the same client, an application that reads the request and keeps
nothing. At least a fifth of it is wanted (a provider allows two seconds, and repeats at will).
"""

from statistics import median
from uuid import UUID

import orjson
from tests.bench.configure import configure
from tests.bench.drive_http import Answered, drive
from tests.bench.rows import Row, at_least_of_floor
from tests.bench.set_up import Stage, running
from tests.bench.watch import count, percentiles

from hub_contract.ids import received_id
from hub_kit.testing import fresh_database
from local_hub.programs import Program, free_addresses, migrations

TEXT = "Guten Tag, mein Hund heißt Bello und ist umgezogen. " * 17  # with the rest, 1 KB
CONNECTIONS = 64


def body(number: int) -> bytes:
    """Return the hook of the n-th SMS; a thousand phones take turns."""
    sender = f"+4915{10_000_000 + number % 1_000}"
    return orjson.dumps({"id": f"SM{number:032x}", "from": sender, "text": TEXT})


def event_id(number: int) -> UUID:
    return received_id("musterstadt", "sms", "bench", f"SM{number:032x}")


async def measure(stage: Stage) -> list[Row]:
    floors, plain, kept = [], [], []
    for _ in range(stage.rounds):  # in turns, so that a noisy minute hits all of them
        floors.append((await noop(stage)).rate)
        plain.append(await _durable(stage, original=False))
        kept.append(await _durable(stage, original=True))
    floor = median(floors)
    rate = median(a.rate for a in plain)
    _, worst = percentiles(plain[-1].waits)
    return [
        Row("no-op ASGI: the floor", floor, "requests/s"),
        Row("durable 202, 1 KB", rate, "hooks/s", floor, at_least_of_floor(0.2)),
        Row("durable 202, 1 KB: p99 of the answer", worst, "ms"),
        Row("the same, original kept as a blob", median(a.rate for a in kept), "hooks/s", floor),
    ]


async def noop(stage: Stage) -> Answered:
    address = free_addresses(1)[0]
    port = int(address.rpartition(":")[2])
    program = Program("noop", "tests.bench.app_noop", address)
    async with running([program], {"BENCH_PORT": f"{port}"}):
        return await drive(port, "/", body, connections=CONNECTIONS, seconds=stage.some(4, 1))


async def _durable(stage: Stage, *, original: bool) -> Answered:
    async with fresh_database(stage.cluster, migrations()) as dsn:
        hub = configure(stage, dsn)
        environment = {**hub.environment, "BENCH_ORIGINAL": "1" if original else ""}
        async with running([hub.hooks], environment):
            result = await drive(
                hub.ports["hooks"],
                "/hooks/bench",
                body,
                connections=CONNECTIONS,
                seconds=stage.some(5, 1),
            )
        stand = await count(dsn)
    if stand < len(result.waits) or result.refused:
        raise RuntimeError(
            f"{len(result.waits)} hooks answered 202, {stand} stand; {result.refused} refused"
        )
    return result
