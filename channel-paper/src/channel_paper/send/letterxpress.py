"""The way out by LetterXpress: hands letters over, looks for those whose answer was lost.

`setJob` has no key against a second one: where its answer was lost all lists are asked, in which a
job is called by our id; what is not found stays `unknown`.
"""

from datetime import UTC, datetime

import httpx

from channel_paper.parse.letterxpress import read_job
from channel_paper.parse.report import Said
from channel_paper.providers.letterxpress import LISTS, LetterXpress, told
from channel_paper.send.house import NOT_SENT, HouseSender
from channel_paper.send.make import make, name_of
from hub_contract.contact_points import contact_point
from hub_contract.delivery import Delivery, Reason
from hub_contract.errors import Temporary
from hub_contract.events import MessageRequested, RequestedContent
from hub_contract.words import ContactKind
from hub_kit.outgoing import Outcome
from hub_print.geometry import Sheet

SHEET = Sheet(marks=False, most_pages=94)  # what goes into a large envelope
_AGAIN = (401, 403, 429, 503)
_REFUSED = {400: Reason.OTHER, 404: Reason.NOT_CONFIGURED, 413: Reason.TOO_LARGE}


class LetterXpressSender(HouseSender[LetterXpress]):
    """`hub_kit.outgoing.Sender`."""

    async def send(self, request: MessageRequested, files: tuple[bytes, ...]) -> Outcome:
        client = self._client(request)
        made = await make(request, files, client.box, SHEET)
        if isinstance(made, Outcome):
            return made
        abroad = _is_abroad(request, client)
        try:
            answer = await client.set_job(made.pdf, name_of(request), abroad=abroad)
        except NOT_SENT as error:
            raise Temporary(f"letterxpress: {type(error).__name__}") from None
        except httpx.TransportError as error:
            return await self._find(request, type(error).__name__)
        status = told(answer).get("status")
        if not isinstance(status, int) or (status >= 500 and status != 503):
            return await self._find(request, f"answered {status}")
        return _outcome(answer, status, made.pages)

    async def look_up(self, request: MessageRequested) -> Outcome | None:
        client = self._client(request)
        days = (datetime.now(UTC) - request.requested_at).days + 2
        for which, status in LISTS.items():
            for job in await client.jobs(which, days):
                said = read_job(job, status, client.box.tenant, client.box.name)
                if said and said.message_id == request.id:
                    return _said(said)
        return None


def _is_abroad(request: MessageRequested, client: LetterXpress) -> bool:
    """Ask whether the last line names a country: inland none is written."""
    assert isinstance(request.content, RequestedContent)
    value = request.content.recipient.value
    inland = "\n".join(value.splitlines()[:-1])
    country = client.box.settings.country or "DE"
    return not contact_point(ContactKind.POSTAL, inland, country).as_written or (
        request.content.recipient.as_written
    )


def _outcome(answer: httpx.Response, status: int, pages: int) -> Outcome:
    said = told(answer)
    if status == 200:
        letter = said.get("letter")
        job = letter.get("job_id", "") if isinstance(letter, dict) else ""
        return Outcome(Delivery.ACCEPTED, external_id=str(job), pages=pages)
    if status in _AGAIN:
        raise Temporary(f"letterxpress: answered {status}")
    reason = _REFUSED.get(status, Reason.OTHER)
    return Outcome(Delivery.FAILED, reason, str(status), str(said.get("message", "")))


def _said(said: Said) -> Outcome:
    return Outcome(said.status, said.reason, external_id=said.external_id, pages=said.pages)
