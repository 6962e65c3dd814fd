"""Calls the hub's hooks as Telnyx and Sinch do, and again where they are refused."""

import asyncio
import hashlib
import json
import time
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_PAUSES = (0.5, 1, 2, 4, 8)  # seconds between tries; real providers wait for longer
log = structlog.get_logger()


@dataclass(frozen=True)
class Call:
    """One hook: `files` go as a form, `body` as it is; a secret may stand in the address."""

    address: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, tuple[str, bytes, str]] = field(default_factory=dict)
    signed: bool = False


def signing_key(token: str) -> Ed25519PrivateKey:
    """Return the key that signs for the account with this token."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(token.encode()).digest())


def public_key(token: str) -> str:
    """Return, in base64, what checks those signatures, as Telnyx's portal shows it."""
    return b64encode(signing_key(token).public_key().public_bytes_raw()).decode()


def signed(token: str, body: bytes, at: float | None = None) -> dict[str, str]:
    """Return the headers with which Telnyx sends this body."""
    moment = str(int(time.time() if at is None else at))
    signature = signing_key(token).sign(moment.encode() + b"|" + body)
    return {
        "telnyx-signature-ed25519": b64encode(signature).decode(),
        "telnyx-timestamp": moment,
        "content-type": "application/json",
    }


def as_json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


class FaxCaller:
    """`token` of the account signs what is told of it, each try anew."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._client = httpx.AsyncClient(timeout=60, verify=False)  # noqa: S501 - plain HTTP, on this machine
        self._under_way: set[asyncio.Task[int]] = set()

    async def call(self, call: Call) -> int:
        """Call until it is answered well; return the last answer's status, 0 for none."""
        status = 0
        for pause in (*_PAUSES, 0):
            try:
                status = (await self._post(call)).status_code
            except httpx.TransportError:
                status = 0
            if 200 <= status < 500 and status != 429:
                break
            await asyncio.sleep(pause)
        if not 200 <= status < 300:
            log.warning("a fax hook was not taken", status=status)
        return status

    async def _post(self, call: Call) -> httpx.Response:
        if call.files:
            return await self._client.post(call.address, data=dict(call.data), files=call.files)
        headers = signed(self._token, call.body) if call.signed else call.headers
        return await self._client.post(call.address, content=call.body, headers=headers)

    def leave(self, call: Call, after: float = 0) -> None:
        """Call in the background, after so many seconds."""

        async def later() -> int:
            await asyncio.sleep(after)
            return await self.call(call)

        task = asyncio.create_task(later())
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def close(self) -> None:
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        await self._client.aclose()
