"""Fetches the mails of one hosted mailbox, each once, as soon as the server announces them.

Rule 1. The mailbox is ours to read, not to change: nothing is marked, and nothing is deleted or
        moved unless the account says so, and then only after the mail is safe.
Rule 2. The checkpoint moves behind a mail after `accept` returned. What is fetched twice is once.
Rule 3. A mail that cannot be fetched stops its batch, then only itself: after a few tries it is
        buried, visibly, and tried again every hour; the mails behind it flow.
Rule 4. A database or a mailbox that is away is waited for; it counts against no mail.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Protocol, TypeVar

import structlog

from channel_email.receive.deliver import context_of, from_mailbox
from channel_email.receive.mailbox import Fetched, Mailbox
from channel_email.receive.read import Read, read_here
from channel_email.settings import Account, Imap
from hub_contract.errors import Permanent, Temporary
from hub_contract.events import Arrival
from hub_kit.accept import Accepted
from hub_kit.checkpoint import Checkpoints, Source
from hub_kit.turns import Turns

MAILS, BYTES = 200, 16 * 1024 * 1024  # of one batch; a larger mail is a batch of its own
TRIES = 3
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0  # seconds between log-ins that fail
NOT_OUR_TURN = 2.0  # seconds between looks whether another copy of the service is still there
log = structlog.get_logger()
T = TypeVar("T")


class TakeInMany(Protocol):
    """`hub_kit.accept.Accept`, as far as this channel sees it."""

    async def all(self, arrivals: list[Arrival]) -> list[Accepted]: ...


class Unfetchable(Exception):  # noqa: N818 - a finding about mails, not an error of ours
    """The mails are there, but the server does not give them out, or we cannot keep them."""


class TooLarge(Unfetchable):
    """Trying again soon cannot help."""


class Fetcher:
    """`run` for ever; any number of copies of the service may, one of them does."""

    def __init__(
        self,
        account: Account,
        accept: TakeInMany,
        checkpoints: Checkpoints,
        turns: Turns,
        size_limit: int,
        *,
        first_pause: float = FIRST_PAUSE,
        read: Read = read_here,
    ) -> None:
        self._read = read
        self._account, self._first_pause = account, first_pause
        self._accept, self._checkpoints, self._turns = accept, checkpoints, turns
        self._size_limit = size_limit
        self._forget(None)
        self._pause = first_pause

    async def run(self) -> None:
        assert self._account.settings.imap
        while True:
            try:
                if await self._turns.take(self._account.key):
                    async with _connected(self._account.settings.imap) as mailbox:
                        await self._stay(mailbox)
                self._pause = NOT_OUR_TURN
            except Temporary as error:
                log.warning("mailbox waits", account=self._account.key, reason=str(error)[:200])
            await asyncio.sleep(self._pause)
            self._pause = min(self._pause * 2, LONGEST_PAUSE)

    def _forget(self, source: Source | None) -> None:
        """Forget what is known by UIDs: under another UIDVALIDITY they name other mails."""
        self._source = source
        self._failures: Counter[int] = Counter()
        self._singly_to = 0  # up to this UID one at a time, to find the one that fails
        self._untidy: set[int] = set()  # safe with us, but not deleted or moved yet

    async def _stay(self, mailbox: "_Connected") -> None:
        """Work until the connection breaks or it is another copy's turn."""
        self._pause = self._first_pause
        settings = mailbox.settings
        source = _source_of(self._account.key, settings, mailbox.uidvalidity)
        if source != self._source:
            self._forget(source)
        while await self._turns.take(self._account.key):
            await self._try_buried(mailbox, source)
            last = await self._checkpoints.last(source)
            if uids := await mailbox.ask(mailbox.blocking.uids_after, last):
                await self._take_all(mailbox, source, uids)
            else:
                await mailbox.wait(last)

    async def _take_all(self, mailbox: "_Connected", source: Source, uids: list[int]) -> None:
        for start in range(0, len(uids), MAILS):
            for batch in await self._split(mailbox, uids[start : start + MAILS]):
                if not await self._turns.take(self._account.key):
                    return
                await self._take_or_bury(mailbox, source, batch)
                await self._checkpoints.move(source, batch[-1])

    async def _split(self, mailbox: "_Connected", uids: list[int]) -> list[list[int]]:
        """Split into batches of at most BYTES; what may fail stands alone."""
        if uids[0] <= self._singly_to:
            return [[uid] for uid in uids]
        try:
            sizes = await mailbox.ask(mailbox.blocking.sizes, uids)
        except Temporary as error:
            self._singly_to = uids[-1]
            raise Temporary(f"singly now: {error}") from None
        return _batches(uids, sizes, self._size_limit)

    async def _take_or_bury(
        self, mailbox: "_Connected", source: Source, batch: Sequence[int]
    ) -> None:
        try:
            await self._take(mailbox, batch)
        except Unfetchable as error:
            if len(batch) > 1:
                self._singly_to = batch[-1]
                raise Temporary(f"singly now: {error}") from None
            self._failures[batch[0]] += 1
            if self._failures[batch[0]] < TRIES and not isinstance(error, TooLarge):
                raise Temporary(str(error)) from None
            log.error("mail buried", account=source.key, uid=batch[0], reason=str(error))
            await self._checkpoints.bury(source, batch[0], str(error))
        self._failures.pop(batch[0], None)

    async def _take(self, mailbox: "_Connected", batch: Sequence[int]) -> None:
        """Take mails in and return when they are safe; nothing is done with those that are gone."""
        try:
            if len(batch) == 1:
                await self._check_size(mailbox, batch[0])
            fetched, missing = await mailbox.ask(_fetch, mailbox.blocking, batch)
        except Temporary as error:
            raise Unfetchable(str(error)) from None
        if missing and await mailbox.ask(mailbox.blocking.exist, missing):
            raise Unfetchable("mailbox: the server leaves mails out")
        arrivals = [await self._parse(mail) for mail in fetched]
        try:
            await self._accept.all(arrivals)
        except Permanent as error:
            raise Unfetchable(str(error)) from None
        await self._tidy(mailbox, batch)

    async def _tidy(self, mailbox: "_Connected", batch: Sequence[int]) -> None:
        """Tidy up after safe mails; where that fails, with the next batch again."""
        self._untidy.update(batch)
        some = sorted(self._untidy)[:MAILS]
        try:
            await mailbox.ask(mailbox.blocking.tidy, some)
        except Temporary as error:
            # A folder that is missing there must not keep mails from coming in here.
            log.error("safe mails stay in place", account=self._account.key, reason=str(error))
        else:
            self._untidy.difference_update(some)

    async def _check_size(self, mailbox: "_Connected", uid: int) -> None:
        size = (await mailbox.ask(mailbox.blocking.sizes, [uid])).get(uid, 0)
        if size > self._size_limit:
            raise TooLarge(f"{size} bytes, size_limit is {self._size_limit}")

    async def _parse(self, mail: Fetched) -> Arrival:
        await asyncio.sleep(0)  # others take their turns between the mails of a batch
        now = datetime.now(UTC)
        # It reached the authority when it reached the mailbox, however late we look.
        at = min(mail.arrived, now) if mail.arrived else now
        context = from_mailbox(context_of(self._account, at), self._account)
        return await self._read(mail.raw, context)

    async def _try_buried(self, mailbox: "_Connected", source: Source) -> None:
        for uid in await self._checkpoints.due(source):
            try:
                await self._take(mailbox, [uid])
            except Unfetchable as error:
                await self._checkpoints.still_dead(source, uid, str(error))
            else:
                await self._checkpoints.forget(source, uid)


