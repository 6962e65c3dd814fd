"""The one way in for every channel: sealed, synced, committed, and only then a yes.

Rule 1. Group commit: what arrives while a transaction runs goes into the next one, so that many
        peers share one synced object and one commit. Where many wait, one batch is written while
        the one before is being committed; never before it, so that the log keeps their order.
Rule 2. A fault of ours is `Temporary`: the peers keep their messages. Only an event that the
        database refuses for what it is, is `Permanent`; it goes alone, the rest of its batch stays.
Rule 3. Bytes are deleted only where it is certain that no event points to them: after a lost
        connection nobody knows, so they stay, sealed under a key that may be nowhere.
Rule 4. Where the channel reads pages, what is to be read is noted in the transaction of the event:
        nothing that was taken in stays unread, whenever the process ends.
"""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID

import asyncpg
import structlog

from hub_contract.errors import Permanent, Temporary
from hub_contract.events import Arrival, CallContent, CallRang, MessageContent, MessageReceived
from hub_contract.topics import Wire, to_wire
from hub_kit import event_log, logs, metrics, to_read, tracing
from hub_kit.blobs import Blobs, Packing
from hub_kit.database import UNFIT, Connection, Pool, connect
from hub_kit.event_log import KeyRow
from hub_kit.keys import KeyRing
from hub_kit.move_to_blobs import move_to_blobs
from hub_kit.scan_files import Scanner, mark
from hub_kit.sealing import seal_event, shorten

BATCH = 256
MANY = 32  # events that are worth a transaction of their own beside the one that runs
BATCH_BYTES = 32 * 1024 * 1024  # a batch that is longer on its way than this keeps others waiting
TIMEOUT = 60.0  # seconds; mail servers wait minutes, providers of hooks often less
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Accepted:
    event_id: UUID
    new: bool  # False: this event stood already; nothing was kept twice


@dataclass(frozen=True, slots=True)
class _Prepared:
    wire: Wire
    key: KeyRow
    answer: "asyncio.Future[Accepted]"
    pages: int = 0  # that are to be read later


@dataclass(slots=True)
class _Batch:
    """What shares one transaction; open for more until its turn comes."""

    packing: Packing = field(default_factory=Packing)
    events: list[_Prepared] = field(default_factory=list)
    size: int = 0
    since: float = field(default_factory=time.monotonic)

    is_written: asyncio.Event = field(default_factory=asyncio.Event)

    def is_full(self) -> bool:
        return len(self.events) >= BATCH or self.size >= BATCH_BYTES


