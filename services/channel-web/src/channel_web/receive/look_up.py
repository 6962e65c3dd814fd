"""The way back without an account: number and six digits open the conversation."""

from datetime import UTC, datetime

import structlog
from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from channel_web.parse import Context, Inbox, parse_block
from channel_web.parse.form import Wrong
from channel_web.receive.block import Limit
from channel_web.receive.conversation import show
from channel_web.receive.draft import Draft, form_of, read_draft
from channel_web.receive.prompt import prompt
from channel_web.receive.visit import TheVisit, Visit
from hub_contract.errors import Permanent, Temporary
from hub_contract.references import normalise_reference, show_reference
from hub_pages.form import Form

router = APIRouter()
log = structlog.get_logger()


@router.get("/vorgang")
async def look_up(visit: TheVisit) -> Response:
    """Ask for number and digits; where a session has ended, for the digits alone."""
    if visit.open_session:
        return RedirectResponse(f"{visit.prefix}/vorgang/gespraech", 303)
    return prompt(visit, form=Form({"reference": _known(visit)}))


@router.post("/vorgang")
async def open_inbox(visit: TheVisit) -> Response:
    """Open the inbox, or say what is wrong: the same for a wrong number and wrong digits."""
    draft = await read_draft(visit)
    reference, secret, faults = _read(draft)
    if faults:
        form = form_of(visit, draft.fields, faults)
        return prompt(visit, form=form, kept=draft.kept, status=422)
    attempt = await visit.portal.blocks.begin(visit.tenant, reference, visit.address)
    if attempt.shut_until:
        return _shut(visit, draft, attempt.shut_until)
    inbox = await visit.portal.inboxes.find(visit.tenant, reference, secret)
    if inbox is None:
        if attempt.last:
            return _shut(visit, draft, await _tell_agent(visit, reference, attempt.last))
        form = form_of(visit, draft.fields, ())
        return prompt(visit, form=form, kept=draft.kept, status=403, wrong=True)
    await visit.portal.blocks.forgive(visit.tenant, attempt)
    return await _enter(visit, inbox, draft)


@router.post("/vorgang/ende")
async def leave(visit: TheVisit) -> Response:
    """End the session: the next one at this computer needs number and digits."""
    answer = visit.page("left.html")
    visit.portal.sessions.end(answer, visit.prefix)
    return answer


def _known(visit: Visit) -> str:
    return show_reference(visit.session.inbox.reference) if visit.session else ""


def _read(draft: Draft) -> tuple[str, str, list[Wrong]]:
    """Return number and digits; what cannot be right is told at once and counted nowhere."""
    typed = draft.fields.get("reference", "").strip()
    reference = normalise_reference(typed) or ""
    secret = "".join(draft.fields.get("secret", "").split())
    faults = []
    if not reference:
        faults.append(Wrong("reference", _fault_of(typed)))
    if len(secret) != 6 or not (secret.isascii() and secret.isdigit()):
        faults.append(Wrong("secret", "secret_wrong" if secret else "secret_missing"))
    return reference, secret, faults


def _fault_of(reference: str) -> str:
    if not reference:
        return "reference_missing"
    digits = sum(letter.isdigit() for letter in reference)
    return "reference_wrong" if digits == 12 else "reference_length"


def _shut(visit: Visit, draft: Draft, until: datetime) -> Response:
    form = form_of(visit, draft.fields, ())
    answer = prompt(visit, form=form, kept=draft.kept, status=429, shut=until)
    answer.headers["Retry-After"] = str(max(1, int((until - datetime.now(UTC)).total_seconds())))
    return answer


async def _tell_agent(visit: Visit, reference: str, limit: Limit) -> datetime:
    """Note the block in the conversation, if there is one; return how long it lasts."""
    now = datetime.now(UTC)
    until = now + limit.within
    inbox = await visit.portal.inboxes.of_reference(visit.tenant, reference)
    if inbox:
        context = Context(visit.tenant, visit.account.name, inbox, now)
        block = parse_block(context, until.astimezone(visit.portal.pages.zone))
        try:
            await visit.portal.ground.accept(block)
        except (Temporary, Permanent) as error:
            log.warning("a block could not be noted", error=type(error).__name__)
    return until


async def _enter(visit: Visit, inbox: Inbox, draft: Draft) -> Response:
    session = visit.portal.sessions.begin(inbox)
    if draft.fields.get("text") or draft.kept:
        form = form_of(visit, {**draft.fields, "form": draft.token}, ())
        return await show(visit, session, form=form, kept=draft.kept, unsent=True)
    to = f"{visit.prefix}/vorgang/gespraech"
    return visit.remember(RedirectResponse(to, 303), session)
