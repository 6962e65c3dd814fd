"""Pushes what is new in a conversation to its open page, by server-sent events.

Rule 1. The page says the last place it shows, and the browser says it again after a broken line
        (Last-Event-ID): what came in between is sent first, so nothing is missed.
Rule 2. A stream ends with its session.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from fastapi import APIRouter, HTTPException, Response
from fastapi.responses import StreamingResponse

from channel_web.parse import Inbox
from channel_web.receive.visit import TheVisit, Visit
from channel_web.render import Line, line_of, state_of
from hub_contract.errors import Temporary

router = APIRouter()
BEAT = 15.0  # seconds of silence after which a line is sent that says nothing
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@router.get("/vorgang/live")
async def live(visit: TheVisit, after: int = 0) -> Response:
    """Stream the messages behind this place, those that stand there and those to come."""
    session = visit.open_session
    if session is None:
        raise HTTPException(403, "The session has ended")
    said = visit.request.headers.get("last-event-id", "")
    place = int(said) if said.isdecimal() and len(said) < 10 else after
    stream = follow(visit, session.inbox, session.until, place)
    return StreamingResponse(stream, headers=_HEADERS, media_type="text/event-stream")


async def follow(visit: Visit, inbox: Inbox, until: datetime, place: int) -> AsyncIterator[str]:
    """Yield events: `line` with its HTML, `state` with its words, `end` with the session."""
    yield "retry: 2000\n\n"
    while (left := (until - datetime.now(UTC)).total_seconds()) > 0:
        try:
            lines, state = await _news(visit, inbox, place)
        except Temporary:
            return  # the browser comes again
        for line in lines:
            yield event("line", visit.piece("pushed.html", line=line), line.place)
            place = line.place
        if lines:
            yield event("state", visit.piece("state.html", state=state).strip())
        await asyncio.sleep(min(1.0, left))
    yield event("end", "")


async def _news(visit: Visit, inbox: Inbox, place: int) -> tuple[list[Line], str]:
    store, tenant = visit.portal.store, visit.tenant
    found = await store.conversation(tenant, inbox)
    if found is None:
        return [], ""
    entries = await store.after(tenant, inbox, found["id"], place)
    lines = [line_of(entry) for entry in entries]
    if any(line.awaits_reading for line in lines):
        await store.mark_read(tenant, inbox, found["id"], lines[-1].place)
    return lines, state_of(found, lines[-1] if lines else None)


def event(name: str, data: str, place: int | None = None) -> str:
    """Return a server-sent event (HTML §9.2.6)."""
    body = "".join(f"data: {line}\n" for line in data.splitlines() or [""])
    number = "" if place is None else f"id: {place}\n"
    return f"event: {name}\n{number}{body}\n"
