"""Asks the store what a citizen may read: the conversations of one inbox, and nothing else.

One thing the portal asks for itself and shows to nobody: to whom a one-time link may go.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

from channel_web.parse import Inbox
from channel_web.settings import SERVICE
from hub_contract.errors import Temporary
from hub_contract.references import show_reference
from hub_contract.refusals import Refusal
from hub_contract.words import ContactPoint
from hub_kit.keys import KeyRing
from hub_kit.tokens import Caller, issue

AUDIENCE = "conversation_store"
TIMEOUT = 10.0  # seconds
_NOTHING = frozenset(
    {
        Refusal.FORBIDDEN,
        Refusal.NOT_FOUND,
        Refusal.ERASED,
        Refusal.QUARANTINED,
        Refusal.NOT_CHECKED,
    }
)
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """Messages, the oldest first; `older` is given to ask for those before them."""

    entries: list[Json]
    older: int | None = None


class Store:
    """Calls are made as this inbox, but for `whole`: what is not its own, it is not shown."""

    def __init__(self, client: httpx.AsyncClient, ring: KeyRing) -> None:
        self._client, self._ring = client, ring

    async def close(self) -> None:
        await self._client.aclose()

    async def conversation(self, tenant: str, inbox: Inbox) -> Json | None:
        """Return the conversation of this inbox; None while its first message is on its way."""
        said = await self._get("/mine", tenant, inbox)
        found = said["conversations"] if said else []
        # After a split there may be several: the one that the slip names, else the latest.
        named = show_reference(inbox.reference)
        return next((one for one in found if one["reference"] == named), None) or next(
            iter(found), None
        )

    async def page(
        self, tenant: str, inbox: Inbox, conversation: str, before: int | None = None
    ) -> Page:
        """Return the latest messages, or those before a place."""
        query: dict[str, str | int] = {"order": "newest"}
        if before:
            query["before"] = before
        said = await self._get(f"/mine/{conversation}/entries", tenant, inbox, query)
        return Page(said["entries"][::-1], said["next"]) if said else Page([])

    async def after(self, tenant: str, inbox: Inbox, conversation: str, place: int) -> list[Json]:
        """Return the next messages behind a place, a page at most."""
        query: dict[str, str | int] = {"order": "oldest", "after": place}
        said = await self._get(f"/mine/{conversation}/entries", tenant, inbox, query)
        return list(said["entries"]) if said else []

    async def entry(self, tenant: str, inbox: Inbox, conversation: str, entry: UUID) -> Json | None:
        """Return one message with its whole text, None where it is not this inbox's."""
        return await self._get(f"/mine/{conversation}/entries/{entry}", tenant, inbox)

    async def whole(self, tenant: str, conversation: str) -> Json | None:
        """Return a conversation with its contact points, as the portal itself: for no page."""
        caller = Caller(SERVICE, tenant, "portal")
        headers = {"Authorization": f"Bearer {issue(self._ring, caller, AUDIENCE)}"}
        return await self._read(f"/conversations/{conversation}", headers)

    async def is_stopped(
        self, tenant: str, inbox: Inbox, channel: str, point: ContactPoint
    ) -> bool:
        """Say whether its owner wants nothing more there."""
        address = {"kind": point.kind, "value": point.value}
        body = {"channel": channel, "address": address}
        headers = self._headers(tenant, inbox)
        try:
            answer = await self._client.post("/mine/stopped", headers=headers, json=body)
        except httpx.HTTPError as error:
            raise _away(error) from None
        if answer.status_code != 200:
            raise Temporary(f"store: {answer.status_code}")
        return bool(answer.json()["stopped"])

    async def mark_read(self, tenant: str, inbox: Inbox, conversation: str, up_to: int) -> None:
        """Say that the citizen has seen what stands there up to this place."""
        path, body = f"/mine/{conversation}/read", {"up_to": up_to}
        headers = self._headers(tenant, inbox)
        try:
            answer = await self._client.post(path, headers=headers, json=body)
        except httpx.HTTPError as error:
            raise _away(error) from None
        if answer.status_code >= 500:
            raise Temporary(f"store: {answer.status_code}")

    @asynccontextmanager
    async def attachment(
        self, tenant: str, inbox: Inbox, path: str
    ) -> AsyncIterator[httpx.Response | None]:
        """Yield a file as it streams in; None for what is not there or not this inbox's."""
        headers = self._headers(tenant, inbox)
        try:
            async with self._client.stream("GET", path, headers=headers) as answer:
                yield answer if await _is_there(answer) else None
        except httpx.HTTPError as error:
            raise _away(error) from None

    async def _get(
        self, path: str, tenant: str, inbox: Inbox, query: Mapping[str, str | int] | None = None
    ) -> Json | None:
        return await self._read(path, self._headers(tenant, inbox), query)

    async def _read(
        self,
        path: str,
        headers: Mapping[str, str],
        query: Mapping[str, str | int] | None = None,
    ) -> Json | None:
        try:
            answer = await self._client.get(path, headers=headers, params=query)
        except httpx.HTTPError as error:
            raise _away(error) from None
        if not await _is_there(answer):
            return None
        said: Json = answer.json()
        return said

    def _headers(self, tenant: str, inbox: Inbox) -> dict[str, str]:
        caller = Caller(str(inbox.portal_id), tenant, "citizen")
        return {"Authorization": f"Bearer {issue(self._ring, caller, AUDIENCE)}"}


def open_client(origin: str) -> httpx.AsyncClient:
    """Return the way to the store; services close idle connections after 5 s, we before that."""
    limits = httpx.Limits(keepalive_expiry=3)
    return httpx.AsyncClient(base_url=origin, timeout=TIMEOUT, limits=limits)


async def _is_there(answer: httpx.Response) -> bool:
    """Say whether the store shows it; what is erased or another's is not there for this inbox."""
    if answer.status_code == 200:
        return True
    refusal = Refusal.of(answer.status_code, await answer.aread())
    if refusal not in _NOTHING:
        raise Temporary(f"store: {answer.status_code} {refusal}")
    return False


def _away(error: httpx.HTTPError) -> Temporary:
    return Temporary(f"store: {type(error).__name__}")
