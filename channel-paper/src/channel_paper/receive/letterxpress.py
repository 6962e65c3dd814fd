"""Asks LetterXpress how far our letters are: it calls nobody.

The same word of the same letter is the same report, so that lists may overlap; what this process
has said already it does not say again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

import structlog

from channel_paper.parse.letterxpress import read_job
from channel_paper.parse.report import Said, report
from channel_paper.providers.letterxpress import LISTS, LetterXpress
from hub_contract.errors import Permanent, Temporary
from hub_contract.events import Arrival
from hub_kit.turns import Turns

DAYS = 14  # that a look goes back
PIECE = 200  # reports that are kept at once
log = structlog.get_logger()
Take = Callable[[Sequence[Arrival]], Awaitable[object]]


class JobLists:
    """`run` for ever for one box."""

    def __init__(self, client: LetterXpress, take: Take, turns: Turns, every: float) -> None:
        self._client, self._take, self._turns, self._every = client, take, turns, every
        self._known: set[Said] = set()

    async def run(self) -> None:
        while True:
            try:
                if await self._turns.take(f"letterxpress/{self._client.box.key}"):
                    await self.look()
            except (Temporary, Permanent) as error:
                log.warning("jobs not read", account=self._client.box.key, reason=str(error)[:200])
            await asyncio.sleep(self._every)

    async def look(self) -> int:
        """Report what is new; return how many letters said something new."""
        box, now = self._client.box, datetime.now(UTC)
        found = [
            said
            for which, status in LISTS.items()
            for job in await self._client.jobs(which, DAYS)
            if (said := read_job(job, status, box.tenant, box.name))
        ]
        new = [said for said in found if said not in self._known]
        for begin in range(0, len(new), PIECE):
            piece = new[begin : begin + PIECE]
            await self._take([report(said, box.tenant, box.name, now) for said in piece])
        self._known = set(found)
        return len(new)
