"""Talks to Twilio's HTTP interface for one number of ours, within limits.

https://www.twilio.com/docs/messaging/api/message-resource. By httpx, not by Twilio's own client:
that blocks a thread for each call, and takes 0.5 s of processor time to import.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

import httpx

from channel_sms.numbers import Account
from channel_sms.providers.media import Media
from channel_sms.settings import SmsSettings
from hub_contract.errors import Temporary
from hub_contract.words import Cost
from hub_kit.fetch import Fetcher, trusted

VERSION = "2010-04-01"
_PAGES = 100  # of a log that is read in one look


class Twilio:
    """`httpx.TransportError` from any method: no answer, or none that can be read."""

    def __init__(self, account: Account, settings: SmsSettings) -> None:
        self._api, self._sid = settings.twilio, account.settings.account_sid
        self._client = httpx.AsyncClient(
            auth=(self._sid, account.settings.auth_token()),
            timeout=httpx.Timeout(30, connect=10),
            verify=trusted(),
        )
        # For addresses that are not told our token.
        self._open = httpx.AsyncClient(timeout=self._client.timeout, verify=trusted())
        self._files = Fetcher(self._client, self._open, self._api, settings.media_hosts)
        self.account = account

    async def close(self) -> None:
        await self._client.aclose()
        await self._open.aclose()

    async def create(self, fields: Mapping[str, str]) -> httpx.Response:
        return await self._client.post(self._url("Messages.json"), data=dict(fields))

    async def messages(self, **wanted: str) -> AsyncIterator[dict[str, Any]]:
        """Yield what the log has, newest first; `Temporary` where it cannot be read."""
        query = {"PageSize": "200", **wanted}
        url = str(httpx.URL(self._url("Messages.json"), params=query))
        for _ in range(_PAGES):
            page = await self._read(url)
            for message in page.get("messages", []):
                yield message
            if not page.get("next_page_uri"):
                return
            url = self._api + page["next_page_uri"]

    async def message(self, sid: str) -> dict[str, Any]:
        """Return what the log says of one message; `Temporary` where it cannot be read."""
        return await self._read(self._url(f"Messages/{quote(sid, safe='')}.json"))

    async def media_of(self, message: str) -> list[tuple[str, str]]:
        """Return address and media type of all that came with this message."""
        page = await self._read(self._url(f"Messages/{message}/Media.json"))
        return [
            (self._api + str(one["uri"]).removesuffix(".json"), str(one.get("content_type", "")))
            for one in page.get("media_list", [])
        ]

    async def fetch(self, url: str, media_type: str, limit: int) -> Media:
        """Return what lies there, never from a host that is not the provider's.

        `Temporary` where it may be had later.
        """
        return Media(media_type, *await self._files.fetch(url, limit))

    def _url(self, resource: str) -> str:
        return f"{self._api}/{VERSION}/Accounts/{self._sid}/{resource}"

    async def _read(self, url: str) -> dict[str, Any]:
        try:
            answer = await self._client.get(url)
            answer.raise_for_status()
            page = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise Temporary(f"twilio: {type(error).__name__}") from None
        return page if isinstance(page, dict) else {}


def price_of(message: Mapping[str, Any]) -> Cost | None:
    """Return what Twilio says that a message has cost (it writes -0.0075); None: not yet."""
    with suppress(ValueError, ArithmeticError):
        amount = abs(Decimal(str(message.get("price") or "")))
        return Cost(amount=amount, currency=str(message.get("price_unit")).upper())
    return None


def sent_at(message: Mapping[str, Any], otherwise: datetime) -> datetime:
    """Return when a message of the log was sent (RFC 2822), or taken where it was not yet."""
    try:
        return parsedate_to_datetime(str(message.get("date_sent") or message.get("date_created")))
    except ValueError:
        return otherwise