class Accept:
    """Takes arrivals in; any number of callers wait on one lane of transactions."""

    def __init__(
        self,
        pool: Pool,
        blobs: Blobs,
        ring: KeyRing,
        source: str,
        *,
        timeout: float = TIMEOUT,
        scanner: Scanner | None = None,
    ) -> None:
        self._pool, self._blobs, self._ring, self._source = pool, blobs, ring, source
        self._timeout, self._scanner = timeout, scanner
        self._waiting: deque[_Batch] = deque()
        self._under_way: dict[asyncio.Task[None], _Batch] = {}
        self._will_look = False
        self._reads = False

    def read_later(self) -> None:
        """From now on, note what comes with an original as to be read, for `hub_kit.read_later`.

        What `parse` could not read has no pages, and is not noted.
        """
        self._reads = True

    async def __call__(self, arrival: Arrival) -> Accepted:
        """Return once the arrival is safe.

        `Temporary`: not kept, or nobody knows; the peer must send it again, twice is once.
        `Permanent`: the database refuses this one for what it is, today and tomorrow.
        """
        return await self._enqueue(await mark(self._scanner, arrival) if self._scanner else arrival)

    async def all(self, arrivals: Sequence[Arrival]) -> list[Accepted]:
        """Take several in at once; the first error speaks for all."""
        if self._scanner:
            arrivals = [await mark(self._scanner, arrival) for arrival in arrivals]
        answers = [self._enqueue(arrival) for arrival in arrivals]
        return [await answers[0]] if len(answers) == 1 else list(await asyncio.gather(*answers))

    def _enqueue(self, arrival: Arrival) -> "asyncio.Future[Accepted]":
        if not self._waiting or self._waiting[-1].is_full():
            self._waiting.append(_Batch())
        batch = self._waiting[-1]
        prepared = self._prepare(arrival, batch.packing)
        batch.events.append(prepared)
        batch.size += len(arrival.original) + sum(map(len, arrival.files))
        if not self._will_look:
            # In a moment, so that all that comes in this one shares a batch.
            self._will_look = True
            asyncio.get_running_loop().call_soon(self._start)
        return prepared.answer

    def _prepare(self, arrival: Arrival, packing: Packing) -> _Prepared:
        key, event = self._ring.new_key(), arrival.event
        # Copying a value costs as much as sealing it, so all that changes is changed at once.
        changes, blob_name = move_to_blobs(arrival, packing, key)
        if isinstance(event, MessageReceived | CallRang):
            changes["sender_key"] = self._sender_key(event)
        pages = self._pages(arrival)
        if pages:
            changes["to_be_read"] = True
        sealed, blob_name = shorten(seal_event(event, key, changes), packing, key, blob_name)
        wire = to_wire(sealed, self._source, tracing.current())
        wrapped, reader = self._ring.wrap(key, event.id), self._source if pages else ""
        row = KeyRow(event.id, event.tenant, wrapped, reader, blob_name)
        return _Prepared(wire, row, asyncio.get_running_loop().create_future(), pages)

    def _pages(self, arrival: Arrival) -> int:
        """Return how many pages are to be read, as far as is known; 0: none."""
        event = arrival.event
        if not self._reads or not isinstance(event, MessageReceived) or not arrival.original:
            return 0
        return (event.pages or 1) if event.readable else 0

    def _sender_key(self, event: MessageReceived | CallRang) -> str:
        match event.content:
            case MessageContent(sender=who) | CallContent(caller=who) if who:
                return self._ring.lookup_of(event.tenant, who)
        return ""

    def _start(self) -> None:
        """Begin with the next batch, if it is its turn."""
        self._will_look = False
        if not self._waiting or len(self._under_way) > 1:
            return
        if self._under_way and len(self._waiting[0].events) < MANY:
            return
        before = next(iter(self._under_way.values()), None)
        batch = self._waiting.popleft()
        task = asyncio.create_task(self._settle(batch, before))
        self._under_way[task] = batch
        task.add_done_callback(self._go_on)

    def _go_on(self, task: asyncio.Task[None]) -> None:
        self._under_way.pop(task).is_written.set()  # also where it came to nothing
        self._start()

    async def _settle(self, batch: _Batch, before: _Batch | None) -> None:
        # From when it came, not from its turn: behind a hanging batch nobody waits longer.
        left = batch.since + self._timeout - time.monotonic()
        try:
            async with asyncio.timeout(left):
                await self._keep(batch, before)
        except TimeoutError:
            _reject(batch, Temporary(f"not kept within {self._timeout:g} s"))
        except Temporary as error:
            _reject(batch, error)
        except Exception as error:  # noqa: BLE001 - outermost loop: a fault of ours, so peers keep it
            log.error("accept broke off", error=logs.where(error))
            _reject(batch, Temporary(f"{type(error).__name__} while keeping events"))

    async def _keep(self, batch: _Batch, before: _Batch | None) -> None:
        # Connected first: while the database is away, no bytes are written for nothing.
        async with connect(self._pool) as connection:
            await self._blobs.put_all(batch.packing.objects)
            if before:
                await before.is_written.wait()
            try:
                kept = await _append(connection, batch.events, batch.is_written)
            except (*UNFIT, asyncpg.PostgresError) as error:
                if isinstance(error, _IN_DOUBT):
                    raise
                log.warning("batch refused, singly now", error=type(error).__name__)
                kept = await _append_singly(connection, batch.events)
        pointed_to = {one.key.blob for one in batch.events if one.wire.id in kept}
        if unused := batch.packing.objects.keys() - pointed_to:
            with suppress(Temporary):  # what stays behind is unreadable anyway
                await self._blobs.delete_all(sorted(unused))


# The server was stopped, or the line broke, between our word and its answer.
_IN_DOUBT = (asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError)
# Refused for what the event is, not for how we are.
_REFUSED = (*UNFIT, asyncpg.IntegrityConstraintViolationError)


async def _append(
    connection: Connection, events: Sequence[_Prepared], is_written: asyncio.Event | None = None
) -> set[UUID]:
    """Append in one transaction, answer all; return the ids that were new.

    An event that is in the batch twice would claim its key row twice: the first one wins.
    """
    first: dict[UUID, _Prepared] = {}
    for one in events:
        first.setdefault(one.wire.id, one)
    wires, keys = [one.wire for one in first.values()], [one.key for one in first.values()]
    async with connection.transaction():
        news = await event_log.append(connection, wires, keys)
        if noted := [
            (one.wire, one.pages) for id_, one in first.items() if one.pages and id_ in news
        ]:
            await to_read.note(connection, noted)
        if is_written:
            is_written.set()
    metrics.ACCEPTED.inc(len(news))
    for one in events:
        is_first = first[one.wire.id] is one
        if not one.answer.done():
            one.answer.set_result(Accepted(one.wire.id, is_first and one.wire.id in news))
    return news


async def _append_singly(connection: Connection, events: Sequence[_Prepared]) -> set[UUID]:
    """Find the one that a whole batch was refused for; two in a deadlock get past each other."""
    kept: set[UUID] = set()
    for one in events:
        try:
            kept |= await _append(connection, [one])
        except (*UNFIT, asyncpg.PostgresError) as error:
            if isinstance(error, _IN_DOUBT):
                raise
            what = f"database: {type(error).__name__} while keeping an event"
            kind = Permanent if isinstance(error, _REFUSED) else Temporary
            _reject_one(one, kind(what))
    return kept


def _reject(batch: _Batch, error: Exception) -> None:
    for one in batch.events:
        _reject_one(one, error)


def _reject_one(one: _Prepared, error: Exception) -> None:
    if not one.answer.done():
        metrics.REJECTED.inc()
        one.answer.set_exception(error)
