"""Looks into a provider's log for what no hook has brought, and takes it in.

Rule 1. The same message has the same id either way: what came by hook is there already.
Rule 2. Each look goes back behind the last one: the log is some minutes late itself.
Rule 3. One copy of the service looks, whichever has its turn.
Rule 4. One that cannot be had now holds no other up; the next look begins before it again.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog

from hub_contract.errors import Permanent, Temporary
from hub_kit.checkpoint import Checkpoints, Source
from hub_kit.turns import Turns

BACK = timedelta(hours=2)
FIRST = timedelta(days=1)  # of the very first look
log = structlog.get_logger()


class Log(Protocol):
    """A provider's log, for one number of ours."""

    @property
    def name(self) -> str:
        """`<provider>/<tenant>/<account>`."""

    def look(self, since: datetime) -> AsyncIterator[bool]:
        """Take in one after another; yield whether it is safe."""


class Reconciler:
    """`run` for ever for one number of ours."""

    def __init__(self, log: Log, checkpoints: Checkpoints, turns: Turns, every: float) -> None:
        self._log, self._checkpoints, self._turns, self._every = log, checkpoints, turns, every
        provider, _, key = log.name.partition("/")
        self._source = Source(provider, key, log.name)

    async def run(self) -> None:
        while True:
            try:
                if await self._turns.take(self._source.name):
                    await self.look()
            except (Temporary, Permanent) as error:
                log.warning("log not read", account=self._source.key, reason=str(error)[:200])
            await asyncio.sleep(self._every)

    async def look(self) -> int:
        """Take in what is new; return how many the log had."""
        now = datetime.now(UTC)
        last = await self._checkpoints.last(self._source)
        since = datetime.fromtimestamp(last, UTC) - BACK if last else now - FIRST
        safe = [one async for one in self._log.look(since)]
        if all(safe):
            await self._checkpoints.move(self._source, int(now.timestamp()))
        return len(safe)
