"""Reads one mail: a short one at once, others in a process that can be ended; nobody waits for it.

Short ones take a few milliseconds at most, whatever they are made of (all patterns are linear), and
a tenth of that mostly: less than to hand them over and back.
"""

import asyncio
import hashlib
from collections import OrderedDict
from typing import Protocol

from channel_email.parse import Context, keep_unread, parse
from hub_contract.errors import Permanent
from hub_contract.events import Arrival
from hub_contract.problems import Problem, ProblemCode
from hub_kit.bounded import Bounded, Overrun

INLINE = 8 * 1024  # bytes; `make bench ARGS="--only parse,worst"` measures both ways
_REMEMBERED = 1_000  # mails that overran: a peer whose 250 was lost sends them again


class Read(Protocol):
    async def __call__(self, raw: bytes, context: Context) -> Arrival: ...


async def read_here(raw: bytes, context: Context) -> Arrival:
    """Parse at once, in this process: for those who have no `Reader` to close."""
    return parse(raw, context)


class Reader:
    """`await it(raw, context)`; `Temporary` where no process can be had to read in."""

    def __init__(self, bounded: Bounded | None = None) -> None:
        self._bounded = bounded or Bounded("channel_email.parse:parse_apart")
        self._overran: OrderedDict[tuple[int, bytes], Problem] = OrderedDict()

    async def __call__(self, raw: bytes, context: Context) -> Arrival:
        if len(raw) <= INLINE:
            return parse(raw, context)
        problem = await self._known(raw)
        if problem is None:
            try:
                event, files = await self._bounded(raw, context)
            except Overrun as error:
                problem = Problem(code=ProblemCode.OVERRUN, about=str(error))
                await self._remember(raw, problem)
            except Permanent as error:
                problem = Problem(code=ProblemCode.UNREADABLE, about=str(error))
            else:
                return Arrival(event, raw, files)
        return await asyncio.to_thread(keep_unread, raw, context, problem)

    async def close(self) -> None:
        await self._bounded.close()

    async def _known(self, raw: bytes) -> Problem | None:
        """Return what is known of these bytes; hashed only where some of their size are."""
        if not any(size == len(raw) for size, _ in self._overran):
            return None
        return self._overran.get((len(raw), await _digest(raw)))

    async def _remember(self, raw: bytes, problem: Problem) -> None:
        self._overran[len(raw), await _digest(raw)] = problem
        if len(self._overran) > _REMEMBERED:
            self._overran.popitem(last=False)


async def _digest(raw: bytes) -> bytes:
    return await asyncio.to_thread(lambda: hashlib.sha256(raw).digest())
