"""The conversation as a citizen has it: to read, to write in, with files, live where possible."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from fastapi import APIRouter, HTTPException, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from channel_web.parse import Context, Sent
from channel_web.parse.form import Written, Wrong, read_answer
from channel_web.parse.uploads import Upload
from channel_web.receive.begin import read_sent
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
from channel_web.receive.keep import Kept
from channel_web.receive.look import look
from channel_web.receive.prompt import prompt
from channel_web.receive.session import Session
from channel_web.receive.visit import TheVisit, Visit
from channel_web.render import by_day, line_of, state_of
from hub_contract.errors import Temporary
from hub_contract.references import show_reference
from hub_contract.words import MessageKind
from hub_pages.form import Form

router = APIRouter()
PIECE = "text/vnd.faden.piece+html"  # what our script asks for: the composer alone


@router.get("/vorgang/gespraech")
@router.get("/vorgang/gespraech/{visit}")
async def conversation(visit: TheVisit) -> Response:
    """Show the conversation of this session."""
    session = visit.open_session
    if visit.is_away:
        raise HTTPException(503, "The database is away")
    if session is None:
        return RedirectResponse(f"{visit.prefix}/vorgang", 303)
    sent = visit.request.query_params.get("gesendet", "")
    return await show(visit, session, form=empty_form(visit), sent=sent)


@router.get("/vorgang/nachricht/{entry}")
async def message(visit: TheVisit, entry: UUID) -> Response:
    """Show one message whole: a page of a conversation cuts very long ones."""
    session = visit.open_session
    if session is None:
        return RedirectResponse(f"{visit.prefix}/vorgang", 303)
    store, tenant, inbox = visit.portal.store, visit.tenant, session.inbox
    found = await store.conversation(tenant, inbox)
    whole = await store.entry(tenant, inbox, found["id"], entry) if found else None
    if whole is None:
        raise HTTPException(404, "Not found")
    await visit.seen(session)
    return visit.page("message.html", line=line_of(whole))


@router.post("/vorgang/gespraech")
@router.post("/vorgang/gespraech/{visit}")
async def write(visit: TheVisit) -> Response:
    """Take a message in; where the session has ended meanwhile, keep it and ask for the digits."""
    draft = await read_draft(visit)
    if draft.left:
        return refuse_left(visit)
    if visit.is_away:
        return _while_away(visit, draft)
    if visit.open_session:
        return await _write(visit, visit.open_session, draft)
    if _wants_piece(visit):
        return Response(status_code=401)  # our script sends the form again, as a page
    return await _keep_for_later(visit, draft)


async def _write(visit: Visit, session: Session, draft: Draft) -> Response:
    files, gone = await all_files(visit, draft)
    written, wrong = read_answer(draft.fields, draft.count)
    faults = (*wrong, *draft.faults, *gone)
    if draft.looks or faults:
        return await _again(visit, session, draft, faults, draft.status)
    try:
        event_id = await _accept(visit, session, draft, written, files)
    except Temporary:
        return await _again(visit, session, draft, (), 503)
    await visit.seen(session)
    if _wants_piece(visit):
        return _composer(visit, empty_form(visit), (), 200)
    to = f"{visit.prefix}/vorgang/gespraech?gesendet={event_id}#nachricht-{event_id}"
    return RedirectResponse(to, 303)


async def show(
    visit: Visit,
    session: Session,
    *,
    form: Form,
    kept: Sequence[Kept] = (),
    status: int = 200,
    sent: str = "",
    unsent: bool = False,
    away: bool = False,
) -> Response:
    """Return the page of a conversation; without the store, all that works without it."""
    seen = await look(visit, session, sent)
    lines = seen.lines
    secret = await _take_secret(visit, session)
    await visit.seen(replace(session, secret=""), seen.name)
    return visit.page(
        "conversation.html",
        status=status,
        form=form,
        kept=kept,
        slip=Slip(session.inbox, secret),
        reference=show_reference(session.inbox.reference),
        subject=seen.found["subject"] if seen.found else "",
        days=by_day(lines, visit.portal.pages.zone),
        older=seen.older,
        is_latest=seen.is_latest,
        last=lines[-1].place if lines else 0,
        state=state_of(seen.found, lines[-1] if lines else None),
        silent=seen.silent,
        sent=bool(sent),
        unsent=unsent,
        away=away,
    )


async def _take_secret(visit: Visit, session: Session) -> str:
    """Return the digits for the first page behind a chat's first line, and for no other."""
    try:
        return await visit.take_secret(session)
    except Temporary:
        return ""  # the next page asks again


async def _accept(
    visit: Visit, session: Session, draft: Draft, written: Written, files: tuple[Upload, ...]
) -> UUID:
    context = Context(
        visit.tenant,
        visit.account.name,
        session.inbox,
        datetime.now(UTC),
        language=visit.language,
        name=session.name,
    )
    arrival = await read_sent(Sent(draft.token, MessageKind.CHAT, written, files), context)
    accepted = await visit.portal.ground.accept(arrival)
    await visit.portal.keep.forget(draft.kept)
    return accepted.event_id


async def _again(
    visit: Visit, session: Session, draft: Draft, faults: Sequence[Wrong], status: int
) -> Response:
    kept, full = await keep_files(visit, draft)
    form = form_of(visit, {**draft.fields, "form": draft.form}, (*faults, *full))
    await visit.seen(session)
    if _wants_piece(visit):
        return closing(draft, _composer(visit, form, kept, status))
    away = status == 503
    return closing(
        draft, await show(visit, session, form=form, kept=kept, status=status, away=away)
    )


def _while_away(visit: Visit, draft: Draft) -> Response:
    """Show what was typed, to be sent again; nobody can say now whose conversation it is."""
    form = form_of(visit, {**draft.fields, "form": draft.form}, draft.faults)
    if _wants_piece(visit):
        return closing(draft, _composer(visit, form, draft.kept, 503))
    page = visit.page("away.html", status=503, form=form, kept=draft.kept, away=True)
    return closing(draft, page)


async def _keep_for_later(visit: Visit, draft: Draft) -> Response:
    kept, full = await keep_files(visit, draft)
    reference = show_reference(visit.session.inbox.reference) if visit.session else ""
    values = {"text": draft.fields.get("text", ""), "form": draft.form, "reference": reference}
    form = form_of(visit, values, full)
    return prompt(visit, form=form, kept=kept, status=403, ended=True, begins=True)


def _wants_piece(visit: Visit) -> bool:
    return PIECE in visit.request.headers.get("accept", "")


def _composer(visit: Visit, form: Form, kept: Sequence[Kept], status: int) -> Response:
    piece = visit.piece("composer.html", form=form, kept=kept, away=status == 503)
    return HTMLResponse(piece, status, {"Cache-Control": "no-store"})
