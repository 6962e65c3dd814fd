"""What a bus is to its readers: batches of one lane, in order, from a position they keep.

A lane is what keeps its order: the whole log on PostgreSQL, one partition on Kafka. The reader
keeps its position in its own database, in the transaction of its work; the bus is told only so
that operators see the lag.
"""

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from hub_kit.database import Pool

START = ""  # the position before the first event


@dataclass(frozen=True, slots=True)
class Record:
    """One event as it came off the bus, undecoded."""

    topic: str
    key: str
    position: str  # where a reader stands that is done with this one
    traceparent: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    lane: str
    before: str  # where the reader stood
    after: str  # where it stands once the batch is done
    records: tuple[Record, ...]


Positions = Callable[[str], Awaitable[str]]  # lane -> the reader's position


class Subscription(Protocol):
    """A reader as a member of its group; lanes come and go as members do."""

    async def fetch(self, limit: int) -> list[Batch]:
        """Return what is there, one batch a lane; wait a moment (≤ 0.1 s) if nothing is."""

    async def done(self, batch: Batch) -> None:
        """The reader has committed this batch."""

    async def rewind(self, lane: str) -> None:
        """Forget what was fetched of this lane: start again from the reader's position."""


class Stream(Protocol):
    """What comes on a topic from the moment it was opened; it keeps no position."""

    async def fetch(self, limit: int) -> list[Record]:
        """Return what is there, in order per key; wait a moment (≤ 0.05 s) if nothing is."""


class Bus(Protocol):
    def subscribe(
        self, group: str, topics: Sequence[str], positions: Positions
    ) -> AbstractAsyncContextManager[Subscription]:
        """Join the group; several members share the lanes, one member a lane."""

    async def behind(self, topics: Sequence[str], stands: Mapping[str, str]) -> dict[str, int]:
        """Say, of each lane with its reader's position, how many events are still to be read.

        The embedded bus stops counting at `event_log.MOST_COUNTED`.
        """

    def tail(self, topic: str) -> AbstractAsyncContextManager[Stream]:
        """Hear a topic from now on; everyone who asks hears all of it."""


def open_bus(setting: str, pool: Pool) -> Bus:
    """Return the bus of this setting: `postgresql`, or `kafka://host:9092[,host...]`.

    HUB_MEMBER names this copy of a service on Kafka (see `KafkaBus`): a stateful set's pod, say.
    """
    if setting == "postgresql":
        from hub_kit.bus_postgresql import PostgresBus

        return PostgresBus(pool)
    from hub_kit.bus_kafka import KafkaBus

    return KafkaBus(setting.removeprefix("kafka://"), member=os.environ.get("HUB_MEMBER", ""))
