"""Shares out what is scarce: so many at a time for each asker, and so many in all."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field


class Full(Exception):  # noqa: N818 - an answer, not a fault
    """There is no room now; `mine`: because this asker has all of their share."""

    def __init__(self, *, mine: bool) -> None:
        super().__init__("the asker's share is taken" if mine else "all is taken")
        self.mine = mine


class Seats:
    """Counts what is taken, by asker and in all; a seat may be of any size (streams, bytes)."""

    def __init__(self, each: int, most: int) -> None:
        self._each, self._most = each, most
        self._taken: Counter[str] = Counter()
        self.taken = 0

    def of(self, who: str) -> int:
        return self._taken[who]

    def take(self, who: str, size: int = 1) -> None:
        """Take so much; `Full` where it does not fit. Whoever takes gives back."""
        if self._taken[who] + size > self._each:
            raise Full(mine=True)
        if self.taken + size > self._most:
            raise Full(mine=False)
        self._taken[who] += size
        self.taken += size

    def give(self, who: str, size: int = 1) -> None:
        self.taken -= size
        self._taken[who] -= size
        if not self._taken[who]:
            del self._taken[who]

    @contextmanager
    def seat(self, who: str) -> Iterator[None]:
        """Lend one seat; `Full` where none is."""
        self.take(who)
        try:
            yield
        finally:
            self.give(who)


@dataclass
class _Slot:
    room: asyncio.Semaphore
    users: int = field(default=0)


class Slots:
    """So many at a time for each asker; their next ones wait for one, and nobody else does."""

    def __init__(self, each: int) -> None:
        self._each = each
        self._slots: dict[str, _Slot] = {}

    @asynccontextmanager
    async def slot(self, who: str, within: float) -> AsyncIterator[None]:
        """Wait for a slot, so many seconds, else `Full`."""
        slot = self._slots.setdefault(who, _Slot(asyncio.Semaphore(self._each)))
        slot.users += 1
        try:
            await _acquire(slot.room, within)
            try:
                yield
            finally:
                slot.room.release()
        finally:
            slot.users -= 1
            if not slot.users:
                del self._slots[who]


async def _acquire(room: asyncio.Semaphore, within: float) -> None:
    if not room.locked():
        await room.acquire()  # most of the time nobody is before us
        return
    try:
        async with asyncio.timeout(within):
            await room.acquire()
    except TimeoutError:
        raise Full(mine=True) from None
