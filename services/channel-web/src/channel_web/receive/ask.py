"""Asks the store what a citizen may read: the conversations of one inbox, and nothing else."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx

from channel_web.parse import Inbox
from hub_contract.errors import Temporary
from hub_kit.keys import KeyRing
from hub_kit.tokens import Caller, issue

AUDIENCE = "conversation_store"
TIMEOUT = 10.0  # seconds
_NOTHING = frozenset({403, 404})
Json = Mapping[str, Any]


class Store:
    """Every call is made as this inbox: what is not its own, the store does not show."""

    def __init__(self, origin: str, ring: KeyRing) -> None:
        self._client = httpx.AsyncClient(base_url=origin, timeout=TIMEOUT)
        self._ring = ring

    async def close(self) -> None:
        await self._client.aclose()

    async def conversation(self, tenant: str, inbox: Inbox) -> Json | None:
        """Return the conversation of this inbox; None while its first message is on its way."""
        said = await self._get("/mine", tenant, inbox)
        found = said["conversations"] if said else []
        return found[0] if found else None

    async def entries(
        self, tenant: str, inbox: Inbox, conversation: UUID, after: int = 0
    ) -> list[Json]:
        """Return what stands behind this place, the oldest first."""
        path = f"/mine/{conversation}/entries"
        found: list[Json] = []
        while True:
            said = await self._get(path, tenant, inbox, {"after": after})
            if said is None:
                return found
            found += said["entries"]
            if said["next"] is None:
                return found
            after = said["next"]

    async def mark_read(self, tenant: str, inbox: Inbox, conversation: UUID) -> None:
        """Say that the citizen has seen what stands there."""
        headers = self._headers(tenant, inbox)
        try:
            answer = await self._client.post(f"/mine/{conversation}/read", headers=headers)
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
                if answer.status_code in _NOTHING:
                    yield None
                    return
                if answer.status_code != 200:
                    raise Temporary(f"store: {answer.status_code}")
                yield answer
        except httpx.HTTPError as error:
            raise _away(error) from None

    async def _get(
        self, path: str, tenant: str, inbox: Inbox, query: Mapping[str, int] | None = None
    ) -> Json | None:
        headers = self._headers(tenant, inbox)
        try:
            answer = await self._client.get(path, headers=headers, params=query)
        except httpx.HTTPError as error:
            raise _away(error) from None
        if answer.status_code in _NOTHING:
            return None
        if answer.status_code != 200:
            raise Temporary(f"store: {answer.status_code}")
        said: Json = answer.json()
        return said

    def _headers(self, tenant: str, inbox: Inbox) -> dict[str, str]:
        caller = Caller(str(inbox.portal_id), tenant, "citizen")
        return {"Authorization": f"Bearer {issue(self._ring, caller, AUDIENCE)}"}


def _away(error: httpx.HTTPError) -> Temporary:
    return Temporary(f"store: {type(error).__name__}")
