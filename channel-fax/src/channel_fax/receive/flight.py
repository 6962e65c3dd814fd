"""Fetches a fax of a hosted provider once, however often and however at once it is told of."""

import asyncio
from collections.abc import Awaitable, Callable

from hub_contract.errors import Temporary

AT_ONCE = 4  # files that are held in memory


class Flights:
    """Who tells of a fax that is being taken in waits for that, and shares what becomes of it."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._seats = asyncio.Semaphore(at_once)

    async def take(self, fax: str, work: Callable[[], Awaitable[None]], patience: float) -> None:
        """Return once it is safe; `Temporary` where that takes longer than `patience` seconds."""
        task = self._under_way.get(fax)
        if task is None:
            task = asyncio.create_task(self._seated(work, patience))
            self._under_way[fax] = task
            task.add_done_callback(lambda _: self._under_way.pop(fax, None))
        await asyncio.shield(task)

    async def _seated(self, work: Callable[[], Awaitable[None]], patience: float) -> None:
        try:
            async with asyncio.timeout(patience), self._seats:
                await work()
        except TimeoutError:
            raise Temporary(f"media: not there within {patience:g} s") from None

    async def close(self) -> None:
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
