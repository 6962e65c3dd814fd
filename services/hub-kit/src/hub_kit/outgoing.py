"""The way out that all channels share: take in, claim, send, report; never twice blindly.

Rule 1. A request is taken into `outgoing` in the transaction of the reader's position.
Rule 2. It is claimed, committed, before the peer is called; order holds per conversation and way.
Rule 3. `Temporary` means: certainly not sent, try again later. An answer that was lost means
        `unknown`: looked up where the peer can be asked, never sent again by itself.
Rule 4. The report and the end of the claim are one transaction, tried until the database is there.
Rule 5. A claim is renewed while its send takes long; one that is not was lost with its process.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog

from hub_contract.delivery import Delivery, Reason
from hub_contract.errors import Permanent, Temporary
from hub_contract.events import (
    DeliveryContent,
    DeliveryReported,
    MessageRequested,
    RequestedContent,
)
from hub_contract.ids import reported_id
from hub_contract.topics import from_wire, to_wire
from hub_contract.words import Cost
from hub_kit import claim as table
from hub_kit import event_log, logs, metrics, tracing, unreached
from hub_kit.blobs import Blobs, read_blob
from hub_kit.claim import Claim
from hub_kit.database import Connection, Pool, connect, transaction
from hub_kit.event_log import KeyRow
from hub_kit.keys import Erased, KeyRing
from hub_kit.retry import Patience
from hub_kit.sealing import fetch_content, open_event, seal_event
from hub_kit.unreached import Failure

AT_ONCE = 16
LEASE = 600  # seconds after which a claim that nobody renews counts as lost
LOOK = 0.1  # seconds between looks for what is due
GRACE = 10  # seconds that a send under way has at the end; cut off, it would be `unknown`
CODE, WORDS = 100, 10_000  # characters of what a peer says that are reported; it may say anything
log = structlog.get_logger()
take_in = table.put  # for `Consumer(handle=...)`


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the peer said, in our words and in its own."""

    status: Delivery
    reason: Reason = Reason.NONE
    code: str = ""
    diagnostic: str = ""
    external_id: str = ""
    pages: int | None = None  # that went through, of a fax; of a letter, printed
    segments: int | None = None  # of an SMS
    seconds: int | None = None  # on the line
    cost: Cost | None = None


class Sender(Protocol):
    """The one thing a channel adds to the way out."""

    @property
    def patience(self) -> Patience:
        """How long it is worth trying: an SMS is stale after hours, a letter is not."""

    async def send(self, request: MessageRequested, files: tuple[bytes, ...]) -> Outcome:
        """Hand it to the peer. `Temporary`: certainly not sent, once more after `retry_after`.

        `Permanent`: never will be; its `reason` is reported, `NOT_CONFIGURED` and others alike.

        Where the peer may have it but the answer was lost, return `Delivery.UNKNOWN`.
        """

    async def look_up(self, request: MessageRequested) -> Outcome | None:
        """Ask the peer what became of it; None where the peer cannot say."""


