"""«Answer me by SMS»: a number is named, confirmed by a one-time code, and only then written to.

Rule 1. Only whoever has opened the inbox asks for it; nothing is sent to a number whose owner has
        said STOP, and the page does not tell.
Rule 2. The code travels in the SMS and in the form that is sent back, nowhere else.
Rule 3. Once it is confirmed, the store hears of it as of a message: it is how answers go then.
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from fastapi import APIRouter, HTTPException, Response
from fastapi.responses import RedirectResponse

from channel_web.parse import Context, parse_confirmed
from channel_web.parse.form import Wrong, read_code, read_mobile
from channel_web.receive.code import GOOD_FOR, Refused
from channel_web.receive.draft import form_of, read_draft, refuse_left
from channel_web.receive.send_link import ask_for
from channel_web.receive.session import Session
from channel_web.receive.visit import TheVisit, Visit
from hub_contract.channels import TEXTS
from hub_contract.errors import Temporary
from hub_contract.events import RequestedContent
from hub_contract.words import ContactKind, ContactPoint
from hub_pages.form import Form
from hub_pages.said import mark

router = APIRouter()
_MINUTES = int(GOOD_FOR / timedelta(minutes=1))
_TEXT = mark(
    "%(authority)s: Ihr Code ist %(code)s. Er gilt %(minutes)s Minuten. Nicht von Ihnen? Dann"
    " müssen Sie nichts tun."
)


@router.get("/vorgang/sms")
async def ask_number(visit: TheVisit) -> Response:
    """Ask for the number that answers shall go to."""
    return _back(visit) or _page(visit, "number")


@router.post("/vorgang/sms")
async def send_code(visit: TheVisit) -> Response:
    """Send a code to this number, within limits, and ask for it."""
    draft = await read_draft(visit)
    if draft.left:
        return refuse_left(visit)
    session = visit.open_session
    if (back := _back(visit)) or session is None:
        return back or _to(visit, "")
    number, faults = read_mobile(draft.fields, _country(visit))
    try:
        why = None if faults or draft.looks else await _send(visit, session, number)
    except Temporary:
        return _page(visit, "number", form=form_of(visit, draft.fields, ()), status=503)
    if why or faults or draft.looks:
        faults = (*faults, *([Wrong("number", why)] if why else []))
        form, status = form_of(visit, draft.fields, faults), 200 if draft.looks else 422
        return _page(visit, "number", form=form, status=429 if why else status)
    await visit.seen(session)
    return _to(visit, "/sms/code")


@router.get("/vorgang/sms/code")
async def ask_code(visit: TheVisit) -> Response:
    """Ask for the code."""
    return _back(visit) or _page(visit, "code")


@router.post("/vorgang/sms/code")
async def confirm(visit: TheVisit) -> Response:
    """Confirm the number with its code: answers go there from now on."""
    draft = await read_draft(visit)
    if draft.left:
        return refuse_left(visit)
    session = visit.open_session
    if (back := _back(visit)) or session is None:
        return back or _to(visit, "")
    code, faults = read_code(draft.fields)
    try:
        why = None if faults or draft.looks else await _confirm(visit, session, code)
    except Temporary:
        return _page(visit, "code", status=503)
    if why or faults or draft.looks:
        # What was typed is not shown again: a code stands on no page.
        form = form_of(visit, {}, (*faults, *([Wrong("code", why)] if why else [])))
        return _page(visit, "code", form=form, status=200 if draft.looks else 422)
    await visit.seen(session)
    return _page(visit, "done")


async def _send(visit: Visit, session: Session, number: str) -> Refused | None:
    """Send a code; whether its owner wants nothing more stays between us and the store."""
    portal, tenant, inbox = visit.portal, visit.tenant, session.inbox
    point = ContactPoint(kind=ContactKind.PHONE, value=number)
    found = await portal.store.conversation(tenant, inbox)
    stopped = await portal.store.is_stopped(tenant, inbox, TEXTS, point)
    code = await portal.codes.make(tenant, inbox, number, visit.address)
    if isinstance(code, Refused):
        return code
    if not stopped:
        authority = visit.account.display_name
        values = {"authority": authority, "code": code, "minutes": _MINUTES}
        content = RequestedContent(
            recipient=point, text=visit.say(_TEXT) % values, language=visit.language
        )
        conversation = UUID(found["id"]) if found else inbox.portal_id
        sender = visit.account.texts_from
        await ask_for(visit, conversation, TEXTS, sender, content, within=GOOD_FOR)
    return None


async def _confirm(visit: Visit, session: Session, code: str) -> Refused | None:
    portal, tenant = visit.portal, visit.tenant
    confirmed = await portal.codes.check(tenant, session.inbox, code)
    if isinstance(confirmed, Refused):
        return confirmed
    now = datetime.now(UTC)
    context = Context(tenant, visit.account.name, session.inbox, now, begins=False)
    await portal.ground.accept(parse_confirmed(context, confirmed.id, confirmed.number))
    await portal.codes.use(tenant, confirmed)
    return None


def _page(visit: Visit, step: str, *, form: Form | None = None, status: int = 200) -> Response:
    return visit.page(
        "text_me.html",
        status=status,
        step=step,
        form=form or Form({}),
        away=status == 503,
        minutes=_MINUTES,
    )


def _back(visit: Visit) -> Response | None:
    """Return where to go who has opened no inbox; 404 where nobody sends SMS."""
    if not visit.account.texts_from:
        raise HTTPException(404, "Not found")
    if visit.is_away:
        raise HTTPException(503, "The database is away")
    return None if visit.open_session else _to(visit, "")


def _to(visit: Visit, rest: str) -> Response:
    return RedirectResponse(f"{visit.prefix}/vorgang{rest}", 303)


def _country(visit: Visit) -> str:
    return visit.portal.ground.settings.country_of(visit.tenant) or "DE"
