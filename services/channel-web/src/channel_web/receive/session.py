"""Keeps citizens' sessions: which inbox a browser has opened, until it is left, idle, or too old.

Rule 1. The cookie says a visit, and in an open session a token; both are random. What they stand
        for lies in the database, under their HMACs, so that a session ends where we say so:
        a copied cookie ends with it.
Rule 2. It ends when nothing was done for some minutes, and anyhow after some hours. Then it still
        says whose it was, so that a page can ask for the six digits alone and keep what was typed.
        One that was left says nothing more.
Rule 3. A visit outlives its sessions; its forms are bound to it. It ends where somebody leaves.
Rule 4. The secret of an inbox is shown once: whoever takes it takes it from all sessions.
"""

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import Request, Response

from channel_web.parse import Inbox
from channel_web.settings import WebSettings
from hub_contract.errors import Permanent, Temporary
from hub_kit.database import Pool, affected, transaction
from hub_kit.keys import KeyRing, open_sealed, seal
from hub_kit.tokens import derive_key

COOKIE = "faden_citizen"
_COOKIE = re.compile(r"([A-Za-z0-9_-]{32})(?:\.([A-Za-z0-9_-]{32}))?")
_SELDOM = timedelta(seconds=20)  # between two writes that somebody is still there
_KEPT = timedelta(days=2)  # after its end: what was left stays left for longer than any session


@dataclass(frozen=True, slots=True)
class Browser:
    """What the cookie says; empty where there is none, or none of ours."""

    visit: str = field(default="", repr=False)
    token: str = field(default="", repr=False)


NOBODY = Browser()


@dataclass(frozen=True, slots=True)
class Session:
    """`secret` stays readable until it was shown; `name` is what a page said she calls herself.

    `id` is what it lies under.
    """

    inbox: Inbox
    until: datetime
    secret: str = field(default="", repr=False)
    name: str = field(default="", repr=False)
    id: str = field(default="", repr=False)
    seen_at: datetime | None = None

    @property
    def has_ended(self) -> bool:
        return self.until <= datetime.now(UTC)


_READ = """
select s.id, s.portal_id, s.sealed, s.seen_at, s.ends_at, i.reference
from session s join inbox i on i.portal_id = s.portal_id and i.tenant = $1
where s.tenant = $1 and s.id = $2 and s.ended_at is null
"""
_BEGIN = """
insert into session (id, tenant, visit, portal_id, sealed, ends_at) values ($1, $2, $3, $4, $5, $6)
"""
_SEEN = """
update session set seen_at = $3, sealed = $4 where tenant = $1 and id = $2 and ended_at is null
"""
_LEFT = "select exists (select from left_visit where tenant = $1 and visit = $2)"
_NOTE = "insert into left_visit (visit, tenant) values ($2, $1) on conflict do nothing"
_LEAVE = """
update session set ended_at = now(), sealed = '' where tenant = $1 and visit = $2
returning portal_id
"""
_HIDE = """
update inbox set shown_at = now()
where tenant = $1 and portal_id = any($2::uuid[]) and shown_at is null returning portal_id
"""


