"""Talks to Twilio's HTTP interface for one number of ours, within limits.

https://www.twilio.com/docs/messaging/api/message-resource. By httpx, not by Twilio's own client:
that blocks a thread for each call, and takes 0.5 s of processor time to import.
"""

import ssl
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx

from channel_sms.numbers import Account
from channel_sms.providers.media import Media
from channel_sms.settings import SmsSettings
from hub_contract.errors import Temporary

VERSION = "2010-04-01"
_HOPS = 3  # from the interface to where a picture lies
_PAGES = 100  # of a log that is read in one look
_GONE = frozenset({401, 403, 404, 410})


class Twilio:
    """`httpx.TransportError` from any method: no answer, or none that can be read."""

    def __init__(self, account: Account, settings: SmsSettings) -> None:
        self._api, self._sid = settings.twilio, account.settings.account_sid
        self._media_hosts = (*settings.media_hosts, str(urlsplit(self._api).hostname))
        self._client = httpx.AsyncClient(
            auth=(self._sid, account.settings.auth_token()),
            timeout=httpx.Timeout(30, connect=10),
            verify=_trusted(),
        )
        # For addresses that are not told our token.
        self._open = httpx.AsyncClient(timeout=self._client.timeout, verify=_trusted())
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
        for _ in range(_HOPS):
            if not self._is_theirs(url):
                return Media(media_type, fault="missing")
            client = self._client if url.startswith(f"{self._api}/") else self._open
            try:
                async with client.stream("GET", url) as answer:
                    if answer.is_redirect:
                        url = str(answer.url.join(answer.headers.get("location", "")))
                        continue
                    return await _read_media(answer, media_type, limit)
            except (httpx.TransportError, httpx.InvalidURL) as error:
                raise Temporary(f"media: {type(error).__name__}") from None
        return Media(media_type, fault="missing")

    def _is_theirs(self, url: str) -> bool:
        try:
            host = urlsplit(url).hostname or ""
        except ValueError:
            return False
        known = any(host == one or host.endswith(f".{one}") for one in self._media_hosts)
        return known and url.startswith(("https://", f"{self._api}/"))

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


def sent_at(message: Mapping[str, Any], otherwise: datetime) -> datetime:
    """Return when a message of the log was sent (RFC 2822), or taken where it was not yet."""
    try:
        return parsedate_to_datetime(str(message.get("date_sent") or message.get("date_created")))
    except ValueError:
        return otherwise


@cache
def _trusted() -> ssl.SSLContext:
    """Return whose certificates are right: read once, for the numbers of all authorities."""
    return httpx.create_ssl_context()


async def _read_media(answer: httpx.Response, media_type: str, limit: int) -> Media:
    if answer.status_code in _GONE:
        return Media(media_type, fault="missing")
    if not answer.is_success:
        raise Temporary(f"media: answered {answer.status_code}")
    data = bytearray()
    async for piece in answer.aiter_bytes():
        data += piece
        if len(data) > limit:
            return Media(media_type, fault="too_large")
    return Media(media_type, bytes(data))
