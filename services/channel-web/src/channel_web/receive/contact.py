"""The ways to begin: the contact form, the chat, and the slip that both end with."""

from collections.abc import Sequence

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from channel_web.parse import Sent
from channel_web.parse.form import Written, Wrong, read_chat, read_contact
from channel_web.receive.begin import begin
from channel_web.receive.draft import Draft, all_files, empty_form, form_of, keep_files, read_draft
from channel_web.receive.inbox import Slip
from channel_web.receive.session import COOKIE
from channel_web.receive.visit import TheVisit, Visit
from hub_contract.errors import Temporary
from hub_contract.words import MessageKind

router = APIRouter()


@router.get("/kontakt")
async def contact(visit: TheVisit) -> Response:
    """Show the contact form, empty."""
    return _ask_for_cookies(visit, _empty(visit, "contact.html"))


@router.post("/kontakt")
async def send_contact(visit: TheVisit) -> Response:
    """Take the contact form in, or show it again with what is wrong and all that was typed."""
    draft = await read_draft(visit)
    written, faults = read_contact(draft.fields)
    return await _send(visit, draft, MessageKind.FORM, written, faults)


@router.get("/chat")
async def chat(visit: TheVisit) -> Response:
    """Ask for the first line of a chat."""
    return _ask_for_cookies(visit, _empty(visit, "chat.html"))


@router.post("/chat")
async def send_chat(visit: TheVisit) -> Response:
    """Begin a chat, or show its first line again."""
    draft = await read_draft(visit)
    written, faults = read_chat(draft.fields)
    return await _send(visit, draft, MessageKind.CHAT, written, faults)


@router.get("/danke")
async def thanks(visit: TheVisit) -> Response:
    """Show the slip of the form that this browser has just sent."""
    session = visit.open_session
    if session is None or not session.secret:
        return RedirectResponse(f"{visit.prefix}/vorgang", 303)
    return visit.page("thanks.html", slip=Slip(session.inbox, session.secret), is_open=True)


async def _send(
    visit: Visit, draft: Draft, kind: MessageKind, written: Written, wrong: Sequence[Wrong]
) -> Response:
    files, gone = await all_files(visit, draft)
    faults = (*wrong, *draft.faults, *gone)
    if draft.looks or faults:
        return await _again(visit, draft, kind, faults, draft.status)
    try:
        slip = await begin(visit, Sent(draft.token, kind, written, files), draft)
    except Temporary:
        return await _again(visit, draft, kind, (), 503)
    return _tell(visit, slip, kind)


async def _again(
    visit: Visit, draft: Draft, kind: MessageKind, faults: Sequence[Wrong], status: int
) -> Response:
    form = form_of(visit, {**draft.fields, "form": draft.token}, faults)
    kept = await keep_files(visit, draft)
    template = "chat.html" if kind is MessageKind.CHAT else "contact.html"
    answer = visit.page(template, status=status, form=form, kept=kept, away=status == 503)
    if not draft.received.whole:
        answer.headers["Connection"] = "close"  # the rest of it is not read
    return answer


def _empty(visit: Visit, template: str) -> Response:
    answer = visit.page(template, form=empty_form(), kept=(), away=False)
    # There is nothing of anybody on it. Of a page with no-store, browsers forget what was typed.
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


def _tell(visit: Visit, slip: Slip, kind: MessageKind) -> Response:
    """Lead on to the slip or the chat; a browser without cookies gets the slip at once."""
    session = visit.portal.sessions.begin(slip.inbox, slip.secret)
    if COOKIE not in visit.request.cookies:
        return visit.remember(visit.page("thanks.html", slip=slip, is_open=False), session)
    to = "/vorgang/gespraech" if kind is MessageKind.CHAT else "/danke"
    return visit.remember(RedirectResponse(visit.prefix + to, 303), session)


def _ask_for_cookies(visit: Visit, answer: Response) -> Response:
    """Give one that means nothing: whether it comes back says whether a session can be kept."""
    if COOKIE not in visit.request.cookies:
        answer.set_cookie(COOKIE, "-", path=visit.prefix or "/", httponly=True, samesite="lax")
    return answer
