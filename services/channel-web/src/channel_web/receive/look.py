"""Asks the store what a page of a conversation shows, and says what was read of it."""

import asyncio
from dataclasses import dataclass

import structlog

from channel_web.receive.ask import Json
from channel_web.receive.session import Session
from channel_web.receive.visit import Visit
from channel_web.render import Line, line_of
from hub_contract.errors import Temporary

log = structlog.get_logger()
_PATIENCE = 2.0  # seconds that a page waits for what was just sent to stand in the timeline
_LOOK = 0.1


@dataclass(frozen=True, slots=True)
class Seen:
    found: Json | None = None
    lines: tuple[Line, ...] = ()
    older: int | None = None
    is_latest: bool = True
    silent: bool = False

    @property
    def name(self) -> str:
        return str(self.found["name"]) if self.found else ""


async def look(visit: Visit, session: Session, sent: str) -> Seen:
    """Ask the store; what was just sent takes it a moment, for which the page waits a little."""
    end = asyncio.get_running_loop().time() + _PATIENCE
    try:
        seen = await _read(visit, session)
        while _is_missing(seen, sent) and asyncio.get_running_loop().time() < end:
            await asyncio.sleep(_LOOK)
            seen = await _read(visit, session)
        await _mark_read(visit, session, seen)
    except Temporary as error:
        log.warning("a conversation could not be shown", reason=str(error)[:200])
        return Seen(silent=True)
    return seen


def _is_missing(seen: Seen, sent: str) -> bool:
    """A new conversation comes with its first message; only the latest page has what was sent."""
    awaited = bool(sent) and seen.is_latest and all(line.id != sent for line in seen.lines)
    return seen.found is None or awaited


async def _read(visit: Visit, session: Session) -> Seen:
    store, tenant, inbox = visit.portal.store, visit.tenant, session.inbox
    said = visit.request.query_params.get("vor", "")
    before = int(said) if said.isdecimal() and len(said) < 10 else None
    found = await store.conversation(tenant, inbox)
    if found is None:
        return Seen()
    page = await store.page(tenant, inbox, found["id"], before)
    return Seen(found, tuple(map(line_of, page.entries)), page.older, before is None)


async def _mark_read(visit: Visit, session: Session, seen: Seen) -> None:
    if seen.found and any(line.awaits_reading for line in seen.lines):
        place = seen.lines[-1].place
        inbox, conversation = session.inbox, seen.found["id"]
        await visit.portal.store.mark_read(visit.tenant, inbox, conversation, place)
