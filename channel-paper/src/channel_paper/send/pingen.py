"""The way out by Pingen: hands letters over, and says in our words what it answered.

Rule 1. Until `create` is called nothing was sent: whatever fails before it is tried again.
Rule 2. An answer that was lost: Pingen's list is asked, where each letter is called by our id; what
        is not found stays `unknown` until a hook tells. `Idempotency-Key` keeps a second one away.
"""

from datetime import datetime, timedelta
from typing import Any

import httpx

from channel_paper.parse.pingen import read_letter
from channel_paper.parse.report import Said
from channel_paper.providers.pingen import Pingen
from channel_paper.providers.pingen_codes import refusal_of
from channel_paper.send.house import NOT_SENT, HouseSender
from channel_paper.send.make import make, name_of
from hub_contract.delivery import Delivery
from hub_contract.errors import Temporary
from hub_contract.events import MessageRequested
from hub_kit.outgoing import Outcome
from hub_print.geometry import Sheet

SHEET = Sheet(marks=False, most_bytes=8_000_000)  # a machine folds; Pingen takes 8 MB
_CLOCKS = timedelta(hours=1)  # by which Pingen's may differ from ours


class PingenSender(HouseSender[Pingen]):
    """`hub_kit.outgoing.Sender`."""

    async def send(self, request: MessageRequested, files: tuple[bytes, ...]) -> Outcome:
        client = self._client(request)
        made = await make(request, files, client.box, SHEET)
        if isinstance(made, Outcome):
            return made
        wanted = {**await client.upload(made.pdf), **_wishes(request, client)}
        try:
            answer = await client.create(wanted, str(request.id))
        except NOT_SENT as error:
            raise Temporary(f"pingen: {type(error).__name__}") from None
        except httpx.TransportError as error:
            return await self._find(request, type(error).__name__)
        if answer.status_code >= 500 and answer.status_code != 503:
            return await self._find(request, f"answered {answer.status_code}")
        return _outcome(answer, client)

    async def look_up(self, request: MessageRequested) -> Outcome | None:
        client = self._client(request)
        name, since = name_of(request), request.requested_at - _CLOCKS
        async for letter in client.letters():
            told = letter.get("attributes", {})
            if told.get("file_original_name") == name:
                said = read_letter(letter, client.box.tenant, client.box.name)
                return _said(said) if said else None
            if _before(str(told.get("created_at", "")), since):
                return None
        return None


def _wishes(request: MessageRequested, client: Pingen) -> dict[str, Any]:
    settings = client.box.settings
    return {
        "file_original_name": name_of(request),
        "address_position": "left",
        "auto_send": True,
        "delivery_product": settings.product,
        "print_mode": settings.print_mode,
        "print_spectrum": settings.print_spectrum,
    }


def _outcome(answer: httpx.Response, client: Pingen) -> Outcome:
    told = _json(answer)
    if answer.is_success:
        said = read_letter(told.get("data", {}), client.box.tenant, client.box.name)
        return _said(said) if said else Outcome(Delivery.ACCEPTED)
    if answer.status_code in (401, 429, 503):
        wait = answer.headers.get("retry-after", "")
        raise Temporary(
            f"pingen: answered {answer.status_code}",
            retry_after=float(wait) if wait.isdecimal() else 0,
        )
    errors = told.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else errors
    why = first if isinstance(first, dict) else {}
    return Outcome(
        Delivery.FAILED,
        refusal_of(answer.status_code),
        str(why.get("code") or answer.status_code),
        str(why.get("detail") or why.get("title") or ""),
    )


def _said(said: Said) -> Outcome:
    return Outcome(
        said.status, said.reason, said.code, external_id=said.external_id, pages=said.pages
    )


def _before(written: str, since: datetime) -> bool:
    try:
        return datetime.fromisoformat(written) < since
    except (ValueError, TypeError):
        return False


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        said = answer.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
