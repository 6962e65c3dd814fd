"""Asks the conversation store, and any other service, on behalf of the agent at the desk."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from starlette.exceptions import HTTPException

from hub_contract.errors import Permanent, Temporary
from hub_contract.refusals import Refusal
from hub_kit.keys import KeyRing
from hub_kit.tokens import Caller, issue

STORE = "conversation_store"
_LATER = frozenset({401, 408, 425, 429})  # a token too old, too slow, too early, too often


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

    async def get(self, caller: Caller, path: str, **params: Any) -> Any:
        """Return the JSON at this path; 404 is raised for the reader's page, 5xx is `Temporary`."""
        wanted = {name: value for name, value in params.items() if value not in (None, "")}
        answer = await self._send(caller, "GET", path, params=wanted)
        return answer.json()

    async def post(
        self,
        caller: Caller,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        key: str = "",
    ) -> Any:
        """Do this; what the store refuses as not possible is `Permanent` with its code."""
        headers = {"Idempotency-Key": key} if key else {}
        json = None if body is None else dict(body)
        answer = await self._send(caller, "POST", path, json=json, headers=headers)
        return answer.json() if answer.content else None

    async def fetch(self, caller: Caller, path: str) -> Bytes:
        answer = await self._send(caller, "GET", path)
        said = answer.headers
        kind = said.get("content-type", "application/octet-stream")
        return Bytes(kind, said.get("content-disposition", "attachment"), answer.content)

    async def _send(self, caller: Caller, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {
            "Authorization": f"Bearer {issue(self.ring, caller, self.audience)}",
            **more.pop("headers", {}),
        }
        try:
            answer = await self.client.request(method, path, headers=headers, **more)
        except httpx.TransportError as error:
            raise Temporary(f"{self.audience}: {type(error).__name__}") from None
        return _checked(answer, self.audience)


def open_client(url: str, seconds: float = 30) -> httpx.AsyncClient:
    """Return the way to a service beside us, which has so long for each part of an answer.

    It closes an idle connection after 5 s: we let go of it before. A busy machine may need seconds
    for a new one; where nobody listens, that is said at once.
    """
    timeout, limits = httpx.Timeout(seconds, connect=10), httpx.Limits(keepalive_expiry=3)
    return httpx.AsyncClient(base_url=url, timeout=timeout, limits=limits, trust_env=False)


def _checked(answer: httpx.Response, audience: str) -> httpx.Response:
    if answer.is_success:
        return answer
    refusal = Refusal.of(answer.status_code, answer.content)
    if refusal in {Refusal.FORBIDDEN, Refusal.NOT_FOUND}:
        raise HTTPException(refusal.status)
    if answer.status_code in _LATER or answer.is_server_error:
        raise Temporary(f"{audience}: answered {answer.status_code}")
    raise Permanent(f"{audience}: {refusal.says}", code=refusal)
