"""Guards a listener: how many may be connected, how large and how slow they may be, who goes first.

Rule 1. Limits hold by address and in all. Where one is reached, who makes us wait longest goes for
        the newcomer; where nobody waits, the newcomer is told to come again.
Rule 2. Time is counted in ticks of a second at most: while we stood still ourselves, nobody else
        was slow.
Rule 3. Operators hear which limit bites, by a counter and at most one line a minute. Addresses are
        personal data: they are counted, never told.
"""

import asyncio
import ipaddress
import time
from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

import structlog
from pydantic import Field

from hub_kit import metrics
from hub_kit.asker import asker
from hub_kit.crowd import Crowd, Phase
from hub_kit.handles import room_for_connections
from hub_kit.settings import Section

TICK = 1.0  # seconds
_QUIET = 60.0  # seconds between two lines about the same limit
log = structlog.get_logger()


class Bite(StrEnum):
    """Which limit bites: for the counter, the log line, and the status that says it."""

    HEADER_BYTES = "header_bytes"
    HEADER_LINES = "header_lines"
    HEADER_SECONDS = "header_seconds"
    PIPELINED = "pipelined"
    BODY_RATE = "body_rate"
    BODY_SECONDS = "body_seconds"
    BODY_FRAMING = "body_framing"
    ANSWER_RATE = "answer_rate"
    CONNECTIONS = "connections"
    EACH = "connections_each"


class ListenerLimits(Section):
    """What one client may take of a listener."""

    header_bytes: int = Field(default=65_536, ge=1024, description="of request line and header")
    header_lines: int = Field(default=100, ge=10)
    header_seconds: float = Field(default=10, gt=0, description="in which a header must be here")
    pipelined: int = Field(default=64, ge=1, description="requests ahead of their answers")
    body_rate: int = Field(default=4096, ge=1, description="bytes a second, at least")
    body_grace: float = Field(default=10, gt=0, description="seconds of silence in a body")
    body_seconds: float = Field(default=600, gt=0, description="in which a body must be here")
    answer_rate: int = Field(default=1024, ge=1, description="bytes a second that are taken")
    answer_grace: float = Field(default=60, gt=0, description="seconds in which nothing is taken")
    connections: int = Field(default=8192, ge=16, description="in all; file handles may allow less")
    connections_each: int = Field(
        default=512, ge=0, description="of one address, never more than half of all; 0: as many"
    )


# Inside, one peer (the gateway) stands for everybody, and it has watched the pace already.
INSIDE = ListenerLimits(
    body_rate=1024, body_grace=60, answer_rate=256, answer_grace=240, connections_each=0
)


class Guarded(Protocol):
    """A connection, as its guard sees it."""

    who: str

    def tick(self, seconds: float) -> None: ...

    def drop(self) -> None:
        """End it at once."""


class Guard:
    def __init__(
        self,
        name: str,
        limits: ListenerLimits,
        handles: int,
        trusted: Sequence[str] = (),  # proxies: one address of theirs is many people's
    ) -> None:
        self.name, self.limits = name, limits
        most = min(limits.connections, room_for_connections(handles))
        self._each = min(limits.connections_each, most // 2) or most
        self._most = most
        self._all: Crowd[Guarded] = Crowd(most)
        self._by_address: dict[str, Crowd[Guarded]] = {}
        self._trusted = _Trusted(trusted)
        self._said: dict[Bite, tuple[float, int]] = {}
        self._ticked = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._all)

    def admit(self, one: Guarded, address: str) -> Bite | None:
        """Take a connection in, whoever has to go for it; return which limit says no."""
        one.who = "" if address in self._trusted else asker(address)
        mine = self._by_address.get(one.who)
        for crowd, bite in ((mine, Bite.EACH), (self._all, Bite.CONNECTIONS)):
            if crowd and crowd.is_full and not self._make_room(crowd, bite):
                return bite
        self.put(one, Phase.FRESH)
        self._watch()
        return None

    def put(self, one: Guarded, phase: Phase) -> None:
        self._all.put(one, phase)
        if one.who and self._each < self._most:
            self._by_address.setdefault(one.who, Crowd(self._each)).put(one, phase)

    def leave(self, one: Guarded) -> None:
        self._all.leave(one)
        if mine := self._by_address.get(one.who):
            mine.leave(one)
            if not len(mine):
                del self._by_address[one.who]

    def bites(self, bite: Bite) -> None:
        """Count that a limit bit, and tell operators now and then."""
        metrics.LISTENER_LIMITS.labels(self.name, bite).inc()
        now = time.monotonic()
        last, times = self._said.get(bite, (-_QUIET, 0))
        if now - last < _QUIET:
            self._said[bite] = last, times + 1
            return
        log.warning("a limit bites", listener=self.name, limit=bite.value, times=times + 1)
        self._said[bite] = now, 0

    def _make_room(self, crowd: Crowd[Guarded], bite: Bite) -> bool:
        self.bites(bite)
        first = crowd.next_to_go()
        if first is None:
            return False
        self.leave(first)
        first.drop()
        return True

    def _watch(self) -> None:
        if self._timer is None:
            self._ticked = time.monotonic()
            self._timer = asyncio.get_running_loop().call_later(TICK, self._tick)

    def _tick(self) -> None:
        now = time.monotonic()
        seconds, self._ticked, self._timer = min(now - self._ticked, 2 * TICK), now, None
        for one in self._all.everyone():
            one.tick(seconds)
        if len(self._all):
            self._watch()


class _Trusted:
    """Addresses and networks; `*` is everybody."""

    def __init__(self, written: Sequence[str]) -> None:
        self._all = "*" in written
        self._networks = [
            ipaddress.ip_network(one, strict=False) for one in written if _is_network(one)
        ]

    def __contains__(self, address: str) -> bool:
        if self._all or not self._networks:
            return self._all
        try:
            ip = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(ip in network for network in self._networks)


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True
