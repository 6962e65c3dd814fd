"""Uses the citizen's pages as a browser without scripts does, through the one door."""

import re
from dataclasses import dataclass
from html import unescape

import httpx

from hub_contract.errors import Temporary


@dataclass(frozen=True, slots=True)
class Slip:
    """What the citizen takes home; empty where the page did not show it."""

    reference: str = ""
    secret: str = ""


class Portal:
    """One citizen's browser at the pages of one authority."""

    def __init__(self, door: str, tenant: str) -> None:
        self._http = httpx.AsyncClient(
            base_url=f"http://{door}/{tenant}",
            headers={"Accept": "text/html", "Accept-Language": "de", "Origin": f"http://{door}"},
            follow_redirects=True,
            timeout=120,
        )

    async def write(self, form: dict[str, str], file: tuple[str, str, bytes]) -> Slip:
        """Fill in the contact form with a file (name, media type, bytes); return the slip."""
        page = await self._get("/kontakt")
        hidden = {"form": _found(r'name="form" value="([^"]*)"', page)}
        name, media_type, data = file
        page = await self._post("/kontakt", hidden | form, {"files": (name, data, media_type)})
        number, secret = (_found(rf'id="{id_}">([^<]*)<', page) for id_ in _SLIP)
        return Slip(number, secret.replace(" ", ""))

    async def leave(self) -> None:
        await self._post("/vorgang/ende", {})

    async def enter(self, slip: Slip) -> int:
        """Open the conversation by number and digits; return what the page answered."""
        form = {"reference": slip.reference, "secret": slip.secret}
        return (await self._http.post("/vorgang", data=form)).status_code

    async def read(self) -> str:
        """Return the words of the conversation's page, without its tags."""
        return unescape(re.sub(r"<[^<>]+>", " ", await self._get("/vorgang/gespraech")))

    async def answer(self, text: str) -> None:
        page = await self._get("/vorgang/gespraech")
        hidden = {"form": _found(r'name="form" value="([^"]*)"', page)}
        await self._post("/vorgang/gespraech", hidden | {"text": text})

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _get(self, path: str) -> str:
        return _said(await self._http.get(path))

    async def _post(
        self,
        path: str,
        form: dict[str, str],
        files: dict[str, tuple[str, bytes, str]] | None = None,
    ) -> str:
        return _said(await self._http.post(path, data=form, files=files))


_SLIP = ("vorgangsnummer", "geheimzahl")


def _said(answer: httpx.Response) -> str:
    if answer.status_code >= 500:
        raise Temporary(f"the portal answers {answer.status_code}")
    return answer.text


def _found(pattern: str, page: str) -> str:
    match = re.search(pattern, page)
    return unescape(match[1]).strip() if match else ""
