"""Runs what blocks on a folder in a thread of that folder: one that hangs holds up no other box."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from hub_contract.errors import Temporary

T = TypeVar("T")


class Disk:
    """`Temporary` where the folder is away, or the disk is full; the text says which."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._threads = ThreadPoolExecutor(1, thread_name_prefix=f"disk-{name}")

    async def __call__(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except OSError as error:
            raise Temporary(f"folder of {self._name}: {error.strerror or error}") from None

    async def close(self) -> None:
        """Let what runs come to its end; nothing new is begun."""
        self._threads.shutdown(wait=False, cancel_futures=True)
