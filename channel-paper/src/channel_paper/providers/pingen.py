"""Talks to Pingen's HTTP interface for one box of ours.

https://api.pingen.com/documentation, version 2: OAuth 2 client credentials, JSON:API, files by a
place that is given for each. By httpx, not by Pingen's own client: that blocks a thread for each
call.
"""

import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx

from channel_paper.boxes import PaperBox
from channel_paper.settings import PaperSettings
from hub_contract.errors import Temporary
from hub_kit.fetch import trusted

_TYPE = "application/vnd.api+json"
_SPARE = 60  # seconds before its end in which a token is used no more
_PAGES, _PAGE = 50, 100  # of a list that is read in one look


class Pingen:
    """`httpx.TransportError` from `create`: no answer. All else: `Temporary`."""

    def __init__(self, box: PaperBox, settings: PaperSettings) -> None:
        self._client = httpx.AsyncClient(timeout=httpx.Timeout(60, connect=10), verify=trusted())
        self._login = f"{settings.pingen_login}/auth/access-tokens"
        self._api = settings.pingen
        organisation = box.settings.organisation
        self._letters = f"{settings.pingen}/organisations/{organisation}/deliveries/letters"
        self._token, self._until = "", 0.0
        self.box = box

    async def close(self) -> None:
        await self._client.aclose()

    async def upload(self, pdf: bytes) -> Mapping[str, str]:
        """Put the file where Pingen says; return what `create` needs to name it."""
        place = (await self._read(f"{self._api}/file-upload")).get("data", {})
        told = place.get("attributes", {}) if isinstance(place, dict) else {}
        url, signature = str(told.get("url", "")), str(told.get("url_signature", ""))
        try:
            # Where it is put is no interface of Pingen's, and is not told our token.
            (await self._client.put(url, content=pdf)).raise_for_status()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Temporary(f"pingen: upload: {type(error).__name__}") from None
        return {"file_url": url, "file_url_signature": signature}

    async def create(self, attributes: Mapping[str, Any], key: str) -> httpx.Response:
        """Ask for a letter; one with the same `key` is never made twice."""
        headers = await self._headers() | {"Idempotency-Key": key}
        body = {"data": {"type": "letters", "attributes": dict(attributes)}}
        answer = await self._client.post(self._letters, json=body, headers=headers)
        if answer.status_code == 401:
            self._token = ""
        return answer

    async def letters(self) -> AsyncIterator[dict[str, Any]]:
        """Yield all letters, the newest first."""
        for number in range(1, _PAGES + 1):
            query = f"sort=-created_at&page[number]={number}&page[limit]={_PAGE}"
            page = await self._read(f"{self._letters}?{query}")
            found = page.get("data")
            for letter in found if isinstance(found, list) else []:
                yield letter
            if not isinstance(found, list) or len(found) < _PAGE:
                return

    async def letter(self, letter_id: str) -> dict[str, Any]:
        found = (await self._read(f"{self._letters}/{letter_id}")).get("data")
        return found if isinstance(found, dict) else {}

    async def cancel(self, letter_id: str) -> None:
        """Take it back; `Temporary` where it may be tried again."""
        try:
            answer = await self._client.patch(
                f"{self._letters}/{letter_id}/cancel", headers=await self._headers()
            )
        except httpx.HTTPError as error:
            raise Temporary(f"pingen: cancel: {type(error).__name__}") from None
        if answer.status_code >= 500 or answer.status_code in (401, 429):
            raise Temporary(f"pingen: cancel: answered {answer.status_code}")

    async def _read(self, url: str) -> dict[str, Any]:
        try:
            answer = await self._client.get(url, headers=await self._headers())
            if answer.status_code == 401:
                self._token = ""
            answer.raise_for_status()
            said = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise Temporary(f"pingen: {type(error).__name__}") from None
        return said if isinstance(said, dict) else {}

    async def _headers(self) -> dict[str, str]:
        if not self._token or time.monotonic() >= self._until:
            await self._log_in()
        return {"Authorization": f"Bearer {self._token}", "Content-Type": _TYPE, "Accept": _TYPE}

    async def _log_in(self) -> None:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.box.settings.client_id,
            "client_secret": self.box.settings.client_secret(),
        }
        try:
            answer = await self._client.post(self._login, data=form)
            answer.raise_for_status()
            said = answer.json()
            self._token = str(said["access_token"])
            self._until = time.monotonic() + float(said.get("expires_in", 0)) - _SPARE
        except (httpx.HTTPError, ValueError, TypeError, KeyError) as error:
            raise Temporary(f"pingen: log-in: {type(error).__name__}") from None
