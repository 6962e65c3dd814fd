"""Talks to Twilio's HTTP interface for one number of ours: makes calls, fetches recordings.

https://www.twilio.com/docs/voice/api/call-resource, https://www.twilio.com/docs/voice/api/recording
"""

from collections.abc import Mapping
from typing import Any

import httpx

from channel_phone.settings import Account, PhoneSettings
from hub_contract.errors import Temporary
from hub_kit.fetch import Fetcher, trusted

VERSION = "2010-04-01"


class Twilio:
    def __init__(self, account: Account, settings: PhoneSettings) -> None:
        own = account.settings
        self._base = f"{settings.twilio}/{VERSION}/Accounts/{own.account_sid}"
        self._client = httpx.AsyncClient(
            auth=(own.account_sid, own.auth_token()),
            timeout=httpx.Timeout(30, connect=10),
            verify=trusted(),
        )
        # For addresses that are not told our token.
        self._open = httpx.AsyncClient(timeout=self._client.timeout, verify=trusted())
        self._files = Fetcher(self._client, self._open, settings.twilio, settings.media_hosts)
        self._limit = settings.recording_limit
        self.account = account

    async def close(self) -> None:
        await self._client.aclose()
        await self._open.aclose()

    async def fetch(self, url: str) -> tuple[bytes, str]:
        """Return what was recorded (WAV), or why it is not there; `Temporary`: it may be, later."""
        return await self._files.fetch(url, self._limit)

    async def ring(self, fields: Mapping[str, str]) -> None:
        """Have a telephone ring; `Temporary` where Twilio does not say that it will."""
        try:
            answer = await self.call(fields)
        except httpx.TransportError as error:
            raise Temporary(f"twilio: {type(error).__name__}") from None
        if not answer.is_success:
            raise Temporary(f"twilio: answered {answer.status_code}")

    async def call(self, fields: Mapping[str, Any]) -> httpx.Response:
        """Ask for a call; `httpx.TransportError`: no answer, or none that can be read."""
        return await self._client.post(f"{self._base}/Calls.json", data=dict(fields))

    async def calls(self, **wanted: str) -> list[dict[str, Any]]:
        """Return what the log has, newest first; `Temporary` where it cannot be read."""
        found = (await self._read("Calls.json", wanted)).get("calls", [])
        return found if isinstance(found, list) else []

    async def status_of(self, sid: str) -> str:
        """Return the word of one call; `Temporary` where it cannot be had."""
        return str((await self._read(f"Calls/{sid}.json", {})).get("status") or "")

    async def _read(self, resource: str, wanted: Mapping[str, str]) -> dict[str, Any]:
        query = {"PageSize": "200", **wanted}
        try:
            answer = await self._client.get(f"{self._base}/{resource}", params=query)
            answer.raise_for_status()
            page = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise Temporary(f"twilio: {type(error).__name__}") from None
        return page if isinstance(page, dict) else {}