class Sessions:
    def __init__(self, pool: Pool, ring: KeyRing, settings: WebSettings) -> None:
        self._pool, self._ring = pool, ring
        self._key = derive_key(ring, "portal-session")
        self._idle = timedelta(minutes=settings.session_minutes)
        self._longest = timedelta(minutes=settings.session_longest_minutes)

    async def begin(
        self, tenant: str, inbox: Inbox, browser: Browser, secret: str = ""
    ) -> tuple[Session, Browser]:
        """Open a session under a new token, in place of the one that this browser had."""
        opened = Browser(browser.visit or new_visit(), new_visit())
        now = datetime.now(UTC)
        session = Session(inbox, now, secret, "", self._id(tenant, opened.token), now)
        sealed, ends = self._seal(tenant, session), now + self._longest
        visit = self.mark(tenant, opened)
        async with transaction(self._pool, tenant) as connection:
            old = "delete from session where tenant = $1 and id = $2 and ended_at is null"
            await connection.execute(old, tenant, self._id(tenant, browser.token))
            row = (session.id, tenant, visit, inbox.portal_id, sealed, ends)
            await connection.execute(_BEGIN, *row)
        return replace(session, until=min(now + self._idle, ends)), opened

    async def read(self, tenant: str, browser: Browser) -> Session | None:
        """Return the session of this browser, ended ones too; None for none, or a left one."""
        if not browser.token:
            return None
        async with transaction(self._pool, tenant) as connection:
            row = await connection.fetchrow(_READ, tenant, self._id(tenant, browser.token))
        return self._open(tenant, dict(row)) if row else None

    async def seen(self, tenant: str, session: Session, name: str = "") -> None:
        """Note that somebody is still there, and what she calls herself."""
        now, named = datetime.now(UTC), replace(session, name=name or session.name)
        if named == session and session.seen_at and now - session.seen_at < _SELDOM:
            return
        sealed = self._seal(tenant, named)
        async with transaction(self._pool, tenant) as connection:
            await connection.execute(_SEEN, tenant, session.id, now, sealed)

    async def is_open(self, tenant: str, session: Session) -> bool:
        """Say whether nobody has left it, for what lasts longer than a request.

        While nobody can look, it is open: its end is known.
        """
        if not session.id:
            return True
        try:
            async with transaction(self._pool, tenant) as connection:
                return await connection.fetchrow(_READ, tenant, session.id) is not None
        except Temporary:
            return True

    async def take_secret(self, tenant: str, session: Session) -> str:
        """Return the secret, this one time; empty where it was shown, here or elsewhere."""
        if not session.secret:
            return ""
        async with transaction(self._pool, tenant) as connection:
            first = await connection.fetchval(_HIDE, tenant, [session.inbox.portal_id])
            sealed = self._seal(tenant, replace(session, secret=""))
            await connection.execute(_SEEN, tenant, session.id, datetime.now(UTC), sealed)
        return session.secret if first else ""

    async def leave(self, tenant: str, browser: Browser) -> None:
        """End the visit and all its sessions; a secret that nobody has seen is not shown later."""
        if not browser.visit:
            return
        visit = self.mark(tenant, browser)
        async with transaction(self._pool, tenant) as connection:
            await connection.execute(_NOTE, tenant, visit)
            rows = await connection.fetch(_LEAVE, tenant, visit)
            await connection.execute(_HIDE, tenant, [row["portal_id"] for row in rows])

    async def has_left(self, tenant: str, mark: str) -> bool:
        """Say whether somebody has left the visit of this mark: its forms are worth nothing."""
        async with transaction(self._pool, tenant) as connection:
            return bool(await connection.fetchval(_LEFT, tenant, mark))

    def mark(self, tenant: str, browser: Browser) -> str:
        """Return what tells one visit from the next at the same computer, and no more."""
        return self._id(tenant, browser.visit) if browser.visit else ""

    async def sweep(self, tenant: str) -> int:
        """Delete what ended long ago; return how much it was."""
        old = "delete from session where tenant = $1 and ends_at < now() - $2::interval"
        left = "delete from left_visit where tenant = $1 and at < now() - $2::interval"
        async with transaction(self._pool, tenant) as connection:
            gone = affected(await connection.execute(old, tenant, _KEPT))
            return gone + affected(await connection.execute(left, tenant, _KEPT))

    def _id(self, tenant: str, token: str) -> str:
        return self._ring.pseudonym_of(tenant, "session", token)

    def _seal(self, tenant: str, session: Session) -> bytes:
        said = json.dumps({"secret": session.secret, "name": session.name})
        return seal(self._key, said.encode(), f"{tenant}\n{session.id}".encode())

    def _open(self, tenant: str, row: Mapping[str, Any]) -> Session | None:
        try:
            said = json.loads(
                open_sealed(self._key, row["sealed"], f"{tenant}\n{row['id']}".encode())
            )
        except Permanent:
            return None
        inbox = Inbox(row["portal_id"], row["reference"])
        until = min(row["seen_at"] + self._idle, row["ends_at"])
        return Session(inbox, until, said["secret"], said["name"], row["id"], row["seen_at"])


def new_visit() -> str:
    return secrets.token_urlsafe(24)


def browser_of(request: Request) -> Browser:
    """Return what the cookie of this request says."""
    found = _COOKIE.fullmatch(request.cookies.get(COOKIE, ""))
    return Browser(found[1], found[2] or "") if found else NOBODY


def write_cookie(answer: Response, browser: Browser, prefix: str) -> None:
    """Have the browser keep it. No Max-Age: it goes with the browser's window."""
    value = f"{browser.visit}.{browser.token}" if browser.token else browser.visit
    answer.set_cookie(COOKIE, value, path=prefix or "/", httponly=True, samesite="lax")


def delete_cookie(answer: Response, prefix: str) -> None:
    answer.delete_cookie(COOKIE, path=prefix or "/", httponly=True, samesite="lax")
