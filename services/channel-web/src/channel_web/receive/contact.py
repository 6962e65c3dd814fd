"""The ways to begin: the contact form, the chat, and the slip that both end with."""

from collections.abc import Sequence

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from channel_web.parse import Sent
from channel_web.parse.form import Written, Wrong, read_chat, read_contact
from channel_web.receive.begin import begin
from channel_web.receive.draft import (
    Draft,
    all_files,
    closing,
    empty_form,
    form_of,
    keep_files,
    read_draft,
    refuse_left,
)
from channel_web.receive.inbox import Slip
from channel_web.receive.visit import TheVisit, Visit
from hub_contract.errors import Temporary
from hub_contract.words import MessageKind

router = APIRouter()


@router.get("/kontakt")
@router.get("/kontakt/{visit}")
async def contact(visit: TheVisit) -> Response:
    """Show the contact form; who has chosen a matter of the authority's list has its subject."""
    matter = visit.account.face.matters.get(visit.request.query_params.get("anliegen", ""))
    return _empty(visit, "contact.html", matter.title.read(visit.language) if matter else "")


@router.post("/kontakt")
@router.post("/kontakt/{visit}")
async def send_contact(visit: TheVisit) -> Response:
    """Take the contact form in, or show it again with what is wrong and all that was typed."""
    draft = await read_draft(visit)
    if draft.left:
        return refuse_left(visit)
    written, faults = read_contact(draft.fields)
    return await _send(visit, draft, MessageKind.FORM, written, faults)


@router.get("/chat")
@router.get("/chat/{visit}")
async def chat(visit: TheVisit) -> Response:
    """Ask for the first line of a chat."""
    return _empty(visit, "chat.html")


@router.post("/chat")
@router.post("/chat/{visit}")
async def send_chat(visit: TheVisit) -> Response:
    """Begin a chat, or show its first line again."""
    draft = await read_draft(visit)
    if draft.left:
        return refuse_left(visit)
    written, faults = read_chat(draft.fields)
    return await _send(visit, draft, MessageKind.CHAT, written, faults)


@router.get("/danke")
async def thanks(visit: TheVisit) -> Response:
    """Show the slip of the form that this browser has just sent, once; then say that it was."""
    session = visit.open_session
    if session is None:
        return RedirectResponse(f"{visit.prefix}/vorgang", 303)
    secret = await visit.take_secret(session)
    return visit.page("thanks.html", slip=Slip(session.inbox, secret), is_open=True)


async def _send(
    visit: Visit, draft: Draft, kind: MessageKind, written: Written, wrong: Sequence[Wrong]
) -> Response:
    files, gone = await all_files(visit, draft)
    faults = (*wrong, *draft.faults, *gone)
    if draft.looks or faults:
        return await _again(visit, draft, kind, faults, draft.status)
    try:
        slip = await begin(visit, Sent(draft.token, kind, written, files), draft)
        return await _tell(visit, slip, kind)
    except Temporary:
        return await _again(visit, draft, kind, (), 503)


async def _again(
    visit: Visit, draft: Draft, kind: MessageKind, faults: Sequence[Wrong], status: int
) -> Response:
    kept, full = await keep_files(visit, draft)
    form = form_of(visit, {**draft.fields, "form": draft.form}, (*faults, *full))
    template = "chat.html" if kind is MessageKind.CHAT else "contact.html"
    page = visit.page(template, status=status, form=form, kept=kept, away=status == 503)
    return closing(draft, page)


def _empty(visit: Visit, template: str, subject: str = "") -> Response:
    """Return a form to be filled in; it is bound to a visit, which may begin here."""
    inside = visit.begun()
    page = inside.page(template, form=empty_form(visit, subject), kept=(), away=False)
    return page if inside is visit else inside.keep_visit(page)


async def _tell(visit: Visit, slip: Slip, kind: MessageKind) -> Response:
    """Lead on to the slip or the chat; a browser without cookies gets the slip at once.

    Who sends a form again whose digits were shown is told so: nothing is opened by that.
    """
    if not visit.browser.visit:
        first = await visit.portal.inboxes.show(visit.tenant, slip.inbox)
        return visit.page(
            "thanks.html", slip=slip if first else Slip(slip.inbox, ""), is_open=False
        )
    is_open = visit.open_session is not None and visit.open_session.inbox == slip.inbox
    if slip.shown and not is_open:
        return visit.page("thanks.html", slip=Slip(slip.inbox, ""), is_open=False)
    to = "/vorgang/gespraech" if kind is MessageKind.CHAT else "/danke"
    answer = RedirectResponse(visit.prefix + to, 303)
    if not is_open:
        _, _, write = await visit.enter(slip.inbox, slip.secret)
        write(answer)
    return answer
