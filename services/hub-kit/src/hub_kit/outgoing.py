"""The way out that all channels share: take in, claim, send, report; never twice blindly.

Rule 1. A request is taken into `outgoing` in the transaction of the reader's position.
Rule 2. It is claimed, committed, before the peer is called; order holds per conversation.
Rule 3. `Temporary` means: certainly not sent, try again later. An answer that was lost means
        `unknown`: looked up where the peer can be asked, never sent again by itself.
Rule 4. The report and the end of the claim are one transaction.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

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
from hub_kit import event_log, logs, metrics, tracing
from hub_kit.blobs import Blobs, read_blob
from hub_kit.consume import Delivered
from hub_kit.database import AWAY, Connection, Pool, connect, transaction
from hub_kit.event_log import KeyRow
from hub_kit.keys import Erased, KeyRing
from hub_kit.retry import GIVE_UP_AFTER, delay
from hub_kit.sealing import open_event, seal_event

AT_ONCE = 16
LEASE = 600  # seconds after which a claim without an answer counts as lost
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the peer said, in our words and in its own."""

    status: Delivery
    reason: Reason = Reason.NONE
    code: str = ""
    diagnostic: str = ""
    external_id: str = ""


class Sender(Protocol):
    """The one thing a channel adds to the way out."""

    async def send(self, request: MessageRequested, files: tuple[bytes, ...]) -> Outcome:
        """Hand it to the peer. `Temporary`: certainly not sent. `Permanent`: never will be.

        Where the peer may have it but the answer was lost, return `Delivery.UNKNOWN`.
        """

    async def look_up(self, request: MessageRequested) -> Outcome | None:
        """Ask the peer what became of it; None where the peer cannot say."""


@dataclass(frozen=True, slots=True)
class _Claim:
    event_id: UUID
    attempts: int
    taken_at: datetime
    traceparent: str
    lost: bool
    request: MessageRequested


async def take_in(connection: Connection, delivered: Sequence[Delivered]) -> None:
    """Keep requests to send; for `Consumer(handle=...)`."""
    await connection.executemany(
        """insert into outgoing (event_id, key, traceparent, body) values ($1, $2, $3, $4)
           on conflict do nothing""",
        [(d.event.id, d.record.key, d.record.traceparent, d.record.body) for d in delivered],
    )


# The head of each conversation, if it is due; a claim whose lease ran out was lost on the way.
_CLAIM = """
with heads as (
  select distinct on (key) event_id from outgoing
  where state in ('waiting', 'claimed') order by key, seq
), due as (
  select o.event_id, o.state = 'claimed' as lost from outgoing o join heads using (event_id)
  where o.due_at <= now() order by o.seq limit $1 for update of o skip locked
)
update outgoing o
set state = 'claimed', attempts = attempts + 1, due_at = now() + make_interval(secs => $2)
from due where o.event_id = due.event_id and o.due_at <= now()
returning o.event_id, o.attempts, o.taken_at, o.traceparent, due.lost, o.body
"""


class Outgoing:
    """Works off what was taken in, as fast as the peer allows."""

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

    async def run(self) -> None:
        while True:
            try:
                busy = await self.work_off()
            except (Temporary, *AWAY) as error:
                log.warning("outgoing waits", reason=str(error)[:200])
                busy = False
            await asyncio.sleep(0 if busy else 0.1)

    async def work_off(self) -> bool:
        """Send what is due now, once; return whether there was anything."""
        claims = await self._claim()
        await asyncio.gather(*(self._carry_out(claim) for claim in claims))
        return bool(claims)

    async def _claim(self) -> list[_Claim]:
        async with transaction(self._pool) as connection:
            rows = await connection.fetch(_CLAIM, AT_ONCE, self._lease)
        claims = []
        for row in rows:
            request = from_wire(row["body"])
            assert isinstance(request, MessageRequested)
            claims.append(
                _Claim(
                    row["event_id"],
                    row["attempts"],
                    row["taken_at"],
                    row["traceparent"],
                    row["lost"],
                    request,
                )
            )
        return claims

    async def _carry_out(self, claim: _Claim) -> None:
        with tracing.span("send", claim.traceparent):
            try:
                outcome = await self._reach_peer(claim)
            except Temporary as error:
                await self._put_off(claim, str(error))
            else:
                await self._settle(claim, outcome)

    async def _reach_peer(self, claim: _Claim) -> Outcome:
        try:
            request, files = await self._open(claim.request)
            if claim.lost:
                return await self._sender.look_up(request) or Outcome(Delivery.UNKNOWN)
            return await self._sender.send(request, files)
        except Erased:
            return Outcome(Delivery.FAILED, Reason.OTHER, diagnostic="erased before it was sent")
        except Permanent as error:
            return Outcome(Delivery.FAILED, Reason.NOT_CONFIGURED, diagnostic=str(error))
        except Temporary:
            raise
        except Exception as error:  # noqa: BLE001 - outermost: the peer may have it, so: unknown
            log.error("send ended in doubt", error=logs.place(error), id=str(claim.event_id))
            return Outcome(Delivery.UNKNOWN, diagnostic=type(error).__name__)

    async def _open(self, sealed: MessageRequested) -> tuple[MessageRequested, tuple[bytes, ...]]:
        async with connect(self._pool) as connection:
            keys = await event_log.read_keys(connection, [sealed.id])
        if sealed.id not in keys:
            raise Erased(f"data key of {sealed.id} is gone")
        key = self._ring.unwrap(keys[sealed.id], sealed.id)
        request = open_event(sealed, key)
        assert isinstance(request.content, RequestedContent)
        blobs = [a.blob for a in request.content.attachments if a.blob]
        files = [await read_blob(self._blobs, blob, key) for blob in blobs]
        return request, tuple(files)

    async def _put_off(self, claim: _Claim, reason: str) -> None:
        age = (datetime.now(UTC) - claim.taken_at).total_seconds()
        if age > GIVE_UP_AFTER:
            await self._settle(claim, Outcome(Delivery.FAILED, Reason.EXPIRED, diagnostic=reason))
            return
        outcome = Outcome(Delivery.DEFERRED, diagnostic=reason)
        async with transaction(self._pool) as connection:
            await connection.execute(
                """update outgoing set state = 'waiting',
                   due_at = now() + make_interval(secs => $2) where event_id = $1""",
                claim.event_id,
                float(delay(claim.attempts)),
            )
            await self._report(connection, claim, outcome)

    async def _settle(self, claim: _Claim, outcome: Outcome) -> None:
        async with transaction(self._pool) as connection:
            await connection.execute(
                "update outgoing set state = 'done', due_at = now() where event_id = $1",
                claim.event_id,
            )
            await self._report(connection, claim, outcome)

    async def _report(self, connection: Connection, claim: _Claim, outcome: Outcome) -> None:
        request = claim.request
        metrics.SENT.labels(request.channel, outcome.status).inc()
        event = DeliveryReported(
            id=reported_id(claim.event_id, outcome.status, str(claim.attempts)),
            tenant=request.tenant,
            channel=request.channel,
            account=request.account,
            message_id=claim.event_id,
            status=outcome.status,
            reason=outcome.reason,
            code=outcome.code,
            at=datetime.now(UTC),
            content=DeliveryContent(diagnostic=outcome.diagnostic, external_id=outcome.external_id),
        )
        key = self._ring.new_key()
        wire = to_wire(seal_event(event, key), self._source, tracing.current())
        row = KeyRow(event.id, event.tenant, self._ring.wrap(key, event.id))
        await event_log.append(connection, [wire], [row])
