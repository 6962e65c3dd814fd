"""Asks the conversation store, and any other service, on behalf of the agent at the desk."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from starlette.exceptions import HTTPException

from hub_contract.errors import Permanent, Temporary
from hub_kit.keys import KeyRing
from hub_kit.tokens import Caller, issue

STORE = "conversation_store"


@dataclass(frozen=True)
class Bytes:
    """A file of an entry, as the store hands it out."""

    media_type: str
    disposition: str
    data: bytes


class Service:
    """One service behind its address; every call carries a token of the caller it is made for."""

    def __init__(self, ring: KeyRing, client: httpx.AsyncClient, audience: str = STORE) -> None:
        self.ring, self.client, self.audience = ring, client, audience

    async def get(self, caller: Caller, path: str, language: str = "de", **params: Any) -> Any:
        """Return the JSON at this path; 404 is raised for the reader's page, 5xx is `Temporary`."""
        wanted = {name: value for name, value in params.items() if value not in (None, "")}
        answer = await self._send(caller, "GET", path, language, params=wanted)
        return answer.json()

    async def post(
        self,
        caller: Caller,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        key: str = "",
        language: str = "de",
    ) -> Any:
        """Do this; what the store refuses as not possible is `Permanent` with its sentence."""
        headers = {"Idempotency-Key": key} if key else {}
        json = None if body is None else dict(body)
        answer = await self._send(caller, "POST", path, language, json=json, headers=headers)
        return answer.json() if answer.content else None

    async def fetch(self, caller: Caller, path: str) -> Bytes:
        answer = await self._send(caller, "GET", path, "de")
        said = answer.headers
        kind = said.get("content-type", "application/octet-stream")
        return Bytes(kind, said.get("content-disposition", "attachment"), answer.content)

    async def _send(
        self, caller: Caller, method: str, path: str, language: str, **more: Any
    ) -> httpx.Response:
        headers = {
            "Authorization": f"Bearer {issue(self.ring, caller, self.audience)}",
            "Accept-Language": language,
            **more.pop("headers", {}),
        }
        try:
            answer = await self.client.request(method, path, headers=headers, **more)
        except httpx.TransportError as error:
            raise Temporary(f"{self.audience}: {type(error).__name__}") from None
        return _checked(answer, self.audience)


def _checked(answer: httpx.Response, audience: str) -> httpx.Response:
    if answer.is_success:
        return answer
    if answer.status_code in {403, 404}:
        raise HTTPException(answer.status_code)
    if answer.status_code == 422:
        raise Permanent(str(answer.json().get("detail", "")))
    raise Temporary(f"{audience}: answered {answer.status_code}")