class Outgoing:
    """Works off what was taken in, as fast as the peer allows; any number of copies may run."""

    def __init__(
        self,
        pool: Pool,
        blobs: Blobs,
        ring: KeyRing,
        sender: Sender,
        source: str,
        *,
        lease: float = LEASE,
    ) -> None:
        self._pool, self._blobs, self._ring = pool, blobs, ring
        self._sender, self._source, self._lease = sender, source, lease
        # Of this process; all that is left where the database is away, and `unreached` with it.
        self.failure: Failure | None = None  # None: the last try reached its peer

    async def run(self) -> None:
        """Send for ever, AT_ONCE at a time; one that is slow holds up its own way only."""
        under_way: set[asyncio.Task[None]] = set()
        try:
            while True:
                claims = await self._claim_patiently(AT_ONCE - len(under_way))
                under_way |= {asyncio.create_task(self._carry_out(claim)) for claim in claims}
                under_way = await _until_one_ends(under_way, 0 if claims else LOOK)
        finally:
            if under_way:
                await asyncio.wait(under_way, timeout=GRACE)
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    async def work_off(self) -> bool:
        """Send what is due now, once; return whether there was anything."""
        claims = await self._claim(AT_ONCE)
        async with asyncio.TaskGroup() as group:
            for claim in claims:
                group.create_task(self._carry_out(claim))
        return bool(claims)

    async def _claim_patiently(self, limit: int) -> list[Claim]:
        try:
            return await self._claim(limit) if limit else []
        except Temporary as error:
            log.warning("outgoing waits", reason=str(error)[:200])
            await asyncio.sleep(1)
            return []

    async def _claim(self, limit: int) -> list[Claim]:
        async with connect(self._pool) as connection:
            return await table.take(connection, limit, self._lease)

    async def _carry_out(self, claim: Claim) -> None:
        renewing = asyncio.create_task(self._renew(claim))
        try:
            with tracing.span("send", claim.traceparent):
                await self._attempt(claim)
        except Exception as error:  # noqa: BLE001 - outermost: it may have been sent, so it stays claimed
            log.error("a claim is lost", error=logs.where(error), id=str(claim.event_id))
        finally:
            renewing.cancel()

    async def _attempt(self, claim: Claim) -> None:
        request = from_wire(claim.body)
        assert isinstance(request, MessageRequested)
        try:
            outcome = await self._reach_peer(claim, request)
        except Temporary as error:
            why = error  # the name ends with this block, the lambda may not
            self.failure = failure = Failure(logs.blot(str(why))[:200], datetime.now(UTC))

            async def put_off(connection: Connection) -> None:
                # First: who ends a claim takes this row and that of the claim in the same order.
                await unreached.keep(connection, failure)
                await self._put_off(connection, claim, request, why)

            await self._insist(put_off)
        else:
            self.failure = None
            await self._insist(lambda connection: self._settle(connection, claim, request, outcome))

    async def _reach_peer(self, claim: Claim, sealed: MessageRequested) -> Outcome:
        try:
            if claim.lost:
                request, _ = await self._open(sealed)
                return await self._look_up(request)
            if sealed.expires_at and sealed.expires_at <= datetime.now(UTC):
                return Outcome(Delivery.FAILED, Reason.EXPIRED)
            request, key = await self._open(sealed)
            files = await self._files(request, key)
        except Permanent as error:
            status = Delivery.UNKNOWN if claim.lost else Delivery.FAILED
            return Outcome(status, error.reason, diagnostic=str(error))
        except Temporary:
            raise
        except Exception as error:
            # A fault of ours before the peer was called: certainly not sent.
            log.error("cannot be sent now", error=logs.where(error), id=str(claim.event_id))
            raise Temporary(type(error).__name__) from error
        return await self._hand_over(request, files)

    async def _hand_over(self, request: MessageRequested, files: tuple[bytes, ...]) -> Outcome:
        """Let the channel send; where it ends in any other way than agreed, nobody knows."""
        try:
            return await self._sender.send(request, files)
        except Temporary:
            raise
        except Permanent as error:
            return Outcome(Delivery.FAILED, error.reason, diagnostic=str(error))
        except Exception as error:  # noqa: BLE001 - outermost: the peer may have it
            log.error("send ended in doubt", error=logs.where(error), id=str(request.id))
            return Outcome(Delivery.UNKNOWN, diagnostic=type(error).__name__)

    async def _look_up(self, request: MessageRequested) -> Outcome:
        try:
            return await self._sender.look_up(request) or Outcome(Delivery.UNKNOWN)
        except (Temporary, Permanent):
            raise
        except Exception as error:  # noqa: BLE001 - outermost: it stays unknown
            log.error("look-up failed", error=logs.where(error), id=str(request.id))
            return Outcome(Delivery.UNKNOWN, diagnostic=type(error).__name__)

    async def _open(self, sealed: MessageRequested) -> tuple[MessageRequested, bytes]:
        async with connect(self._pool) as connection:
            keys = await event_log.read_keys(connection, [sealed.id])
        if sealed.id not in keys:
            raise Erased("erased before it was sent")
        key = self._ring.unwrap(keys[sealed.id], sealed.id)
        return open_event(await fetch_content(sealed, self._blobs, key), key), key

    async def _files(self, request: MessageRequested, key: bytes) -> tuple[bytes, ...]:
        assert isinstance(request.content, RequestedContent)
        blobs = [a.blob for a in request.content.attachments if a.blob]
        return tuple([await read_blob(self._blobs, blob, key) for blob in blobs])

    async def _put_off(
        self, connection: Connection, claim: Claim, request: MessageRequested, why: Temporary
    ) -> None:
        """Let it be tried again, or give it up; what may have been sent is not `deferred`."""
        patience, reason = self._sender.patience, str(why)
        pause = patience.pause(claim.attempts, why.retry_after)
        if datetime.now(UTC) + timedelta(seconds=pause) >= _end(claim, request, patience):
            status = Delivery.UNKNOWN if claim.lost else Delivery.FAILED
            outcome = Outcome(status, Reason.EXPIRED, diagnostic=reason)
            await table.finish(connection, claim, reached=False)
            await self._report(connection, claim, request, outcome)
        elif await table.put_back(connection, claim, pause) and not claim.lost:
            outcome = Outcome(Delivery.DEFERRED, diagnostic=reason)
            await self._report(connection, claim, request, outcome)

    async def _settle(
        self, connection: Connection, claim: Claim, request: MessageRequested, outcome: Outcome
    ) -> None:
        await table.finish(connection, claim, reached=True)
        await self._report(connection, claim, request, outcome)

    async def _report(
        self, connection: Connection, claim: Claim, request: MessageRequested, outcome: Outcome
    ) -> None:
        event = DeliveryReported(
            id=reported_id(
                request.tenant,
                request.channel,
                request.account,
                claim.event_id,
                outcome.status,
                "attempt",
                str(claim.attempts),
            ),
            tenant=request.tenant,
            channel=request.channel,
            account=request.account,
            message_id=claim.event_id,
            status=outcome.status,
            reason=outcome.reason,
            code=outcome.code[:CODE],
            at=datetime.now(UTC),
            pages=outcome.pages,
            segments=outcome.segments,
            seconds=outcome.seconds,
            cost=outcome.cost,
            content=DeliveryContent(
                diagnostic=outcome.diagnostic[:WORDS], external_id=outcome.external_id[:WORDS]
            ),
        )
        key = self._ring.new_key()
        wire = to_wire(seal_event(event, key), self._source, tracing.current())
        row = KeyRow(event.id, event.tenant, self._ring.wrap(key, event.id))
        if await event_log.append(connection, [wire], [row]):
            metrics.SENT.labels(request.channel, outcome.status).inc()

    async def _insist(self, write: Callable[[Connection], Awaitable[object]]) -> None:
        """Write what is known by now, however long the database is away."""
        while True:
            try:
                async with transaction(self._pool) as connection:
                    await write(connection)
            except Temporary as error:
                log.warning("outcome waits to be written", reason=str(error)[:200])
                await asyncio.sleep(1)
            else:
                return

    async def _renew(self, claim: Claim) -> None:
        while True:
            await asyncio.sleep(self._lease / 3)
            with suppress(Temporary):
                async with connect(self._pool) as connection:
                    await table.renew(connection, claim, self._lease)


async def _until_one_ends(
    under_way: set[asyncio.Task[None]], patience: float
) -> set[asyncio.Task[None]]:
    """Return those that go on; where all are taken, only once one has ended."""
    if not under_way:
        await asyncio.sleep(patience)
        return under_way
    limit = None if len(under_way) >= AT_ONCE else patience
    done, rest = await asyncio.wait(under_way, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()
    return rest


def _end(claim: Claim, request: MessageRequested, patience: Patience) -> datetime:
    """Return when trying is given up."""
    begin = max(claim.taken_at, request.not_before or claim.taken_at)
    last = begin + timedelta(seconds=patience.give_up_after)
    return min(last, request.expires_at or last)
