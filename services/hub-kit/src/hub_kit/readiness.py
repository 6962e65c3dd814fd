"""What a service must have to do its work, tried out: a database, a blob store, room on the disks.

Rule 1. It is tried, not asked: a blob is written and deleted, as an arrival's would be.
Rule 2. It is tried once in a while, however often somebody asks; what failed is tried again sooner.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from uuid import uuid4

import structlog

from hub_contract.errors import Temporary
from hub_kit.blobs import Blobs
from hub_kit.database import Pool, connect
from hub_kit.space import Space

# Returns a warning or nothing, or raises `Temporary` with a reason that an operator understands.
Check = Callable[[], Awaitable[str | None]]
_AGAIN, _SOON = 5.0, 1.0  # seconds
log = structlog.get_logger()


def database_check(pool: Pool) -> Check:
    async def check() -> None:
        async with connect(pool) as connection:
            await connection.fetchval("select 1")

    return check


def blobs_check(blobs: Blobs) -> Check:
    """Write a blob and delete it; the reason is the store's own."""

    async def check() -> None:
        name = f"readiness/{uuid4().hex}"
        await blobs.put_all({name: b"readiness"})
        await blobs.delete_all([name])

    return Seldom("blobs", check)


def space_check(space: Space) -> Check:
    async def check() -> str:
        return await asyncio.to_thread(space.check)

    return Seldom("space", check)


async def find_troubles(checks: Mapping[str, Check]) -> dict[str, str]:
    """Return what these checks warn of or fail with, for operators."""
    found = {}
    for name, check in checks.items():
        try:
            said = await check()
        except Temporary as error:
            said = str(error)
        if said:
            found[name] = said
    return found


class Seldom:
    """A check whose answer holds for some seconds; a change is logged once, with its reason."""

    def __init__(self, name: str, check: Check) -> None:
        self._name, self._check = name, check
        self._until, self._said = 0.0, ""
        self._fault: Temporary | None = None
        self._turn = asyncio.Lock()

    async def __call__(self) -> str:
        async with self._turn:
            if time.monotonic() >= self._until:
                await self._try()
            if self._fault:
                raise Temporary(str(self._fault))
            return self._said

    async def _try(self) -> None:
        before = str(self._fault or self._said)
        try:
            self._said, self._fault = await self._check() or "", None
        except Temporary as error:
            self._fault = error
        self._until = time.monotonic() + (_SOON if self._fault else _AGAIN)
        now = str(self._fault or self._said)
        if now and not before:
            log.warning("not as it should be", what=self._name, reason=now[:200])
        elif before and not now:
            log.info("as it should be again", what=self._name)
