"""A print house: keeps what it is given, prints it or refuses, posts it, and calls back.

What it does wrong is said in `faults`, by tests and by whoever plays.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from local_hub.peers.letters.inspect import Fault, Unreadable, count_pages, faults_of
from local_hub.peers.letters.tray import Tray


@dataclass(slots=True)
class Faults:
    """What goes wrong next; each number counts down to 0."""

    answer: int = 500  # the status of those that are refused
    refuse: int = 0  # calls that are answered so, and nothing is taken
    lose: int = 0  # letters that are taken, and answered 500
    delay: float = 0  # seconds until a letter is printed
    undeliverable: str = ""  # a piece of an address to which nothing can be delivered

    def refuses(self) -> bool:
        self.refuse, refused = max(0, self.refuse - 1), self.refuse > 0
        return refused

    def loses(self) -> bool:
        self.lose, lost = max(0, self.lose - 1), self.lose > 0
        return lost


@dataclass(slots=True)
class Job:
    """One letter; `status` is Pingen's word."""

    name: str
    pdf: bytes
    pages: int
    status: str = "validating"
    fault: Fault | None = None
    id: str = field(default_factory=lambda: str(uuid4()))
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


Call = Callable[[Job], Awaitable[object]]


async def _nobody(_: Job) -> None:
    """Call nobody."""


class House:
    def __init__(self, tray: Tray, call: Call = _nobody) -> None:
        self.jobs: dict[str, Job] = {}
        self.keys: dict[str, str] = {}  # Idempotency-Key -> job
        self.faults, self.tray, self.call = Faults(), tray, call
        self._working: set[asyncio.Task[None]] = set()

    def take(self, name: str, pdf: bytes, key: str = "") -> Job:
        """Keep a letter and begin to work on it; the one that is there for the same key.

        `Unreadable` where it is no PDF.
        """
        if key and key in self.keys:
            return self.jobs[self.keys[key]]
        job = Job(name, pdf, count_pages(pdf))
        self.jobs[job.id] = job
        if key:
            self.keys[key] = job.id
        self._later(self._work(job))
        return job

    async def give_back(self, job: Job, code: str = "undeliverable") -> None:
        """The post has brought it back."""
        job.status, job.fault = "undeliverable", Fault(code, "Could not be delivered")
        await self.call(job)

    async def close(self) -> None:
        for task in self._working:
            task.cancel()
        await asyncio.gather(*self._working, return_exceptions=True)

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    async def _work(self, job: Job) -> None:
        await asyncio.sleep(self.faults.delay)
        if job.status == "cancelled":
            return
        if fault := next(iter(faults_of(job.pdf)), None):
            job.status, job.fault = "action_required", fault
            await self.call(job)
            return
        job.status = "sent"
        brought = self.tray.bring(job.pdf, lambda: self._later(self.give_back(job)))
        await self.call(job)
        if self.faults.undeliverable and self.faults.undeliverable in brought.address:
            del self.tray.letters[brought.id]
            await self.give_back(job)


__all__ = ["Faults", "House", "Job", "Unreadable"]
