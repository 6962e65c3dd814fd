"""Talks to LetterXpress for one box of ours; onlinebrief24 has the same interface.

https://www.letterxpress.de/dokumentation/api, version 1: the log-in stands in every body, also of
GET; nobody is called back, so that the lists of jobs are asked. A job is called by `address`.
"""

import base64
import hashlib
from typing import Any

import httpx

from channel_paper.boxes import PaperBox
from channel_paper.settings import PaperSettings
from hub_contract.delivery import Delivery
from hub_contract.errors import Temporary
from hub_kit.fetch import trusted

# In which list a job stands, and what that means; asked in this order.
LISTS = {
    "queue": Delivery.ACCEPTED,
    "hold": Delivery.ACCEPTED,
    "timer": Delivery.ACCEPTED,
    "sent": Delivery.SENT,
    "deleted": Delivery.FAILED,
}
_WITH_DAYS = frozenset({"queue", "sent", "deleted"})


class LetterXpress:
    """`httpx.TransportError` from `set_job`: no answer. From `jobs`: `Temporary`."""

    def __init__(self, box: PaperBox, settings: PaperSettings) -> None:
        self._client = httpx.AsyncClient(timeout=httpx.Timeout(120, connect=10), verify=trusted())
        self._api, self.box = settings.letterxpress, box

    async def close(self) -> None:
        await self._client.aclose()

    async def set_job(self, pdf: bytes, name: str, *, abroad: bool) -> httpx.Response:
        settings, encoded = self.box.settings, base64.b64encode(pdf)
        letter = {
            "base64_file": encoded.decode(),
            # Over the text, not over the file.
            "base64_checksum": hashlib.md5(encoded, usedforsecurity=False).hexdigest(),
            "address": name,
            "specification": {
                "color": "4" if settings.colour else "1",
                "mode": settings.print_mode,
                "ship": "international" if abroad else "national",
            },
        }
        return await self._call("POST", "setJob", {"letter": letter})

    async def jobs(self, which: str, days: int) -> list[dict[str, Any]]:
        """Return the jobs of one list; what it keeps longer than `days` is left out."""
        path = f"getJobs/{which}/{days}" if which in _WITH_DAYS else f"getJobs/{which}"
        try:
            said = told(await self._call("GET", path, {}))
        except httpx.HTTPError as error:
            raise Temporary(f"letterxpress: {type(error).__name__}") from None
        if said.get("status") != 200:
            raise Temporary(f"letterxpress: answered {said.get('status')}")
        found = said.get("jobs")
        return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []

    async def _call(self, method: str, path: str, body: dict[str, Any]) -> httpx.Response:
        settings = self.box.settings
        auth = {"username": settings.username, "apikey": settings.key()}
        return await self._client.request(method, f"{self._api}/{path}", json={"auth": auth} | body)


def told(answer: httpx.Response) -> dict[str, Any]:
    """Return what an answer says; its `status` counts, whatever HTTP's is."""
    try:
        said = answer.json()
    except ValueError:
        said = None
    return said if isinstance(said, dict) else {"status": answer.status_code}
