"""What every route of the portal stands on, and who asks it: a citizen, through the gateway."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import Depends, HTTPException, Request, Response

from channel_web.parse import Inbox
from channel_web.receive.ask import Store
from channel_web.receive.block import Blocks, network_of
from channel_web.receive.code import Codes
from channel_web.receive.inbox import Inboxes
from channel_web.receive.keep import Keep
from channel_web.receive.known import Known, known_cookie
from channel_web.receive.room import Room
from channel_web.receive.session import (
    NOBODY,
    Browser,
    Session,
    Sessions,
    browser_of,
    new_visit,
    write_cookie,
)
from channel_web.receive.token import Forms
from channel_web.settings import MEGABYTE, SERVICE, Account, Accounts, WebSettings
from hub_contract.errors import Temporary
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
    codes: Codes
    disk: Room
    keep: Keep
    forms: Forms
    sessions: Sessions
    known: Known
    tail: Tail
    of_inbox: Seats  # for live pages
    of_address: Seats
    room: asyncio.Semaphore  # for large forms: each is held in memory until it is accepted

    @classmethod
    def open(
        cls, ground: Ground, settings: WebSettings, accounts: Accounts, pages: Pages, store: Store
    ) -> "Portal":
        pool, ring, disk = ground.pool, ground.ring, Room.of(ground, settings)
        return cls(
            ground,
            settings,
            accounts,
            pages,
            store,
            Inboxes(pool, ring),
            Blocks(pool, ring, settings.tries),
            Codes(pool, ring),
            disk,
            Keep(disk, ground.blobs, ring),
            Forms(ring, settings.form_minutes),
            Sessions(pool, ring, settings),
            Known(pool, ring, settings),
            Tail(ground.bus),
            Seats(settings.streams_inbox, settings.streams),
            Seats(settings.streams_address, settings.streams),
            asyncio.Semaphore(settings.large_forms),
        )


@dataclass(frozen=True, slots=True)
class Visit:
    """One request: whose portal it is about, in which language, with which session.

    `is_away`: nobody can say whether there is a session, for the database is away.
    """

    portal: Portal
    request: Request
    account: Account
    prefix: str
    address: str
    language: str
    session: Session | None
    browser: Browser = NOBODY
    is_away: bool = False

    @property
    def tenant(self) -> str:
        return self.account.tenant

    @property
    def open_session(self) -> Session | None:
        return self.session if self.session and not self.session.has_ended else None

    async def take_secret(self, session: Session) -> str:
        """Return the secret, this one time; HEAD shows it to nobody, and takes nothing."""
        if self.request.scope.get("is_head"):
            return ""
        return await self.portal.sessions.take_secret(self.tenant, session)

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

    def new_form(self) -> str:
        return self.portal.forms.new(self.tenant)

    @property
    def mark(self) -> str:
        """Return what the forms on our pages say of this visit; empty without cookies.

        It is part of a form's address: browsers put back what was typed where address (without its
        query) and fields are the same, so after somebody has left there is nothing to put it into.
        """
        return self.portal.sessions.mark(self.tenant, self.browser)

    async def was_left(self, marks: Iterable[str]) -> bool:
        """Say whether a form with these marks is of a visit that somebody has left meanwhile."""
        asked = str(self.request.path_params.get("visit", ""))
        return any([await self._has_left(mark[:64]) for mark in {asked, *marks}])

    async def bound_to(self) -> str:
        """Return what the forms of this browser are bound to: its visit, and whether it was left.

        A browser without cookies is told from others by its address alone.
        """
        if not self.browser.visit:
            return f"address {network_of(self.address)}"
        left = await self._has_left(self.mark)
        return f"left {self.browser.visit}" if left else self.browser.visit

    async def _has_left(self, mark: str) -> bool:
        """Say so; while nobody can look, nothing is accepted or opened either."""
        with suppress(Temporary):
            return bool(mark) and await self.portal.sessions.has_left(self.tenant, mark)
        return False

    async def enter(
        self, inbox: Inbox, secret: str = ""
    ) -> tuple[Session, Browser, Callable[[Response], None]]:
        """Open a session, and know this browser from now on; what comes back writes its cookies."""
        portal, tenant = self.portal, self.tenant
        was = NOBODY if await self._has_left(self.mark) else self.browser
        session, browser = await portal.sessions.begin(tenant, inbox, was, secret)
        known = await portal.known.remember(tenant, known_cookie(self.request), inbox)

        def write(answer: Response) -> None:
            write_cookie(answer, browser, self.prefix)
            portal.known.write_cookie(answer, known, self.prefix)

        return session, browser, write

    def begun(self) -> "Visit":
        """Return this visit, or the one that begins here where the browser brought none."""
        return self if self.browser.visit else self.as_of(Browser(new_visit()))

    def keep_visit(self, answer: Response) -> Response:
        """Have the browser keep the visit; whether it comes back says whether it keeps any."""
        write_cookie(answer, self.browser, self.prefix)
        return answer

    def as_of(self, browser: Browser) -> "Visit":
        """Return this visit as its answer leaves it: its pages are the new browser's."""
        return replace(self, browser=browser)

    async def seen(self, session: Session, name: str = "") -> None:
        """Have the session go on; while the database is away it does not, and no page fails."""
        with suppress(Temporary):
            await self.portal.sessions.seen(self.tenant, session, name)

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
            "face": self.account.face,
            "has_email": self.account.has_email,
            "has_text": bool(self.account.texts_from),
            "visit": self.mark,
            "limits": limits,
        }


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
    browser, session, is_away = browser_of(request), None, False
    try:
        session = await portal.sessions.read(account.tenant, browser)
    except Temporary:
        is_away = True
    async with portal.room if _is_large(request) else nullcontext():
        yield Visit(
            portal,
            request,
            account,
            visitor.prefix,
            visitor.address,
            portal.pages.look(request).language,
            session,
            browser,
            is_away,
        )


def _is_large(request: Request) -> bool:
    said = request.headers.get("content-length", "")
    chunked = "transfer-encoding" in request.headers
    return chunked or (said.isdecimal() and int(said) > LARGE)


TheVisit = Annotated[Visit, Depends(visit_of)]
