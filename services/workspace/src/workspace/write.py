"""What an agent writes: a draft that is kept, files, a note, an answer that is held for seconds."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, File, Form, Request, Response, UploadFile
from pydantic import AfterValidator

from hub_contract.channels import LONGEST_TEXT
from hub_contract.errors import Permanent
from hub_contract.fit import FileFacts, Unfit, bare_type
from hub_contract.refusals import Refusal
from hub_pages.caller import Visitor
from hub_pages.refused import REFUSALS
from hub_pages.said import mark
from workspace.act import answer
from workspace.carries import SAID, unfit, unfit_file
from workspace.desk import Desk, TheAgent, TheDesk, is_piece
from workspace.drafts import Draft, add_file, drop_file, keep_draft, read_draft, way_of
from workspace.hold import held_in, hold, id_of, keep_unsent, take_back
from workspace.people import say_here

router = APIRouter()


def _lines(text: str) -> str:
    """Browsers send CRLF (HTML §4.10.21.4): two characters, where a line ends with one."""
    return text.replace("\r\n", "\n")


Words = Annotated[str, AfterValidator(_lines), Form(max_length=2 * LONGEST_TEXT)]
Short = Annotated[str, Form(max_length=500)]
_NEWS = mark(
    "Inzwischen ist eine neue Nachricht eingegangen. Bitte lesen Sie sie, bevor Sie senden."
)
_LATE = mark("Die Antwort ist schon unterwegs und kann nicht mehr zurückgeholt werden.")
_KEPT = mark("Ihr Text ist noch da.")
_NOT_ADDED = mark("»%(name)s« wurde nicht angehängt.")


@router.post("/c/{conversation_id}/draft", status_code=204)
async def post_draft(
    desk: TheDesk,
    agent: TheAgent,
    *,
    conversation_id: UUID,
    text: Words = "",
    subject: Short = "",
    way: Short = "",
    note: Annotated[bool, Form()] = False,
) -> None:
    """Keep what has been typed so far."""
    draft = Draft(text, subject, way, note=note)
    await keep_unsent(desk.ground, agent.caller, conversation_id, draft)
    await say_here(desk.ground.pool, agent.caller, conversation_id, writes=bool(text.strip()))


@router.post("/c/{conversation_id}/files")
async def post_files(
    request: Request,
    desk: TheDesk,
    agent: TheAgent,
    *,
    conversation_id: UUID,
    files: Annotated[list[UploadFile], File()],
    way: Short = "",
) -> Response:
    """Add files to the draft; they are kept like its words."""
    fault = await _add(request, desk, agent, conversation_id, files, way=way)
    return await _files(request, desk, agent, conversation_id, fault)


@router.post("/c/{conversation_id}/files/{file_id}/drop")
async def post_drop(
    request: Request, desk: TheDesk, agent: TheAgent, conversation_id: UUID, file_id: UUID
) -> Response:
    await drop_file(desk.ground.pool, agent.caller, file_id)
    return await _files(request, desk, agent, conversation_id)


async def _files(
    request: Request, desk: Desk, agent: Visitor, conversation_id: UUID, fault: str = ""
) -> Response:
    if not is_piece(request):
        return await answer(request, desk, agent, conversation_id)
    draft = await read_draft(desk.ground.pool, desk.ground.ring, agent.caller, conversation_id)
    shown = {"id": str(conversation_id)}
    return desk.page(request, agent, "_draft_files.html", draft=draft, shown=shown, fault=fault)


async def _add(
    request: Request,
    desk: Desk,
    agent: Visitor,
    conversation_id: UUID,
    files: list[UploadFile],
    *,
    way: str,
) -> str:
    """Add these files; return what is wrong with the first that is not taken, or nothing."""
    say = desk.pages.say(desk.language(request))
    for file in files:
        if not file.filename:
            continue  # an empty field of a form
        if why := await _add_one(desk, agent, conversation_id, file, way):
            return f"{say(_NOT_ADDED) % {'name': file.filename[-255:]}} {say(SAID[why])}"
    return ""


async def _add_one(
    desk: Desk, agent: Visitor, conversation_id: UUID, file: UploadFile, way: str
) -> Unfit | None:
    media_type = bare_type(file.content_type or "") or "application/octet-stream"
    facts = FileFacts(media_type, file.size or 0)
    if unfit_file(way, facts):
        hint = await _has_hint(desk, agent, conversation_id, way)
        if why := unfit_file(way, facts, hint=hint):
            return why  # before it is read into memory
    ground, named = desk.ground, ((file.filename or "")[-255:], media_type)
    where = (ground.pool, ground.ring, agent.caller, conversation_id)
    return await add_file(*where, named=named, data=await file.read())


@router.post("/c/{conversation_id}/write")
async def post_write(
    request: Request,
    desk: TheDesk,
    agent: TheAgent,
    *,
    conversation_id: UUID,
    text: Words = "",
    subject: Short = "",
    way: Short = "",
    seen: Annotated[int, Form(ge=0)] = 0,
    token: Annotated[str, Form(max_length=64)] = "",
    files: Annotated[list[UploadFile] | None, File()] = None,
    note: Annotated[bool, Form()] = False,
    anyway: Annotated[bool, Form()] = False,
) -> Response:
    """Write a note at once, or hold an answer for some seconds and then have it sent."""
    ground = desk.ground
    draft = Draft(text, subject, way, note=note)
    await keep_draft(ground.pool, ground.ring, agent.caller, conversation_id, draft)
    to = "" if note else way
    if fault := await _add(request, desk, agent, conversation_id, files or [], way=to):
        return await answer(request, desk, agent, conversation_id, ("danger", fault, _KEPT))
    if not text.strip():
        empty = REFUSALS[Refusal.TEXT_MISSING]
        return await answer(request, desk, agent, conversation_id, ("danger", empty, ""))
    if why := await _unfit(desk, agent, conversation_id):
        return await answer(request, desk, agent, conversation_id, ("danger", SAID[why], _KEPT))
    if not note and not anyway and await _has_news(desk, agent, conversation_id, seen):
        return await answer(request, desk, agent, conversation_id, ("warning", _NEWS, _KEPT))
    try:
        id_ = id_of(agent.caller, conversation_id, token)
        await _write(desk, agent, conversation_id, draft, id_)
    except Permanent as error:
        refused = ("danger", REFUSALS[error.code], _KEPT)
        return await answer(request, desk, agent, conversation_id, refused)
    return await answer(request, desk, agent, conversation_id)


async def _unfit(desk: Desk, agent: Visitor, conversation_id: UUID) -> Unfit | None:
    """Return the first thing that does not go by the way of the draft, as it is kept."""
    ground = desk.ground
    kept = await read_draft(ground.pool, ground.ring, agent.caller, conversation_id)
    if next(unfit(kept), None) is None:
        return None
    hint = await _has_hint(desk, agent, conversation_id, kept.way)
    return next(unfit(kept, hint=hint), None)


async def _has_hint(desk: Desk, agent: Visitor, conversation_id: UUID, way: str) -> bool:
    """Say whether much may rest in the citizen's inbox, while a hint goes by this way."""
    shown = await desk.store.get(agent.caller, f"/conversations/{conversation_id}/ways")
    return any(one["hint"] for one in shown["ways"] if way_of(one) == way)


