"""The one way in for every channel: sealed, synced, committed, and only then a yes.

Group commit: what arrives while a transaction runs goes into the next one, so that many peers
share one fsync. An error rejects all of its batch as `Temporary`: the peers keep their messages.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC
from uuid import UUID, uuid4

from hub_contract.errors import Permanent, Temporary
from hub_contract.events import Arrival, DeliveryReported, MessageContent, MessageReceived
from hub_contract.topics import Wire, to_wire
from hub_contract.words import Body
from hub_kit import event_log, metrics, tracing
from hub_kit.blobs import Blobs, pack
from hub_kit.database import Pool, connect
from hub_kit.event_log import KeyRow
from hub_kit.keys import KeyRing
from hub_kit.sealing import seal_event

BATCH = 256
INLINE = 8_000  # bytes of words that may travel; longer bodies wait in the blob store
EXCERPT = 2_000  # characters of a long body that travel nevertheless, for lists


@dataclass(frozen=True, slots=True)
class Accepted:
    event_id: UUID
    new: bool  # False: this event stood already; nothing was kept twice


@dataclass(frozen=True, slots=True)
class _Prepared:
    wire: Wire
    key: KeyRow
    blob_name: str
    blob: bytes


class Accept:
    """Takes arrivals in; any number of callers wait on one lane of transactions."""

    def __init__(self, pool: Pool, blobs: Blobs, ring: KeyRing, source: str) -> None:
        self._pool, self._blobs, self._ring, self._source = pool, blobs, ring, source
        self._waiting: list[tuple[_Prepared, asyncio.Future[Accepted]]] = []
        self._lane: asyncio.Task[None] | None = None

    async def __call__(self, arrival: Arrival) -> Accepted:
        """Return once the arrival is safe; `Temporary` where it is not, and nothing is kept."""
        return await self._enqueue(self._prepare(arrival))

    async def all(self, arrivals: list[Arrival]) -> list[Accepted]:
        """Take several in at once; the first error speaks for all."""
        prepared = [self._prepare(arrival) for arrival in arrivals]
        return list(await asyncio.gather(*(self._enqueue(one) for one in prepared)))

    def _prepare(self, arrival: Arrival) -> _Prepared:
        key = self._ring.new_key()
        event = arrival.event
        name = f"{event.tenant}/{_day(event)}/{uuid4().hex}"
        event, blob = _move_to_blob(arrival, name, key)
        if isinstance(event, MessageReceived):
            event = event.model_copy(update={"sender_key": self._sender_key(event)})
        wire = to_wire(seal_event(event, key), self._source, tracing.current())
        wrapped = self._ring.wrap(key, event.id)
        return _Prepared(wire, KeyRow(event.id, event.tenant, wrapped), name, blob)

    def _sender_key(self, event: MessageReceived) -> str:
        if isinstance(event.content, MessageContent) and event.content.sender:
            sender = event.content.sender
            return self._ring.pseudonym_of(event.tenant, sender.kind, sender.value)
        return ""

    def _enqueue(self, prepared: _Prepared) -> "asyncio.Future[Accepted]":
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((prepared, future))
        if self._lane is None or self._lane.done():
            self._lane = asyncio.create_task(self._drain())
        return future

    async def _drain(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
            await self._settle(batch)

    async def _settle(self, batch: list[tuple[_Prepared, asyncio.Future[Accepted]]]) -> None:
        try:
            news = await asyncio.wait_for(self._commit([p for p, _ in batch]), timeout=60)
        except (Temporary, TimeoutError) as error:
            _reject(batch, Temporary(str(error) or "not kept within 60 s"))
        except Exception as error:  # noqa: BLE001 - outermost loop: one poison row must not sink 255
            if len(batch) > 1:
                for one in batch:
                    await self._settle([one])
            else:
                _reject(batch, Permanent(f"{type(error).__name__} while keeping an event"))
        else:
            for prepared, future in batch:
                new = prepared.wire.id in news
                news.discard(prepared.wire.id)  # its twin in the same batch is not new
                if not future.done():
                    future.set_result(Accepted(prepared.wire.id, new))

    async def _commit(self, batch: list[_Prepared]) -> set[UUID]:
        # The same event twice in one batch would claim its key row twice: the first one wins.
        first: dict[UUID, _Prepared] = {}
        for one in batch:
            first.setdefault(one.wire.id, one)
        await self._blobs.put_all({p.blob_name: p.blob for p in first.values() if p.blob})
        async with connect(self._pool) as connection:
            wires, keys = [p.wire for p in first.values()], [p.key for p in first.values()]
            news = await event_log.append(connection, wires, keys)
        metrics.ACCEPTED.inc(len(news))
        await self._forget(
            [p.blob_name for p in first.values() if p.blob and p.wire.id not in news]
        )
        return news

    async def _forget(self, names: list[str]) -> None:
        """Delete the bytes of what stood already; what stays behind is unreadable anyway."""
        if names:
            await self._blobs.delete_all(names)


def _reject(batch: list[tuple[_Prepared, asyncio.Future[Accepted]]], error: Exception) -> None:
    metrics.REJECTED.inc(len(batch))
    for _, future in batch:
        if not future.done():
            future.set_exception(error)


def _day(event: MessageReceived | DeliveryReported) -> str:
    moment = event.received_at if isinstance(event, MessageReceived) else event.at
    return f"{moment.astimezone(UTC):%Y-%m-%d}"


def _move_to_blob(
    arrival: Arrival, name: str, key: bytes
) -> tuple[MessageReceived | DeliveryReported, bytes]:
    """Return the event with references to its bytes, and the sealed object that holds them."""
    event, content = arrival.event, arrival.event.content
    parts = [arrival.original, *arrival.files]
    long_body = b""
    if isinstance(content, MessageContent):
        words = content.body.model_dump_json(exclude_defaults=True).encode()
        long_body = words if len(words) > INLINE else b""
    if long_body:
        parts.append(long_body)
    if not any(parts):
        return event, b""
    blob, places = pack(name, parts, key)
    update: dict[str, object] = {"original": places[0]}
    if isinstance(content, MessageContent):
        files = places[1 : 1 + len(arrival.files)]
        update["content"] = content.model_copy(
            update={
                "attachments": tuple(
                    attachment.model_copy(update={"blob": place})
                    for attachment, place in zip(content.attachments, files, strict=True)
                ),
                **({"whole": places[-1], "body": _excerpt(content.body)} if long_body else {}),
            }
        )
    return event.model_copy(update=update), blob


def _excerpt(body: Body) -> Body:
    return Body(text=body.text[:EXCERPT])
