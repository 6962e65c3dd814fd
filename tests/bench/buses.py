"""Runs a hub from the front doors to the timeline on one of the two buses, for several questions."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import mkdtemp

import psutil
from tests.bench.configure import Hub, configure
from tests.bench.set_up import Stage, running

from hub_kit.find_port import free_port
from hub_kit.kafka import ensure_topics
from hub_kit.testing import fresh_database
from local_hub.kafka import start_kafka
from local_hub.programs import migrations

BUSES = ("postgresql", "kafka")


@asynccontextmanager
async def hub_on(
    bus: str, stage: Stage, *, mail: bool = False
) -> AsyncIterator[tuple[Hub, Mapping[str, int]]]:
    """Yield a running hub, and the pids of all that takes part; `mail`: with the e-mail channel."""
    async with fresh_database(stage.cluster, migrations()) as dsn:
        with broker_of(bus, stage) as (address, broker):
            hub = configure(stage, dsn, bus=address)
            programs = [hub.store, hub.hooks]
            if mail:
                programs.append(hub.email)
            if broker:
                await ensure_topics(address.removeprefix("kafka://"))
                programs.append(hub.relay)
            async with running(programs, hub.environment) as pids:
                yield hub, {**pids, "PostgreSQL": stage.postgres_pid(), **broker}


@contextmanager
def broker_of(bus: str, stage: Stage) -> Iterator[tuple[str, Mapping[str, int]]]:
    """Yield the address of the bus as the settings have it, and the broker's pid if it has one."""
    if bus == "postgresql":
        yield bus, {}
        return
    folder = Path(mkdtemp(prefix="kafka-", dir=stage.folder))
    with start_kafka(folder, free_port()) as bootstrap:
        mine = psutil.Process().children()
        pid = next(child.pid for child in mine if f"{folder}/" in " ".join(child.cmdline()))
        yield f"kafka://{bootstrap}", {"broker": pid}
