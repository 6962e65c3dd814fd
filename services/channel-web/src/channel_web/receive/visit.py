"""What every route of the portal stands on, and who asks it: a citizen, through the gateway."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, HTTPException, Request, Response

from channel_web.receive.ask import Store
from channel_web.receive.block import Blocks
from channel_web.receive.inbox import Inboxes
from channel_web.receive.keep import Keep
from channel_web.receive.session import Session, Sessions
from channel_web.settings import MEGABYTE, SERVICE, Account, Accounts, WebSettings
from hub_kit.ground import Ground
from hub_kit.live import Tail
from hub_kit.rights import may
from hub_kit.seats import Seats
from hub_pages.caller import Visitor, visitor_of
from hub_pages.pages import Pages

LARGE = MEGABYTE  # bytes of a form that waits for room
_SAFE = frozenset({"GET", "HEAD"})


@dataclass(frozen=True)
class Portal:
    """The parts that all pages share."""

    ground: Ground
    settings: WebSettings
    accounts: Accounts
    pages: Pages
    store: Store
    inboxes: Inboxes
    blocks: Blocks
    keep: Keep
    sessions: Sessions
    tail: Tail
    of_inbox: Seats  # for live pages
    of_address: Seats
    room: asyncio.Semaphore  # for large forms: each is held in memory until it is accepted

    @classmethod
    def open(
        cls, ground: Ground, settings: WebSettings, accounts: Accounts, pages: Pages, store: Store
    ) -> "Portal":
        pool, ring = ground.pool, ground.ring
        return cls(
            ground,
            settings,
            accounts,
            pages,
            store,
            Inboxes(pool, ring),
            Blocks(pool, ring),
            Keep(pool, ground.blobs, ring),
            Sessions(ring, settings.session_minutes),
            Tail(ground.bus),
            Seats(settings.streams_inbox, settings.streams),
            Seats(settings.streams_address, settings.streams),
            asyncio.Semaphore(settings.large_forms),
        )


@dataclass(frozen=True, slots=True)
class Visit:
    """One request: whose portal it is about, in which language, with which session."""

    portal: Portal
    request: Request
    account: Account
    prefix: str
    address: str
    language: str
    session: Session | None

    @property
    def tenant(self) -> str:
        return self.account.tenant

    @property
    def open_session(self) -> Session | None:
        return self.session if self.session and not self.session.has_ended else None

    def say(self, sentence: str) -> str:
        return self.portal.pages.say(self.language)(sentence)

    def page(self, template: str, *, status: int = 200, **values: object) -> Response:
        """Return a page of this portal; its templates know whose it is."""
        return self.portal.pages.page(
            self.request, template, status=status, **self._everywhere(), **values
        )

    def piece(self, template: str, **values: object) -> str:
        """Return a piece of a page, for those that are here already."""
        return self.portal.pages.html(self.request, template, self._everywhere() | values)

    def remember(self, answer: Response, session: Session) -> Response:
        self.portal.sessions.write(answer, session, self.tenant, self.prefix)
        return answer

    def _everywhere(self) -> dict[str, object]:
        settings = self.portal.settings
        limits = {
            "file": settings.file_limit // MEGABYTE or 1,
            "files": settings.files_limit // MEGABYTE or 1,
            "file_bytes": settings.file_limit,
            "files_bytes": settings.files_limit,
        }
        return {
            "portal": self.account.settings,
            "authority": self.account.display_name,
            "hours": self._hours(),
            "has_email": self.account.has_email,
            "limits": limits,
        }

    def _hours(self) -> str:
        settings = self.account.settings
        return (self.language == "en" and settings.hours_en) or settings.hours


async def visit_of(
    request: Request, visitor: Annotated[Visitor, Depends(visitor_of(SERVICE))]
) -> AsyncIterator[Visit]:
    """Lend the visit; 403 for roles that have no business here, 404 where there is no portal.

    A large form waits for room before any of it is read.
    """
    portal: Portal = request.app.state.portal
    action = "read" if request.method in _SAFE else "write"
    if not may(visitor.caller.role, action, "portal"):
        raise HTTPException(403, "The portal is for citizens")
    account = portal.accounts.of(visitor.caller.tenant)
    if account is None:
        raise HTTPException(404, "This authority has no portal")
    async with portal.room if _is_large(request) else nullcontext():
        yield Visit(
            portal,
            request,
            account,
            visitor.prefix,
            visitor.address,
            portal.pages.look(request).language,
            portal.sessions.read(request, account.tenant),
        )


def _is_large(request: Request) -> bool:
    said = request.headers.get("content-length", "")
    chunked = "transfer-encoding" in request.headers
    return chunked or (said.isdecimal() and int(said) > LARGE)


TheVisit = Annotated[Visit, Depends(visit_of)]
