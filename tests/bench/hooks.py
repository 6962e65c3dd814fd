"""How many hooks a second are answered 202 only once they are safe: sealed, with key, committed.

The floor: the same server, the same client, an application that reads the request and keeps
nothing. At least a fifth of it is wanted (a provider allows two seconds, and repeats at will). Beside
it the same through the gateway, as providers come: every hook is read, counted and carried there.
"""

from statistics import median
from uuid import UUID

import orjson
from tests.bench.configure import HOOK, configure
from tests.bench.drive_http import Answered, drive
from tests.bench.rows import Row, at_least, at_least_of_floor
from tests.bench.set_up import Stage, running
from tests.bench.watch import count, percentiles

from hub_contract.ids import received_id
from hub_kit.testing import fresh_database
from local_hub.programs import Program, free_addresses, migrations

TEXT = "Guten Tag, mein Hund heißt Bello und ist umgezogen. " * 17  # with the rest, 1 KB
CONNECTIONS = 64
BURST = at_least(400)  # providers come with 200 a second at their worst


def body(number: int) -> bytes:
    """Return the hook of the n-th SMS; a thousand phones take turns."""
    sender = f"+4915{10_000_000 + number % 1_000}"
    return orjson.dumps({"id": f"SM{number:032x}", "from": sender, "text": TEXT})


def event_id(number: int) -> UUID:
    return received_id("musterstadt", "sms", "bench", f"SM{number:032x}")


async def measure(stage: Stage) -> list[Row]:
    floors, plain, kept, through = [], [], [], []
    for _ in range(stage.rounds):  # in turns, so that a noisy minute hits all of them
        floors.append((await noop(stage)).rate)
        plain.append(await _durable(stage))
        kept.append(await _durable(stage, original=True))
        through.append(await _durable(stage, by_gateway=True))
    floor = median(floors)
    rate = median(a.rate for a in plain)
    ours = median(a.rate for a in through)
    _, worst = percentiles(plain[-1].waits)
    return [
        Row("no-op ASGI: the floor", floor, "requests/s"),
        Row("durable 202, 1 KB", rate, "hooks/s", floor, at_least_of_floor(0.2)),
        Row("durable 202, 1 KB: p99 of the answer", worst, "ms"),
        Row("the same, original kept as a blob", median(a.rate for a in kept), "hooks/s", floor),
        Row("durable 202 through the gateway; the floor is without", ours, "hooks/s", rate, BURST),
    ]


async def noop(stage: Stage) -> Answered:
    address = free_addresses(1)[0]
    port = int(address.rpartition(":")[2])
    program = Program("noop", "tests.bench.app_noop", address)
    async with running([program], {"BENCH_PORT": f"{port}"}):
        return await drive(port, "/", body, connections=CONNECTIONS, seconds=stage.some(4, 1))


async def _durable(stage: Stage, *, original: bool = False, by_gateway: bool = False) -> Answered:
    async with fresh_database(stage.cluster, migrations()) as dsn:
        hub = configure(stage, dsn)
        environment = {**hub.environment, "BENCH_ORIGINAL": "1" if original else ""}
        programs = [hub.hooks, hub.gateway] if by_gateway else [hub.hooks]
        async with running(programs, environment):
            result = await drive(
                hub.ports["door" if by_gateway else "hooks"],
                HOOK,
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
