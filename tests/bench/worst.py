"""How long other people's mails wait while the worst ones that we know come in one after another.

Sixteen sessions send ordinary mails at a steady rate, each timed from its first byte to its 250.
Then one more client sends the worst shapes, each at two sizes, without a pause between.
"""

import asyncio
import importlib.util
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from tests.bench import make_mails
from tests.bench.configure import ADDRESS, configure
from tests.bench.rows import Row, at_least, at_most
from tests.bench.set_up import Stage, running
from tests.bench.watch import percentiles

from channel_email.parse import Context, parse
from hub_kit.testing import fresh_database
from local_hub.programs import migrations

RATE, SESSIONS = 100, 16
SHAPES = 20
SIZES = (7_000, 1_000_000)  # bytes: read at once, read in a process of its own
_PATH = Path(__file__).parents[2] / "channel-email" / "tests" / "worst_mails.py"
_CONTEXT = Context("musterstadt", "post", datetime(2026, 11, 3, tzinfo=UTC), "", ())
_ENVELOPE = f"MAIL FROM:<erika@example.org>\r\nRCPT TO:<{ADDRESS}>\r\nDATA\r\n"


async def measure(stage: Stage) -> list[Row]:
    seconds = stage.some(20, 5)
    bad = list(_worst())
    async with fresh_database(stage.cluster, migrations()) as dsn:
        hub = configure(stage, dsn)
        async with running([hub.email], hub.environment):
            port = hub.ports["smtp"]
            await _others(port, RATE, asyncio.Event())  # the first of everything
            quiet = await _others(port, RATE * seconds, asyncio.Event())
            over = asyncio.Event()
            others = asyncio.create_task(_others(port, 10**9, over))
            slowest, taken = await _send_all(port, bad)
            over.set()
            p50, p99 = percentiles(await others)
    return [
        Row("others' 250, p99, by themselves", percentiles(quiet)[1], "ms"),
        Row(f"others' 250, p50, beside the {SHAPES} worst", p50, "ms"),
        Row(f"others' 250, p99, beside the {SHAPES} worst", p99, "ms", aim=at_most(50)),
        Row("the slowest of the worst, until its 250", slowest, "s", aim=at_most(6)),
        Row("the worst that were taken in", taken, "of all", aim=at_least(1)),
    ]


def _worst() -> Iterator[bytes]:
    """Yield the shapes that take this parser the longest, as they go over the wire."""
    spec = importlib.util.spec_from_file_location("worst_mails", _PATH)
    assert spec
    assert spec.loader
    worst: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(worst)
    times = {}
    for name, make in worst.WORST.items():
        start = time.process_time()
        parse(make(100_000), _CONTEXT)
        times[name] = time.process_time() - start
    for name in sorted(times, key=times.__getitem__)[-SHAPES:]:
        for size in SIZES:
            lines = worst.WORST[name](size).replace(b"\r", b"").replace(b"\n", b"\r\n")
            yield lines.replace(b"\r\n.", b"\r\n..") + b"\r\n"


async def _others(port: int, count: int, over: asyncio.Event) -> list[float]:
    """Send ordinary mails until there were so many, or it is over; return how long each took."""
    waits: list[float] = []
    numbers = iter(range(count))
    start = time.perf_counter()

    async def session() -> None:
        async with _Session(port) as peer:
            for number in numbers:
                due = start + number / RATE
                await asyncio.sleep(due - time.perf_counter())
                if over.is_set():
                    return
                begun = max(due, start)  # a session that was kept waiting is late for the next one
                await peer.send(make_mails.plain(number))
                waits.append(time.perf_counter() - begun)

    await asyncio.gather(*(session() for _ in range(SESSIONS)))
    return waits


async def _send_all(port: int, mails: list[bytes]) -> tuple[float, float]:
    """Return how long the slowest took, in seconds, and which share was answered 250."""
    slowest, taken = 0.0, 0
    async with _Session(port) as peer:
        for mail in mails:
            begun = time.perf_counter()
            taken += await peer.send(mail)
            slowest = max(slowest, time.perf_counter() - begun)
    return slowest, taken / len(mails)


class _Session:
    def __init__(self, port: int) -> None:
        self._port = port

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        await self._answer()
        self._writer.write(b"EHLO bench.example\r\n")
        await self._answer()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.write(b"QUIT\r\n")
        self._writer.close()

    async def send(self, mail: bytes) -> bool:
        self._writer.write(_ENVELOPE.encode())
        for _ in range(3):
            await self._answer()
        self._writer.write(mail + b".\r\n")
        return await self._answer() == b"250"

    async def _answer(self) -> bytes:
        while (line := await self._reader.readline())[3:4] == b"-":
            pass
        return line[:3]
