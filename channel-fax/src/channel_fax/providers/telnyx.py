"""Talks to Telnyx's HTTP interface for one number of ours, within limits.

https://developers.telnyx.com/api-reference. By httpx, not by Telnyx's own client, which takes two
seconds of processor time to import; our tests ask the pretend Telnyx by that client.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx

from channel_fax.numbers import TelnyxNumber
from channel_fax.providers.answers import ask, later, read_json
from channel_fax.providers.said import Media, text
from channel_fax.settings import Telnyx as TelnyxSettings
from hub_contract.errors import Permanent, Temporary
from hub_kit.fetch import Fetcher, trusted
from hub_kit.files import ending_of, type_by_content

_PAGES = 100  # of a log that is read in one look
_KEPT = 24 * 3_600  # seconds that Telnyx keeps a file of ours; a fax may wait in its queue


class Telnyx:
    """`httpx.TransportError` from `create`: no answer, or none that can be read."""

    def __init__(self, account: TelnyxNumber, settings: TelnyxSettings) -> None:
        self.account, self._api = account, f"{settings.api}/v2"
        bearer = {"Authorization": f"Bearer {account.settings.api_key()}"}
        timeout = httpx.Timeout(30, connect=10)
        self._client = httpx.AsyncClient(headers=bearer, timeout=timeout, verify=trusted())
        # For addresses that are not told our key.
        self._open = httpx.AsyncClient(timeout=timeout, verify=trusted())
        self._files = Fetcher(self._client, self._open, self._api, settings.media_hosts)

    async def close(self) -> None:
        await self._client.aclose()
        await self._open.aclose()

    async def upload(self, message: UUID, pages: bytes) -> str:
        """Lay the pages down at Telnyx, where our key alone reads them; return their name.

        `Temporary`: not there, and nothing is sent. No address of ours that anybody could read is
        given away, as `media_url` would want.
        """
        form = {"media_name": str(message), "ttl_secs": str(_KEPT)}
        kind = type_by_content(pages)
        files = {"media": (f"{message}{ending_of(kind)}", pages, kind)}
        try:
            answer = await self._client.post(f"{self._api}/media", data=form, files=files)
        except httpx.TransportError as error:
            raise Temporary(f"telnyx: {type(error).__name__}") from None
        if answer.status_code in (400, 413, 422):
            raise Permanent(f"telnyx: answered {answer.status_code}: {fault_of(answer)[1]}")
        if not answer.is_success:
            raise later("telnyx", answer)
        data = read_json(answer).get("data")
        return (text(data, "media_name") if isinstance(data, dict) else "") or str(message)

    async def create(self, fields: Mapping[str, object]) -> httpx.Response:
        return await self._client.post(f"{self._api}/faxes", json=dict(fields))

    async def faxes(self, since: datetime, **wanted: str) -> AsyncIterator[dict[str, Any]]:
        """Yield what the log has; `Temporary` where it cannot be read."""
        query = {
            "filter[created_at][gte]": since.isoformat(),
            **{f"filter[{name}][eq]": value for name, value in wanted.items()},
        }
        for number in range(1, _PAGES + 1):
            page = await ask(
                self._client,
                "telnyx",
                f"{self._api}/faxes",
                params={**query, "page[number]": number, "page[size]": 100},
            )
            found, meta = page.get("data"), page.get("meta")
            for fax in found if isinstance(found, list) else ():
                if isinstance(fax, dict):
                    yield fax
            if not isinstance(meta, dict) or number >= int(meta.get("total_pages") or 0):
                return

    async def renew(self, fax: str) -> str:
        """Return a new link to the file of a fax whose link has run out; "" where there is none."""
        try:
            await self._client.post(f"{self._api}/faxes/{fax}/actions/refresh")
        except httpx.TransportError as error:
            raise Temporary(f"telnyx: {type(error).__name__}") from None
        data = (await ask(self._client, "telnyx", f"{self._api}/faxes/{fax}")).get("data")
        return text(data, "media_url") if isinstance(data, dict) else ""

    async def fetch(self, url: str, limit: int) -> Media:
        """Return what lies there, never from a host that is not Telnyx's.

        `Temporary` where it may be had later: once the settings name the host, too.
        """
        if url and not self._files.is_theirs(url):
            host = httpx.URL(url).host if url.startswith("https://") else "no https"
            raise Temporary(
                f"media: {host} is none of services.channel_fax.telnyx.media_hosts; "
                "add it there if it is Telnyx's"
            )
        data, fault = await self._files.fetch(url, limit) if url else (b"", "missing")
        return Media(data, fault)


def fault_of(answer: httpx.Response) -> tuple[str, str]:
    """Return code and words of the first error that Telnyx answers."""
    errors = read_json(answer).get("errors")
    first = errors[0] if isinstance(errors, list) and errors else {}
    if not isinstance(first, dict):
        return "", ""
    return str(first.get("code") or "")[:100], text(first, "detail") or text(first, "title")
