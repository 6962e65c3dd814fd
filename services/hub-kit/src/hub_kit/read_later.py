"""Reads the pages of what a channel has taken in: after it is safe, as often as it takes.

Rule 1. Reading never holds an entry up: it begins once the entry is safe, and its outcome is an
        event of its own (`message.read`), whose id is made of the message's, so twice is once.
Rule 2. Copies of a channel share what is to be read; a claim that nobody renews is read by another.
Rule 3. A reader that fails, hangs or kills its process is tried again after a pause, TRIES times in
        all. Then an event says that it could not be read, so that nobody waits for ever.
Rule 4. Where the hub itself is away, that is no try. What was erased meanwhile is dropped.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from hub_contract.errors import Permanent, Temporary
from hub_contract.events import (
    Arrival,
    MessageContent,
    MessageRead,
    MessageReceived,
    ReadContent,
)
from hub_contract.ids import read_id
from hub_contract.problems import Problem, ProblemCode
from hub_contract.topics import from_wire
from hub_contract.words import FileCheck
from hub_kit import event_log, logs, metrics, tracing
from hub_kit import to_read as table
from hub_kit.blobs import read_blob
from hub_kit.database import connect
from hub_kit.ground import Ground
from hub_kit.move_to_blobs import count_files
from hub_kit.retry import Patience
from hub_kit.sealing import fetch_content, open_event
from hub_kit.to_read import Claim

# The opened event and the bytes of its original -> what was read, as `Arrival(MessageRead, files)`.
# `Permanent`: it can never be read. Anything else that is raised: it may be tried again.
Reader = Callable[[MessageReceived, bytes], Awaitable[Arrival]]
AT_ONCE = 2  # documents that one copy reads at a time; their pages are the reader's to share out
LEASE = 60.0  # seconds after which a claim that nobody renews counts as lost
LONGEST = 1_800.0  # seconds that one try may take: a batch of 200 pages on one slow core
LOOK = 0.2  # seconds between looks for what is due
TRIES = 3
_PAUSES = Patience(0, (10, 120, 600))
_AWAY = 5.0  # seconds until what the hub could not open is looked at again
_MEASURE = 5.0  # seconds between two measurements
log = structlog.get_logger()


@dataclass(frozen=True)
class ReadLater:
    """The loop of one copy; any number of copies may run."""

    ground: Ground
    reader: Reader
    lease: float = LEASE
    longest: float = LONGEST
    pauses: Patience = _PAUSES

    async def run(self) -> None:
        """Read for ever; for `Parts.work`."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._measure())
            for _ in range(AT_ONCE):
                group.create_task(self._work())

    async def work_off(self) -> int:
        """Read what is due now, one after the other; return how many documents it was."""
        count = 0
        while await self._next():
            count += 1
        return count

    async def _work(self) -> None:
        while True:
            try:
                if not await self._next():
                    await asyncio.sleep(LOOK)
            except Temporary as error:
                log.warning("reading waits", reason=str(error)[:200])
                await asyncio.sleep(1)

    async def _next(self) -> bool:
        async with connect(self.ground.pool) as connection:
            claims = await table.take(connection, 1, self.lease)
        for claim in claims:
            await self._carry_out(claim)
        return bool(claims)

    async def _carry_out(self, claim: Claim) -> None:
        renewing = asyncio.create_task(self._renew(claim))
        try:
            with tracing.span("read", claim.traceparent):
                await self._attempt(claim)
        finally:
            renewing.cancel()

    async def _attempt(self, claim: Claim) -> None:
        try:
            opened = await self._open(claim)
            if opened:
                arrival = await self._read(claim, *opened)
                if arrival is None:
                    await self._put_back(claim, self.pauses.pause(claim.attempts))
                    return
                await self._keep(arrival)
        except Temporary as error:
            log.warning("reading waits", reason=str(error)[:200], id=str(claim.event_id))
            await self._put_back(claim, _AWAY, counts=False)
        else:
            async with connect(self.ground.pool) as connection:
                await table.finish(connection, claim)

    async def _open(self, claim: Claim) -> tuple[MessageReceived, bytes] | None:
        """Return the event and its original, opened; None where it has been erased."""
        ground, sealed = self.ground, from_wire(claim.body)
        assert isinstance(sealed, MessageReceived)
        assert sealed.original is not None
        async with connect(ground.pool) as connection:
            keys = await event_log.read_keys(connection, [sealed.id])
        if sealed.id not in keys:
            return None
        key = ground.ring.unwrap(keys[sealed.id], sealed.id)
        event = open_event(await fetch_content(sealed, ground.blobs, key), key)
        return event, await read_blob(ground.blobs, sealed.original, key)

    async def _read(self, claim: Claim, event: MessageReceived, raw: bytes) -> Arrival | None:
        """Return what was read, or that nothing can be; None: to be tried again."""
        if claim.attempts > TRIES:
            return gave_up(event, ProblemCode.UNREADABLE, "crashed")
        if _is_harmful(event):
            return gave_up(event, ProblemCode.HARMFUL, "")
        code, about = ProblemCode.UNREADABLE, ""
        try:
            async with asyncio.timeout(self.longest):
                return _checked(await self.reader(event, raw), event)
        except Permanent as error:
            log.warning("cannot be read", reason=logs.blot(str(error))[:200], id=str(event.id))
            return gave_up(event, code, type(error).__name__)
        except TimeoutError:
            code, about = ProblemCode.OVERRUN, f"{self.longest:g} s"
        except Exception as error:  # noqa: BLE001 - outermost: a reader may fail in any way
            log.warning("reading failed", error=logs.where(error), id=str(event.id))
            about = type(error).__name__
        return gave_up(event, code, about) if claim.attempts >= TRIES else None

    async def _keep(self, arrival: Arrival) -> None:
        event = arrival.event
        assert isinstance(event, MessageRead)
        try:
            await self.ground.accept(arrival)
        except Permanent as error:
            log.error("what was read is refused", reason=logs.blot(str(error))[:200])
        metrics.READ.labels("read" if event.readable else "unreadable").inc()

    async def _put_back(self, claim: Claim, seconds: float, *, counts: bool = True) -> None:
        async with connect(self.ground.pool) as connection:
            await table.put_back(connection, claim, seconds, counts=counts)

    async def _renew(self, claim: Claim) -> None:
        while True:
            await asyncio.sleep(self.lease / 3)
            with suppress(Temporary):
                async with connect(self.ground.pool) as connection:
                    await table.renew(connection, claim, self.lease)

    async def _measure(self) -> None:
        while True:
            with suppress(Temporary):
                async with connect(self.ground.pool) as connection:
                    waiting = await table.count(connection)
                age = datetime.now(UTC) - waiting.oldest if waiting.oldest else None
                metrics.TO_READ.set(waiting.documents)
                metrics.TO_READ_PAGES.set(waiting.pages)
                metrics.TO_READ_OLDEST.set(age.total_seconds() if age else 0)
            await asyncio.sleep(_MEASURE)


def _is_harmful(event: MessageReceived) -> bool:
    """Say whether a scanner has found harmful software in it: no reader of ours opens that."""
    content = event.content
    return isinstance(content, MessageContent) and content.original_check is FileCheck.FOUND


def gave_up(event: MessageReceived, code: ProblemCode, about: str) -> Arrival:
    """Return that a message could not be read; a later reading has another id, and counts more."""
    said = MessageRead(
        id=read_id(event.tenant, event.id, "gave up"),
        tenant=event.tenant,
        channel=event.channel,
        account=event.account,
        message_id=event.id,
        at=datetime.now(UTC),
        readable=False,
        pages=event.pages,
        content=ReadContent(problems=(Problem(code=code, about=about),)),
    )
    return Arrival(said)


def _checked(arrival: Arrival, of: MessageReceived) -> Arrival:
    said = arrival.event
    if not isinstance(said, MessageRead) or (said.tenant, said.message_id) != (of.tenant, of.id):
        raise Permanent("the reader has answered for another message")
    if not isinstance(said.content, ReadContent):
        raise Permanent("what the reader says is sealed")
    if len(arrival.files) != (expected := count_files(said.content)):
        raise Permanent(f"the reader gave {len(arrival.files)} files, not {expected}")
    return arrival
