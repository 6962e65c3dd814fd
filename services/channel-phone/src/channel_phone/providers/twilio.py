"""Fetches from Twilio what was recorded in a call to one number of ours.

https://www.twilio.com/docs/voice/api/recording
"""

import httpx

from channel_phone.settings import Account, PhoneSettings
from hub_kit.twilio import Fetcher, trusted


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
        self.account = account

    async def close(self) -> None:
        await self._client.aclose()
        await self._open.aclose()

    async def fetch(self, url: str) -> tuple[bytes, str]:
        """Return what was recorded (WAV), or why it is not there; `Temporary`: it may be, later."""
        return await self._files.fetch(url, self._limit)