async def _write(
    desk: Desk, agent: Visitor, conversation_id: UUID, draft: Draft, id_: UUID
) -> None:
    ground = desk.ground
    if draft.note:
        path = f"/conversations/{conversation_id}/notes"
        await desk.store.post(agent.caller, path, {"text": draft.text}, key=str(id_))
        await keep_draft(ground.pool, ground.ring, agent.caller, conversation_id, Draft())
        return
    reply = reply_of(draft, agent.name)
    seconds = desk.settings.undo_seconds
    await hold(ground, agent.caller, conversation_id, reply, id_=id_, seconds=seconds)


def reply_of(draft: Draft, author: str) -> dict[str, Any]:
    """Return the body of the store's `replies`; an empty way leaves the choice to the store."""
    channel, account, point = [*draft.way.split("/"), "", "", ""][:3]
    reply: dict[str, Any] = {"text": draft.text, "subject": draft.subject, "author_name": author}
    named = {"channel": channel, "account": account, "contact_point": point}
    return reply | {name: value for name, value in named.items() if value}


async def _has_news(desk: Desk, agent: Visitor, conversation_id: UUID, seen: int) -> bool:
    """Say whether somebody outside has written since the page was made."""
    path = f"/conversations/{conversation_id}/entries"
    page = await desk.store.get(agent.caller, path, after=seen, order="oldest")
    return any(entry["direction"] == "in" for entry in page["entries"])


@router.get("/c/{conversation_id}/held")
async def get_held(
    request: Request, desk: TheDesk, agent: TheAgent, conversation_id: UUID
) -> Response:
    """What has not gone out yet; asked again until nothing is left."""
    ground = desk.ground
    held = await held_in(ground.pool, ground.ring, agent.caller.tenant, conversation_id)
    shown = {"id": str(conversation_id)}
    return desk.page(request, agent, "_held.html", held=held, shown=shown)


@router.post("/c/{conversation_id}/held/{held_id}/undo")
async def post_undo(
    request: Request, desk: TheDesk, agent: TheAgent, conversation_id: UUID, held_id: UUID
) -> Response:
    """Take an answer back before it goes out; its words are a draft again."""
    if await take_back(desk.ground, agent.caller, held_id) is None:
        return await answer(request, desk, agent, conversation_id, ("warning", _LATE, ""))
    return await answer(request, desk, agent, conversation_id)
