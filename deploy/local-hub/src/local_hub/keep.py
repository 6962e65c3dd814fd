"""Keeps what the services stand on: a database or a broker that has ended is started again.

Rule 1. It is asked each second whether it runs. What has ended is started after a pause that grows
        while it keeps failing: a full disk is full for a while, and there may be room any moment.
Rule 2. Starting blocks, so it has a thread; what is being started when all ends is given up.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from hub_contract.errors import Temporary

RUNS = "ready"
_EVERY = 1.0  # seconds
_STEADY = 60  # seconds after which it counts as healthy again


class Stand(Protocol):
    """A server that others stand on; whoever opened it ends it."""

    name: str

    def runs(self) -> bool:
        """Say whether its process lives."""

    def start(self) -> None:
        """Start it again; return once it answers. `Temporary` says why it does not."""

    def give_up(self) -> None:
        """End a start that is under way in another thread."""


class Keeper:
    """Keeps one stand running; `state` says how it is, in words for the operator."""

    def __init__(
        self, stand: Stand, sink: Callable[[str, str], None], pauses: Sequence[float]
    ) -> None:
        self.stand, self.state = stand, RUNS
        self.paused = False  # a test has ended it on purpose
        self._sink, self._pauses = sink, pauses

    async def run(self) -> None:
        failures, began = 0, time.monotonic()
        while True:
            await asyncio.sleep(_EVERY)
            if self.paused or self.stand.runs():
                self.state = RUNS
                continue
            failures = 0 if time.monotonic() - began > _STEADY else failures
            await self._wait(failures)
            began, failures = time.monotonic(), failures + 1
            await self._start()

    async def _start(self) -> None:
        if self.paused:
            return
        starting = asyncio.create_task(asyncio.to_thread(self.stand.start))
        try:
            await asyncio.shield(starting)
        except asyncio.CancelledError:
            self.stand.give_up()
            await asyncio.gather(starting, return_exceptions=True)
            raise
        except Temporary as error:
            self._say(str(error))
        else:
            self._say("runs again")
            self.state = RUNS

    async def _wait(self, failures: int) -> None:
        pause = self._pauses[min(failures, len(self._pauses) - 1)]
        self._say(f"ended, starts again in {pause:g} s")
        await asyncio.sleep(pause)

    def _say(self, what: str) -> None:
        self.state = what
        self._sink(self.stand.name, what)
