"""Reads documents in processes of their own: `PageReader` is the reader of a channel with pages.

Rule 1. A page is one call, within a time and a memory. What a page does to its process, it does to
        itself: it is marked, and the pages around it are read.
Rule 2. A process that was killed is replaced and the page read again. Only where all pages fail
        of that is the document `Temporary`: then it is the machine that is ill.
Rule 3. A document of 500 pages takes a process away from no other for longer than a page.
Rule 4. Who stops waiting stops the work: its processes are ended with it.
"""

import asyncio
import os
import pickle
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from hub_contract.errors import Permanent, Temporary
from hub_contract.events import Arrival, MessageReceived
from hub_contract.problems import Problem, ProblemCode
from hub_kit.bounded import Bounded, Overrun
from hub_reading.arrive import arrival
from hub_reading.limits import DEFAULT, Limits
from hub_reading.read import gather, numbers
from hub_reading.searchable import is_wanted
from hub_reading.split import Cut, Part, plan
from hub_reading.values import Outline, PageReading, Reading

_CRASH = "crash"  # how `Bounded` calls a process that was ended twice
_WORK = "hub_reading.work:do"


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a batch, with its file."""

    part: Part
    file: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch, split; `documents` is empty where it cannot be, and `problems` say why."""

    pages: int | None
    documents: tuple[Document, ...] = ()
    problems: tuple[Problem, ...] = ()


class PageReader:
    """Made in any loop, used in one; `workers` processes at once, one for each core by default."""

    def __init__(self, limits: Limits = DEFAULT, workers: int | None = None) -> None:
        self.limits = limits
        self.workers = workers or max(1, len(os.sched_getaffinity(0)))
        self._bounded = Bounded(
            _WORK, limits.seconds_of_a_page, lambda size: 3 * size + limits.memory, self.workers
        )

    async def __call__(self, received: MessageReceived, raw: bytes) -> Arrival:
        """Return what was read in the original of this message. `Temporary`: try again later."""
        return arrival(received, await self.read(raw), datetime.now(UTC))

    async def read(self, raw: bytes) -> Reading:
        """Return what the document says. `Temporary`: try again later."""
        outline = await self._outline(raw)
        pages = await self._pages(raw, outline, "read_page")
        copy = b""
        if is_wanted(pages, signed=outline.signed):
            copy = await self._bound_together(pages)
        return gather(outline, [replace(page, scan=None) for page in pages], copy)

    async def split(self, raw: bytes) -> Batch:
        """Return the documents of a batch, by its separator sheets. `Temporary`: as `read`."""
        outline = await self._outline(raw)
        pages = await self._pages(raw, outline, "look_at_page")
        if outline.pages and len(pages) < outline.pages:  # nothing of a batch is left out
            unseen = range(len(pages) + 1, outline.pages + 1)
            pages += [PageReading(number) for number in unseen]
        documents, problems = [], list(outline.problems)
        for part in plan(pages):
            made = await self._ask(raw, "cut", part.pages, fallback=_unreadable())
            if isinstance(made, Cut):
                documents.append(Document(part, made.file, made.media_type))
            else:
                problems.append(made)
        return Batch(outline.pages, tuple(documents), tuple(dict.fromkeys(problems)))

    async def close(self) -> None:
        """End all processes; what is under way ends with `Temporary` or unread pages."""
        await self._bounded.close()

    async def _outline(self, raw: bytes) -> Outline:
        failed = Outline(problems=(_unreadable(),))
        found: Outline = await self._ask(raw, "look", self.limits, fallback=failed)
        return found

    async def _pages(self, raw: bytes, outline: Outline, task: str) -> list[PageReading]:
        wanted = numbers(outline, self.limits)
        done: dict[int, PageReading] = {}
        crashed: list[int] = []
        left = iter(wanted)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self.workers, len(wanted))):
                    group.create_task(self._one_after_another(raw, task, left, done, crashed))
        except BaseExceptionGroup as failed:
            raise failed.exceptions[0] from None
        if crashed and len(crashed) == len(wanted):
            raise Temporary("every process that read this document was ended")
        return [done[number] for number in wanted]

    async def _one_after_another(
        self,
        raw: bytes,
        task: str,
        left: Iterator[int],
        done: dict[int, PageReading],
        crashed: list[int],
    ) -> None:
        for number in left:
            try:
                done[number] = await self._bounded(raw, task, number, self.limits)
            except Permanent as error:
                problem = Problem(code=ProblemCode.PAGE_UNREADABLE, about=str(number))
                done[number] = PageReading(number, problems=(problem,))
                if isinstance(error, Overrun) and str(error) == _CRASH:
                    crashed.append(number)

    async def _bound_together(self, pages: list[PageReading]) -> bytes:
        slim = [replace(page, small=b"", large=b"", codes=()) for page in pages]
        packed = await asyncio.to_thread(pickle.dumps, slim, protocol=5)
        copy: bytes = await self._ask(packed, "bind", self.limits, fallback=b"")
        return copy

    async def _ask(self, raw: bytes, task: str, *given: object, fallback: Any) -> Any:
        """Return the task's result; `fallback` where the bytes are to blame that there is none."""
        try:
            return await self._bounded(raw, task, *given)
        except Overrun as error:
            if str(error) == _CRASH:
                raise Temporary("a process that read a document was ended") from None
            return fallback
        except Permanent:
            return fallback


def _unreadable() -> Problem:
    return Problem(code=ProblemCode.UNREADABLE, about="format")
