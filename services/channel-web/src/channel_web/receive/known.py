"""Knows the browsers that have opened an inbox before, and the one-time links sent for it.

Rule 1. Neither opens anything: both pass a lock that strangers have closed, to where the secret is
        asked for; what is tried there counts in a share of its own (`block`).
Rule 2. The cookie is random and says no number; which inboxes it is known for lies here, under its
        HMAC, and goes after the days of the settings. Leaving does not delete it: at home one
        leaves and comes back.
Rule 3. A link is random, short-lived and used once. Asking again spoils none that is on its way.
"""

import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from fastapi import Request, Response

from channel_web.parse import Inbox
from channel_web.settings import WebSettings
from hub_kit.database import Pool, affected, transaction
from hub_kit.keys import KeyRing

COOKIE = "faden_known"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")
MOST = 20  # browsers of one inbox; the oldest goes
_KEPT = timedelta(days=1)  # a link, after its end


class Way(StrEnum):
    """By which a secret is tried: each has a share of its own of wrong ones."""

    LINK = "link"
    KNOWN = "known"
    ANYBODY = "reference"


_WAYS = """
select k.linked_until > now() as linked from known k
join inbox i on i.portal_id = k.portal_id and i.tenant = $1
where k.tenant = $1 and k.browser = $2 and i.reference = $3 and k.at > now() - $4::interval
"""
_REMEMBER = """
insert into known as k (tenant, browser, portal_id, linked_until)
values ($1, $2, $3, case when $4::interval > '0' then now() + $4 else '-infinity' end)
on conflict (tenant, browser, portal_id) do update
set at = now(), linked_until = greatest(k.linked_until, excluded.linked_until)
"""
_OLDEST = """
delete from known where tenant = $1 and portal_id = $2 and browser in (
  select browser from known where tenant = $1 and portal_id = $2 order by at desc offset $3)
"""
_ASK = """
insert into link (id, tenant, portal_id, ends_at) values ($1, $2, $3, now() + $4::interval)
"""
_RECENT = """
select count(*) from link where tenant = $1 and portal_id = $2 and at > now() - $3::interval
"""
_USE = """
update link set used_at = now()
where tenant = $1 and id = $2 and used_at is null and ends_at > now() returning portal_id
"""
_SPEND = "update link set used_at = now() where tenant = $1 and portal_id = $2 and used_at is null"
_LOCK = "select pg_advisory_xact_lock(hashtextextended($1, 0))"


@dataclass(frozen=True)
class Known:
    pool: Pool
    ring: KeyRing
    settings: WebSettings

    @property
    def linked(self) -> timedelta:
        return timedelta(minutes=self.settings.link_minutes)

    @property
    def days(self) -> timedelta:
        return timedelta(days=self.settings.known_days)

    async def ways(self, tenant: str, cookie: str, reference: str) -> tuple[Way, ...]:
        """Return the ways that this browser may try a secret by, the one nobody else has first."""
        if not cookie:
            return (Way.ANYBODY,)
        arguments = (tenant, self._browser(tenant, cookie), reference, self.days)
        async with transaction(self.pool, tenant) as connection:
            linked = await connection.fetchval(_WAYS, *arguments)
        if linked is None:
            return (Way.ANYBODY,)
        return (Way.LINK, Way.KNOWN, Way.ANYBODY) if linked else (Way.KNOWN, Way.ANYBODY)

    async def remember(
        self, tenant: str, cookie: str, inbox: Inbox, linked: timedelta = timedelta(0)
    ) -> str:
        """Know this browser for that inbox; return its cookie, a new one where it had none."""
        cookie = cookie or secrets.token_urlsafe(24)
        async with transaction(self.pool, tenant) as connection:
            browser = self._browser(tenant, cookie)
            await connection.execute(_REMEMBER, tenant, browser, inbox.portal_id, linked)
            await connection.execute(_OLDEST, tenant, inbox.portal_id, MOST)
        return cookie

    async def new_link(self, tenant: str, inbox: Inbox) -> str:
        """Return the token of a new link; empty where enough of them are on their way."""
        token = secrets.token_hex(
            16
        )  # no mark at its end that a mail program takes for a full stop
        async with transaction(self.pool, tenant) as connection:
            await connection.execute(_LOCK, f"link {inbox.portal_id}")
            recent = await connection.fetchval(_RECENT, tenant, inbox.portal_id, self.linked)
            if recent >= self.settings.links:
                return ""
            row = (self._link(tenant, token), tenant, inbox.portal_id, self.linked)
            await connection.execute(_ASK, *row)
        return token

    async def use_link(self, tenant: str, token: str) -> UUID | None:
        """Return whose inbox it is for, this one time; the others of that inbox end with it."""
        if not _TOKEN.fullmatch(token):
            return None
        async with transaction(self.pool, tenant) as connection:
            found: UUID | None = await connection.fetchval(_USE, tenant, self._link(tenant, token))
            if found:
                await connection.execute(_SPEND, tenant, found)
        return found

    async def sweep(self, tenant: str) -> int:
        """Delete what is known for nothing any more; return how much it was."""
        known = "delete from known where tenant = $1 and at < now() - $2::interval"
        links = "delete from link where tenant = $1 and ends_at < now() - $2::interval"
        async with transaction(self.pool, tenant) as connection:
            gone = affected(await connection.execute(known, tenant, self.days))
            return gone + affected(await connection.execute(links, tenant, _KEPT))

    def write_cookie(self, answer: Response, cookie: str, prefix: str) -> None:
        """Have the browser keep it for the days of the settings, from now on."""
        seconds = int(self.days.total_seconds())
        path = prefix or "/"
        answer.set_cookie(COOKIE, cookie, max_age=seconds, path=path, httponly=True, samesite="lax")

    def _browser(self, tenant: str, cookie: str) -> str:
        return self.ring.pseudonym_of(tenant, "known browser", cookie)

    def _link(self, tenant: str, token: str) -> str:
        return self.ring.pseudonym_of(tenant, "one-time link", token)


def known_cookie(request: Request) -> str:
    """Return what says that this browser was here before; empty for nothing of ours."""
    cookie = request.cookies.get(COOKIE, "")
    return cookie if _TOKEN.fullmatch(cookie) else ""
