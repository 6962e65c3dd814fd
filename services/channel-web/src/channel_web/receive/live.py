"""Pushes what is new in a conversation to its open page, by server-sent events.

Rule 1. The page says the last place it shows, and the browser says it again after a broken line
        (Last-Event-ID): what came in between is sent first, so nothing is missed.
Rule 2. What is heard is a hint: the store is asked what is new, and after a silence too, for where
        the conversation was merged into another one, nobody says so here.
Rule 3. A stream ends with its session.
Rule 4. An inbox has a few streams, an address more, all tenants together all there are: nobody
        takes the others'. Without one a page works too, it is not live then.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from fastapi import APIRouter, HTTPException, Response

from channel_web.parse import Inbox
from channel_web.receive.session import Session
from channel_web.receive.visit import TheVisit, Visit
from channel_web.render import Line, line_of, state_of
from hub_contract.errors import Temporary
from hub_kit.asker import asker
from hub_kit.live import LiveStream
from hub_kit.seats import Full

router = APIRouter()
BEAT = 15.0  # seconds of silence
_FAR = 2**31 - 1  # no conversation has so many places


@router.get("/vorgang/live")
async def live(visit: TheVisit, after: int = 0) -> Response:
    """Stream the messages behind this place, those that stand there and those to come."""
    session, portal = visit.open_session, visit.portal
    if session is None:
        raise HTTPException(403, "The session has ended")
    said = visit.request.headers.get("last-event-id", "")
    place = int(said) if said.isdecimal() and len(said) < 10 else max(0, min(after, _FAR))
    seats = {
        f"inbox {session.inbox.portal_id}": portal.of_inbox,
        f"address {asker(visit.address)}": portal.of_address,
    }
    try:
        return LiveStream(follow(visit, session, place), seats)
    except Full as full:
        raise _later(full) from None


def _later(full: Full) -> HTTPException:
    wait = {"Retry-After": "60"}
    return HTTPException(429 if full.mine else 503, "Too many pages are open", wait)


@dataclass(frozen=True, slots=True)
class _News:
    conversation: UUID | None = None  # None: the first message is still on its way
    lines: tuple[Line, ...] = ()
    state: str = ""


async def follow(visit: Visit, session: Session, place: int) -> AsyncIterator[str]:
    """Yield events: `line` with its HTML, `state` with its words, `end` with the session."""
    yield "retry: 2000\n\n"
    here: UUID | None = None
    while (left := await _left(visit, session)) > 0:
        async with visit.portal.tail.listen(visit.tenant, here) as ear:
            news = _News(here)
            while news.conversation == here and left > 0:
                try:
                    news = await _look(visit, session.inbox, place)
                except Temporary:
                    return  # the browser comes again, and says where it was
                for piece in _told(visit, news):
                    yield piece
                place = news.lines[-1].place if news.lines else place
                if news.conversation == here:
                    await ear.hear(min(BEAT, left))
                left = await _left(visit, session)
            here = news.conversation
    yield event("end", "")


async def _left(visit: Visit, session: Session) -> float:
    """Return the seconds that are left of it: none where somebody has left it."""
    if not await visit.portal.sessions.is_open(visit.tenant, session):
        return 0
    return (session.until - datetime.now(UTC)).total_seconds()


def _told(visit: Visit, news: _News) -> Iterator[str]:
    if not news.lines:
        yield ": still here\n\n"  # or proxies take silence for the end
    for line in news.lines:
        yield event("line", visit.piece("pushed.html", line=line), line.place)
    if news.state:
        yield event("state", visit.piece("state.html", state=news.state).strip())


async def _look(visit: Visit, inbox: Inbox, place: int) -> _News:
    store, tenant = visit.portal.store, visit.tenant
    found = await store.conversation(tenant, inbox)
    if found is None:
        return _News()
    entries = await store.after(tenant, inbox, found["id"], place)
    lines = tuple(map(line_of, entries))
    if any(line.awaits_reading for line in lines):
        await store.mark_read(tenant, inbox, found["id"], lines[-1].place)
    known = lines or found["state"] == "closed"
    state = state_of(found, lines[-1] if lines else None) if known else ""
    return _News(UUID(found["id"]), lines, state)


def event(name: str, data: str, place: int | None = None) -> str:
    """Return a server-sent event (HTML §9.2.6)."""
    body = "".join(f"data: {line}\n" for line in data.splitlines() or [""])
    number = "" if place is None else f"id: {place}\n"
    return f"event: {name}\n{number}{body}\n"
