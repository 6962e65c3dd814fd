"""How many mails a second the e-mail channel takes in by SMTP, each safe before its 250.

The floor: Debian's Postfix on the same disk, with the same sixteen sessions of the same
`smtp-source`, its `fsync` before the 250 and its queue running to `discard:`. At least as many
mails of 2 KB are wanted, and 0.8 times as many of 200 KB. Postfix runs a process for each session;
of our channel there is one a core, on one port, as its README tells operators.
"""

import asyncio
import os
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from statistics import median

from tests.bench.configure import ADDRESS, configure
from tests.bench.rows import Row, at_least_of_floor
from tests.bench.set_up import Stage, running
from tests.bench.watch import count

from hub_kit.testing import fresh_database
from local_hub.debian_mail import start_postfix
from local_hub.programs import free_addresses, migrations

SESSIONS = 16
SIZES = {"2 KB": (2_000, 6_000, 1.0), "200 KB": (200_000, 1_500, 0.8)}  # bytes, mails, wanted


async def measure(stage: Stage) -> list[Row]:
    rows = []
    for name, (size, full, wanted) in SIZES.items():
        mails = stage.some(full, full // 6)
        floors, ours = [], []
        for number in range(stage.rounds):  # in turns, so that a noisy minute hits both
            floors.append(await _postfix(stage, f"{size}-{number}", size, mails))
            ours.append(await _channel(stage, size, mails))
        floor = median(floors)
        rows += [
            Row(f"Postfix, {name}: the floor", floor, "mails/s"),
            Row(f"durable 250, {name}", median(ours), "mails/s", floor, at_least_of_floor(wanted)),
        ]
    return rows


async def _postfix(stage: Stage, name: str, size: int, mails: int) -> float:
    # At its best: by default it pauses its peers when mail comes in faster than it goes out.
    settings = {"default_transport": "discard:", "in_flow_delay": "0"}
    with start_postfix(stage.folder / f"postfix-{name}", settings=settings) as postfix:
        return await send(postfix.port, size, mails)


async def _channel(stage: Stage, size: int, mails: int) -> float:
    async with fresh_database(stage.cluster, migrations()) as dsn:
        hub = configure(stage, dsn)
        async with AsyncExitStack() as copies:
            for door in free_addresses(len(os.sched_getaffinity(0))):
                copy = {"HUB_CHANNEL_EMAIL_HTTP": door, "HUB_CHANNEL_EMAIL_REUSE_PORT": "true"}
                program = replace(hub.email, http=door)
                await copies.enter_async_context(running([program], {**hub.environment, **copy}))
            await send(hub.ports["smtp"], 1_000, 50)  # the first of each connection and statement
            rate = await send(hub.ports["smtp"], size, mails)
        stand = await count(dsn)
    if stand != mails + 50:
        raise RuntimeError(f"{mails + 50} mails answered 250, {stand} stand")
    return rate


async def send(port: int, size: int, mails: int) -> float:
    """Send mails of this size as fast as they are taken; return mails/s."""
    start = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        "smtp-source",
        *("-s", f"{SESSIONS}", "-l", f"{size}", "-m", f"{mails}"),
        *("-f", "erika@example.org", "-t", ADDRESS, f"127.0.0.1:{port}"),
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(300):
        _, said = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"smtp-source: {said.decode()[-500:]}")
    return mails / (time.perf_counter() - start)
