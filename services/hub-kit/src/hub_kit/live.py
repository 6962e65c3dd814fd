"""Lets open pages hear that a conversation grew: every process hears all, each page its own.

Rule 1. Hints, not truth: who listens first and then looks at the store misses nothing, and what
        was heard twice is looked at twice.
Rule 2. Nobody waits for a slow page. What is too much for its queue is dropped, and it is told to
        look again; so is everyone after an interruption.
Rule 3. A page hears one tenant, and of it everything or one conversation.
Rule 4. Nobody has more than their share of the streams: a seat is taken before the first byte.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import ExitStack, asynccontextmanager, suppress
from uuid import UUID

import structlog
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from hub_contract.errors import Permanent, Temporary
from hub_contract.events import EntryAppended
from hub_contract.topics import APPENDED, from_wire
from hub_kit.bus import Bus, Record
from hub_kit.database import AWAY
from hub_kit.seats import Seats

LIMIT = 1_000  # events asked of the bus at a time
ROOM = 100  # events that wait for one page
PAUSE = 1.0  # seconds before an interrupted tail is tried again
STALE = 30.0  # seconds without a look at the bus after which pages are not live
log = structlog.get_logger()


_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class LiveStream(StreamingResponse):
    """Server-sent events in seats of their own, given back however the stream ends."""

    def __init__(self, events: AsyncIterator[str], seats: Mapping[str, Seats]) -> None:
        """Take a seat of each kind for who it names; `Full` where there is none."""
        super().__init__(events, headers=_HEADERS, media_type="text/event-stream")
        with ExitStack() as stack:
            for who, of_kind in seats.items():
                stack.enter_context(of_kind.seat(who))
            self._seats = stack.pop_all()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._seats:
            await super().__call__(scope, receive, send)


class Ear:
    """What one page has not heard yet."""

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._events: list[EntryAppended] = []
        self._missed = False
        self._something = asyncio.Event()

    async def hear(self, seconds: float) -> tuple[EntryAppended, ...] | None:
        """Return what came, waiting so long for a first event; None: look again at the store."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._something.wait()
        self._something.clear()
        events, missed = tuple(self._events), self._missed
        self._events, self._missed = [], False
        return None if missed else events

    def tell(self, event: EntryAppended) -> None:
        if len(self._events) >= self._room:
            self.miss()
        elif not self._missed:
            self._events.append(event)
            self._something.set()

    def miss(self) -> None:
        """Something may be missing from here on; one look at the store makes up for all of it."""
        self._events, self._missed = [], True
        self._something.set()


class Tail:
    """One for each process: `run` is its work, `check` says whether pages are live."""

    def __init__(self, bus: Bus, topic: str = APPENDED.name) -> None:
        self._bus, self._topic = bus, topic
        # tenant -> conversation, or all of them -> ears
        self._ears: dict[str, dict[UUID | None, set[Ear]]] = {}
        self._looked, self._reason = 0.0, "is not listening yet"

    @asynccontextmanager
    async def listen(self, tenant: str, conversation_id: UUID | None = None) -> AsyncIterator[Ear]:
        """Lend an ear for one conversation, or for all of this tenant."""
        ear, ours = Ear(), self._ears.setdefault(tenant, {})
        ours.setdefault(conversation_id, set()).add(ear)
        try:
            yield ear
        finally:
            ours[conversation_id].discard(ear)
            if not ours[conversation_id]:
                del ours[conversation_id]
            if not ours:
                self._ears.pop(tenant, None)

    @property
    def listening(self) -> int:
        """How many ears there are."""
        return len(self._everyone())

    async def run(self) -> None:
        """Hear for ever; every interruption is waited out, and everyone told to look again."""
        while True:
            try:
                async with self._bus.tail(self._topic) as stream:
                    self._miss()  # what came before it was opened was heard by nobody
                    while True:
                        self._spread(await stream.fetch(LIMIT))
                        self._looked = time.monotonic()
            except (Temporary, *AWAY) as error:
                self._reason = str(error)[:200] or type(error).__name__
                log.warning("live pages wait", reason=self._reason)
                await asyncio.sleep(PAUSE)

    async def check(self) -> None:
        """For `Parts.checks`: raise `Temporary` with the reason while nothing is heard."""
        if time.monotonic() - self._looked > STALE:
            raise Temporary(self._reason)

    def _miss(self) -> None:
        for ear in self._everyone():
            ear.miss()

    def _everyone(self) -> list[Ear]:
        return [ear for ours in self._ears.values() for ears in ours.values() for ear in ears]

    def _spread(self, records: Iterable[Record]) -> None:
        for record in records:
            # Keys are readable: what nobody here listens to is not even decoded.
            if ours := self._ears.get(record.key.partition("/")[0]):
                _tell(ours, record)


def _tell(ours: Mapping[UUID | None, set[Ear]], record: Record) -> None:
    try:
        event = from_wire(record.body)
    except Permanent:
        return  # the readers that keep something bury it; here nothing is kept
    if isinstance(event, EntryAppended):
        # Nothing of the timeline has changed for those who look at one conversation.
        of_desks = event.change in ("read", "rang")
        for wanted in (None,) if of_desks else (None, event.conversation_id):
            for ear in ours.get(wanted, ()):
                ear.tell(event)