def _fetch(mailbox: Mailbox, batch: Sequence[int]) -> tuple[list[Fetched], list[int]]:
    """Return what came and what did not."""
    fetched = mailbox.fetch(batch)
    come = {mail.uid for mail in fetched}
    return fetched, [uid for uid in batch if uid not in come]


def _source_of(key: str, settings: Imap, uidvalidity: int) -> Source:
    """Return a folder as one UIDVALIDITY knows it; under another one every UID is another mail."""
    name = f"imap/{key}/{settings.host}/{settings.folder}/{uidvalidity}"
    return Source("imap", key, name)


class _Connected:
    """A mailbox in its thread: `ask` awaits one of its methods."""

    def __init__(self, settings: Imap, thread: ThreadPoolExecutor) -> None:
        self.settings, self.blocking = settings, Mailbox(settings)
        self._thread = thread
        self.uidvalidity = 0

    async def ask(self, work: Callable[..., T], *arguments: object) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, partial(work, *arguments))

    async def wait(self, last: int) -> None:
        if self.blocking.announces:
            await self.ask(self.blocking.wait, last, self.settings.poll)
        else:
            await asyncio.sleep(self.settings.poll)


@asynccontextmanager
async def _connected(settings: Imap) -> AsyncIterator[_Connected]:
    # A thread of its own: IDLE blocks it for minutes, and the loop's own threads are few.
    thread = ThreadPoolExecutor(1, thread_name_prefix="imap")
    mailbox = _Connected(settings, thread)
    try:
        mailbox.uidvalidity = await mailbox.ask(mailbox.blocking.open)
        yield mailbox
    finally:
        mailbox.blocking.break_off()
        thread.submit(mailbox.blocking.close)
        thread.shutdown(wait=False)


def _batches(uids: Sequence[int], sizes: dict[int, int], size_limit: int) -> list[list[int]]:
    batches: list[list[int]] = []
    room = 0
    for uid in uids:
        size = sizes.get(uid, 0)
        if size > room or size > size_limit:
            batches.append([])
            room = BYTES
        batches[-1].append(uid)
        # Behind a mail that will not be taken, the next batch begins.
        room = -1 if size > size_limit else room - size
    return batches
