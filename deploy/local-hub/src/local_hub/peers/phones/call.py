"""Calls the hub's hooks as Twilio does: forms, signed, tried again when they are refused."""

import asyncio
from collections.abc import Mapping

import httpx
import structlog
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

_PAUSES = (0.5, 1, 2, 4, 8)  # seconds between tries; Twilio's `rc=5` of the connection overrides
# Calls at a time. The client looks through all that wait for a connection whenever one is free:
# with some thousands of them that was all it did (9 SMS a second out; see `make bench`).
_AT_ONCE = 32
log = structlog.get_logger()


class Caller:
    """`token` of an account signs what is told of it."""

    def __init__(self) -> None:
        self._client = httpx.AsyncClient(timeout=15, verify=False)  # noqa: S501 - plain HTTP, on this machine
        self._under_way: set[asyncio.Task[int]] = set()
        self._free = asyncio.Semaphore(_AT_ONCE)

    async def call(self, address: str, fields: Mapping[str, str], token: str) -> int:
        """Call until it is answered well; return the last answer's status, 0 for none."""
        return (await self.ask(address, fields, token))[0]

    async def ask(self, address: str, fields: Mapping[str, str], token: str) -> tuple[int, str]:
        """Call likewise; return the last answer's status and what it says."""
        signature = RequestValidator(token).compute_signature(address, fields)
        headers = {"X-Twilio-Signature": signature}
        status, said = 0, ""
        for pause in (*_PAUSES, 0):
            try:
                async with self._free:
                    answer = await self._client.post(address, data=dict(fields), headers=headers)
                status, said = answer.status_code, answer.text
            except httpx.TransportError:
                status, said = 0, ""
            if 200 <= status < 500 and status != 429:
                break
            await asyncio.sleep(pause)
        if not 200 <= status < 300:
            log.warning("a hook was not taken", status=status)
        return status, said

    def leave(self, address: str, fields: Mapping[str, str], token: str, after: float = 0) -> None:
        """Call in the background, after so many seconds."""

        async def later() -> int:
            await asyncio.sleep(after)
            return await self.call(address, fields, token)

        task = asyncio.create_task(later())
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def close(self) -> None:
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        await self._client.aclose()
