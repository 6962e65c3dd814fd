"""Talks to Twilio for one number of ours: fetches what was recorded, has a telephone ring.

https://www.twilio.com/docs/voice/api/recording, https://www.twilio.com/docs/voice/api/call-resource
"""

from collections.abc import Mapping

import httpx

from channel_phone.settings import Account, PhoneSettings
from hub_contract.errors import Temporary
from hub_kit.twilio import Fetcher, trusted

VERSION = "2010-04-01"


class Twilio:
    def __init__(self, account: Account, settings: PhoneSettings) -> None:
        own = account.settings
        self._client = httpx.AsyncClient(
            auth=(own.account_sid, own.auth_token()),
            timeout=httpx.Timeout(30, connect=10),
            verify=trusted(),
        )
        # For addresses that are not told our token.
        self._open = httpx.AsyncClient(timeout=self._client.timeout, verify=trusted())
        self._files = Fetcher(self._client, self._open, settings.twilio, settings.media_hosts)
        self._limit = settings.recording_limit
        self._calls = f"{settings.twilio}/{VERSION}/Accounts/{own.account_sid}/Calls.json"
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
            answer = await self._client.post(self._calls, data=dict(fields))
        except httpx.TransportError as error:
            raise Temporary(f"twilio: {type(error).__name__}") from None
        if not answer.is_success:
            raise Temporary(f"twilio: answered {answer.status_code}")
