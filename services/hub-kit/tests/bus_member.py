"""A member of a reader's group as a process of its own, to be killed, frozen and thawed by tests.

Run with one argument, a JSON object; `mode` is one of the functions at the end.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from hub_kit import logs
from hub_kit.bus import Bus
from hub_kit.bus_kafka import KafkaBus
from hub_kit.bus_postgresql import PostgresBus
from hub_kit.consume import Consumer, Delivered
from hub_kit.database import Connection, open_pool

PROBE = "bus_probe"
SESSION = 4.0  # seconds after which a silent member loses its lanes
PARTITIONS = 3


async def note(member: str, connection: Connection, delivered: Sequence[Delivered]) -> None:
    """Handle events as a service does (its unique key makes twice once), and count each time."""
    await connection.executemany(
        "insert into given (event_id, member) values ($1, $2)",
        [(d.event.id, member) for d in delivered],
    )
    await connection.executemany(
        """insert into handled (event_id, key, place, member) values ($1, $2, $3, $4)
           on conflict do nothing""",
        [(d.event.id, d.record.key, d.event.place, member) for d in delivered],
    )


def make_bus(pool, bootstrap: str, member: str = "") -> Bus:
    if bootstrap:
        return KafkaBus(bootstrap, member=member, session=SESSION)
    return PostgresBus(pool, silent=SESSION)


class Freezing:
    """A bus that stops its whole process between the first batch and its transaction."""

    def __init__(self, bus: Bus, thawed: Path) -> None:
        self._bus, self._thawed, self._frozen = bus, thawed, False

    @asynccontextmanager
    async def subscribe(self, *arguments):
        async with self._bus.subscribe(*arguments) as place:
            fetch = place.fetch

            async def freeze(limit):
                if self._frozen:
                    self._thawed.touch()  # the stale batch is settled, one way or the other
                batches = await fetch(limit)
                if batches and not self._frozen:
                    self._frozen = True
                    os.kill(os.getpid(), signal.SIGSTOP)
                return batches

            place.fetch = freeze
            yield place


async def die_before_commit(connection, delivered) -> None:
    await note("dying", connection, delivered)
    os.kill(os.getpid(), signal.SIGKILL)


async def main(
    *, dsn: str, topic: str, bootstrap: str, member: str, mode: str, folder: str
) -> None:
    logs.start(member)
    pool = await open_pool(dsn, PROBE, size=4)
    bus = make_bus(pool, bootstrap, member)
    handle = die_before_commit if mode == "die" else partial(note, member)
    if mode == "freeze":
        bus = Freezing(bus, Path(folder) / "thawed")
    await Consumer(PROBE, [topic], bus, pool, handle, limit=200).run()


if __name__ == "__main__":
    asyncio.run(main(**json.loads(sys.argv[1])))
