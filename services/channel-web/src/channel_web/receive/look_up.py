"""The way back without an account: number and six digits open the conversation."""

from datetime import UTC, datetime

import structlog
from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from channel_web.parse import Context, Inbox, parse_block
from channel_web.parse.form import Wrong
from channel_web.receive.block import Limit
from channel_web.receive.conversation import show
from channel_web.receive.draft import Draft, form_of, read_draft, refuse_left
from channel_web.receive.known import known_cookie
from channel_web.receive.prompt import prompt
from channel_web.receive.visit import Portal, TheVisit, Visit
from channel_web.settings import Account
from hub_contract.errors import Permanent, Temporary
from hub_contract.invisible import without_invisible
from hub_contract.references import normalise_reference
from hub_pages.form import Form

router = APIRouter()
log = structlog.get_logger()


@router.get("/vorgang")
async def look_up(visit: TheVisit) -> Response:
    """Ask for number and digits; of a session that has ended nothing is shown unasked."""
    if visit.open_session:
        return RedirectResponse(f"{visit.prefix}/vorgang/gespraech", 303)
    return prompt(visit, form=Form({}), begins=True)


@router.post("/vorgang")
async def open_inbox(visit: TheVisit) -> Response:
    """Open the inbox, or say what is wrong: the same for a wrong number and wrong digits."""
    draft = await read_draft(visit)
    if draft.left:
        return refuse_left(visit)
    reference, secret, faults = _read(draft)
    if faults:
        form = form_of(visit, draft.fields, faults)
        return prompt(visit, form=form, kept=draft.kept, status=422)
    portal, tenant = visit.portal, visit.tenant
    ways = await portal.known.ways(tenant, known_cookie(visit.request), reference)
    attempt = await portal.blocks.begin(tenant, reference, visit.address, ways)
    if attempt.shut_until:
        return _shut(visit, draft, attempt.shut_until)
    inbox = await portal.inboxes.find(tenant, reference, secret)
    if inbox is None:
        if attempt.last:
            until = await tell_agent(portal, visit.account, reference, attempt.last)
            return _shut(visit, draft, until)
        form = form_of(visit, draft.fields, ())
        return prompt(visit, form=form, kept=draft.kept, status=403, wrong=True)
    await portal.blocks.forgive(tenant, attempt)
    return await _enter(visit, inbox, draft)


def _read(draft: Draft) -> tuple[str, str, list[Wrong]]:
    """Return number and digits; what cannot be right is told at once and counted nowhere."""
    reference, faults = read_reference(draft.fields.get("reference", ""))
    secret = "".join(without_invisible(draft.fields.get("secret", "")).split())
    if len(secret) != 6 or not (secret.isascii() and secret.isdigit()):
        faults.append(Wrong("secret", "secret_wrong" if secret else "secret_missing"))
    return reference, secret, faults


def read_reference(typed: str) -> tuple[str, list[Wrong]]:
    """Return the number in twelve bare digits, or what is wrong with it."""
    reference = normalise_reference(typed.strip()) or ""
    return reference, [] if reference else [Wrong("reference", _fault_of(typed.strip()))]


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


async def tell_agent(portal: Portal, account: Account, reference: str, limit: Limit) -> datetime:
    """Note the block in the conversation, if there is one; return how long it lasts."""
    now = datetime.now(UTC)
    until = now + limit.within
    inbox = await portal.inboxes.of_reference(account.tenant, reference)
    if inbox:
        context = Context(account.tenant, account.name, inbox, now)
        block = parse_block(context, until.astimezone(portal.pages.zone))
        try:
            await portal.ground.accept(block)
        except (Temporary, Permanent) as error:
            log.warning("a block could not be noted", error=type(error).__name__)
    return until


async def _enter(visit: Visit, inbox: Inbox, draft: Draft) -> Response:
    """Lead on to the conversation; a text that waited for the digits is shown there, to be sent."""
    session, browser, write = await visit.enter(inbox)
    if draft.fields.get("text") or draft.kept:
        inside = visit.as_of(browser)
        token = inside.new_form()
        bound = visit.portal.forms.page(visit.tenant, token, browser.visit)
        kept = visit.portal.keep.carry(visit.tenant, bound, draft.kept)
        form = form_of(visit, {**draft.fields, "form": token}, ())
        answer = await show(inside, session, form=form, kept=kept, unsent=True)
    else:
        answer = RedirectResponse(f"{visit.prefix}/vorgang/gespraech", 303)
    write(answer)
    return answer
