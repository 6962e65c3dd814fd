"""Takes one file of the queue in: cut into its documents, each accepted, the file moved to `done/`.

Rule 1. The file is moved only when all its documents are safe; whatever ends the process before,
        the same file is taken again, and its documents are the same events.
Rule 2. Cutting runs in processes of its own. What it dies of three times is taken as one document.
Rule 3. A file that has grown since it was read is read again: its scanner had not finished.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

import structlog

from channel_paper.boxes import PaperBox
from channel_paper.parse import Context, batch_of, parse_document
from channel_paper.parse.document import Batch, Document, is_document
from channel_paper.parse.record import record_of
from channel_paper.receive.disk import Disk
from channel_paper.receive.queue import Item, Queue
from channel_paper.receive.reasons import Fault
from hub_contract.errors import Permanent
from hub_kit.accept import Accept, Accepted

TRIES = 3
Cut = Callable[[bytes], Awaitable[Sequence[Document]]]
log = structlog.get_logger()


class Taker:
    """For one box."""

    def __init__(
        self,
        box: PaperBox,
        queue: Queue,
        disk: Disk,
        accept: Accept,
        *,
        cut: Cut,
        size_limit: int,
    ) -> None:
        self._box, self._queue, self._disk = box, queue, disk
        self._accept, self._cut, self._limit = accept, cut, size_limit

    async def take(self, item: Item) -> None:
        """Take it in; `Temporary`: it stays in the queue."""
        size = await self._disk(lambda: item.path.stat().st_size)
        raw = b"" if size > self._limit else await self._disk(item.path.read_bytes)
        if fault := _fault(size, self._limit, raw):
            await self._fail(item, fault)
            return
        context = self._context(item)
        batch = await self._cut_into(raw)
        arrivals = [parse_document(batch, one, context) for one in batch.documents]
        try:
            accepted = await self._accept.all(arrivals)
        except Permanent:
            await self._fail(item, Fault.REFUSED)
            return
        if await self._disk(lambda: item.path.stat().st_size) != size:
            log.info("a scan has grown while it was read", account=self._box.key)
            return
        record = describe(batch, context, accepted)
        await self._disk(lambda: self._queue.finish(item, record))
        self._tell(accepted)

    async def _cut_into(self, raw: bytes) -> Batch:
        """Return the file as its documents, or as one where it cannot be cut."""
        digest, fault = batch_of(raw).digest, ""
        for _ in range(TRIES):
            if await self._disk(lambda: self._queue.count_try(digest)) > TRIES:
                break
            try:
                documents = tuple(await self._cut(raw))
            except Permanent as error:
                fault = str(error)[:100]
                log.warning("a scan was not cut", account=self._box.key, reason=fault)
                continue
            await self._disk(lambda: self._queue.forget_tries(digest))
            return batch_of(raw, documents)
        return batch_of(raw, fault=fault or "crash")

    async def _fail(self, item: Item, fault: Fault) -> None:
        await self._disk(lambda: self._queue.fail(item, fault))
        log.warning("a scan was not taken in", account=self._box.key, reason=fault)

    def _tell(self, accepted: Sequence[Accepted]) -> None:
        new = sum(one.new for one in accepted)
        log.info("scan taken in", account=self._box.key, documents=len(accepted), new=new)

    def _context(self, item: Item) -> Context:
        box, origin = self._box, item.origin
        return Context(
            box.tenant,
            box.name,
            _moment(origin.at),
            origin.name,
            origin.way,
            origin.by,
            origin.device or box.settings.device,
        )


def _fault(size: int, limit: int, raw: bytes) -> Fault | None:
    if not size:
        return Fault.EMPTY
    if size > limit:
        return Fault.TOO_LARGE
    return None if is_document(raw) else Fault.NO_DOCUMENT


def describe(batch: Batch, context: Context, accepted: Sequence[Accepted]) -> dict[str, object]:
    """Return the scan record of a file, for the JSON beside it."""
    documents = [
        {
            "event": str(one.event_id),
            "already_there": not one.new,  # scanned again, or taken before a crash
            **record_of(batch, document, context).as_json(),
        }
        for document, one in zip(batch.documents, accepted, strict=True)
    ]
    return {
        "sha256": batch.digest,
        "not_cut": batch.fault,
        "account": f"{context.tenant}/{context.account}",
        "documents": documents,
    }


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return datetime.now(UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


async def whole(raw: bytes) -> Sequence[Document]:
    """`Cut` for files that are one document each."""
    return (Document(raw),)
