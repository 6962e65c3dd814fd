"""Looks into the folder of a box for ever, and takes in what lies there.

One copy of the service works on a box at a time, whichever has its turn; all may put files in.
While the folder is away or a disk is full, everything waits where it is, and that is said once.
"""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import PurePosixPath

import structlog

from channel_paper.boxes import PaperBox
from channel_paper.parse.context import Way
from channel_paper.receive.disk import Disk
from channel_paper.receive.look import Watch
from channel_paper.receive.queue import Origin, Queue
from channel_paper.receive.take import Cut, Taker
from channel_paper.settings import PaperSettings
from hub_contract.errors import Permanent, Temporary
from hub_kit.accept import Accept
from hub_kit.turns import Turns

LONGEST = 60.0  # seconds between looks while something is away
log = structlog.get_logger()


class Scans:
    """`run` for ever for one box."""

    def __init__(
        self, box: PaperBox, settings: PaperSettings, accept: Accept, turns: Turns, cut: Cut
    ) -> None:
        self.box, self.disk, self.queue = box, Disk(box.key), Queue(box.settings.folder)
        self._turns, self._every = turns, settings.look_every
        self._watch = Watch(
            box.settings.folder, still=settings.still_seconds, unended=settings.unended_seconds
        )
        self._taker = Taker(
            box, self.queue, self.disk, accept, cut=cut, size_limit=settings.size_limit
        )
        self._trouble = ""

    async def run(self) -> None:
        pause = self._every
        while True:
            try:
                if await self._turns.take(f"scans of {self.box.key}"):
                    await self.look()
                self._say("")
                pause = self._every
            except (Temporary, Permanent) as error:
                self._say(str(error)[:200])
                pause = min(2 * pause, LONGEST)
            await asyncio.sleep(pause)

    async def look(self) -> None:
        """Queue what is finished, and take in all that is queued."""
        await self.disk(self.queue.prepare)
        for path in await self.disk(lambda: self._watch.look(time.monotonic())):
            await self.disk(lambda path=path: self._put(path))  # type: ignore[misc]
        trouble: Temporary | None = None
        for item in await self.disk(self.queue.waiting):
            try:
                await self._taker.take(item)
            except Temporary as error:  # of this one, perhaps: it holds up no other
                trouble = error
        if trouble:
            raise trouble

    def _put(self, path: PurePosixPath) -> None:
        origin = Origin(str(path), Way.FOLDER, datetime.now(UTC).isoformat())
        try:
            self.queue.put(self.box.settings.folder / path, origin)
        except FileNotFoundError:
            log.info("a scan went away before it was taken", account=self.box.key)

    def _say(self, trouble: str) -> None:
        """Say it when it begins, changes, or is over; not at every look."""
        if trouble and trouble != self._trouble:
            log.warning("scans wait", account=self.box.key, reason=trouble)
        elif self._trouble and not trouble:
            log.info("scans are taken in again", account=self.box.key)
        self._trouble = trouble
