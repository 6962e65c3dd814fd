"""Talks to Sinch's HTTP interface (Fax API 3.0) for one number of ours, within limits.

https://developers.sinch.com/docs/fax/api-reference/fax. There is no client of Sinch's in Python.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any

import httpx

from channel_fax.numbers import SinchNumber
from channel_fax.providers.answers import ask
from channel_fax.providers.said import Media
from channel_fax.settings import Sinch as SinchSettings
from hub_contract.errors import Temporary
from hub_kit.fetch import Fetcher, trusted
from hub_kit.files import ending_of, type_by_content

_PAGES = 100  # of a log that is read in one look


class Sinch:
    """`httpx.TransportError` from `create`: no answer, or none that can be read."""

    def __init__(self, account: SinchNumber, settings: SinchSettings) -> None:
        section = account.settings
        self.account = account
        self._faxes = f"{settings.api}/v3/projects/{section.project_id}/faxes"
        self._client = httpx.AsyncClient(
            auth=(section.key_id, section.key_secret()),
            timeout=httpx.Timeout(30, connect=10),
            verify=trusted(),
        )
        # It serves files from its own address, so that no other host is ever asked.
        self._files = Fetcher(self._client, self._client, self._faxes, ())

    async def close(self) -> None:
        await self._client.aclose()

    async def create(self, fields: Mapping[str, str], pages: bytes) -> httpx.Response:
        kind = type_by_content(pages)
        files = {"file": (f"fax{ending_of(kind)}", pages, kind)}
        return await self._client.post(self._faxes, data=dict(fields), files=files)

    async def fax(self, fax: str) -> dict[str, Any] | None:
        """Return what Sinch itself says of this fax; None where it knows none.

        `Temporary` where it cannot be asked.
        """
        try:
            answer = await self._client.get(f"{self._faxes}/{fax}")
        except httpx.TransportError as error:
            raise Temporary(f"sinch: {type(error).__name__}") from None
        if answer.status_code == 404:
            return None
        if not answer.is_success:
            raise Temporary(f"sinch: answered {answer.status_code}")
        said = answer.json()
        return said if isinstance(said, dict) else None

    async def faxes(self, since: datetime, **wanted: str) -> AsyncIterator[dict[str, Any]]:
        """Yield what the log has; `Temporary` where it cannot be read."""
        query = {"createTime>": f"{since:%Y-%m-%dT%H:%M:%SZ}", "pageSize": "100", **wanted}
        for number in range(1, _PAGES + 1):
            page = await ask(
                self._client, "sinch", self._faxes, params={**query, "page": str(number)}
            )
            found = page.get("faxes")
            for fax in found if isinstance(found, list) else ():
                if isinstance(fax, dict):
                    yield fax
            if number >= int(page.get("totalPages") or 0):
                return

    async def fetch(self, fax: str, limit: int) -> Media:
        return Media(*await self._files.fetch(f"{self._faxes}/{fax}/file.pdf", limit))
