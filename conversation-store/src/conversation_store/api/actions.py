"""What agents do, over HTTP: answer, note, close, assign, confirm, share."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Response

from conversation_store.api.caller import TheCaller, TheStore, found
from conversation_store.api.document import by_name, problems
from conversation_store.api.shapes import (
    AddressAsked,
    AddressMade,
    AssignAsked,
    ConfirmAsked,
    EntryMade,
    NoteAsked,
    ReplyAsked,
    ShareAsked,
    SnoozeAsked,
)
from conversation_store.change import Change, add_address, change, confirm, share
from conversation_store.reply.answer import reply
from conversation_store.reply.choose import Target
from conversation_store.reply.compose import Answer, File
from conversation_store.reply.note import note

router = APIRouter(tags=["actions"], generate_unique_id_function=by_name)
IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        max_length=200,
        description="the same key makes the same entry: sent twice is once",
    ),
]
MADE: dict[int | str, dict[str, Any]] = {
    200: {"description": "It stood already", "model": EntryMade},
    **problems(404),
}


@router.post(
    "/conversations/{conversation_id}/replies",
    status_code=201,
    response_model=EntryMade,
    responses=MADE,
)
async def post_reply(
    store: TheStore,
    caller: TheCaller,
    response: Response,
    *,
    conversation_id: UUID,
    asked: ReplyAsked,
    key: IdempotencyKey = "",
) -> Any:
    """Answer: the entry stands at once, its delivery follows."""
    answer = Answer(
        text=asked.text,
        html=asked.html,
        subject=asked.subject,
        wish=Target(asked.channel or "", asked.account or "", asked.contact_point),
        files=tuple(File(f.file_name, f.media_type, f.data) for f in asked.attachments),
        automatic=asked.automatic,
        author_name=asked.author_name,
    )
    return made(response, found(await reply(store, caller, conversation_id, answer, key)))


@router.post(
    "/conversations/{conversation_id}/notes",
    status_code=201,
    response_model=EntryMade,
    responses=MADE,
)
async def post_note(
    store: TheStore,
    caller: TheCaller,
    response: Response,
    *,
    conversation_id: UUID,
    asked: NoteAsked,
    key: IdempotencyKey = "",
) -> Any:
    """Write a note that stays inside."""
    return made(response, found(await note(store, caller, conversation_id, asked.text, key)))


def made(response: Response, made: tuple[UUID, bool]) -> dict[str, Any]:
    entry_id, new = made
    response.status_code = 201 if new else 200
    return {"entry_id": entry_id, "new": new}


async def _change(store: TheStore, caller: TheCaller, conversation_id: UUID, wish: Change) -> None:
    found(await change(store.ground, caller, conversation_id, wish))


_NOTHING: dict[str, Any] = {"status_code": 204, "responses": problems(404)}


@router.post("/conversations/{conversation_id}/close", **_NOTHING)
async def post_close(store: TheStore, caller: TheCaller, conversation_id: UUID) -> None:
    """Close; the next message from outside opens it again."""
    await _change(store, caller, conversation_id, Change(state="closed"))


@router.post("/conversations/{conversation_id}/reopen", **_NOTHING)
async def post_reopen(store: TheStore, caller: TheCaller, conversation_id: UUID) -> None:
    """Open again what is closed or snoozed."""
    await _change(store, caller, conversation_id, Change(state="open"))


@router.post("/conversations/{conversation_id}/snooze", **_NOTHING)
async def post_snooze(
    store: TheStore, caller: TheCaller, conversation_id: UUID, asked: SnoozeAsked
) -> None:
    """Put aside until then, or until the next message from outside."""
    wish = Change(state="snoozed", snoozed_until=asked.until)
    await _change(store, caller, conversation_id, wish)


@router.post("/conversations/{conversation_id}/assign", **_NOTHING)
async def post_assign(
    store: TheStore, caller: TheCaller, conversation_id: UUID, asked: AssignAsked
) -> None:
    """Say who takes care of it; null: nobody yet."""
    wish = Change(assign=True, assignee=asked.assignee)
    await _change(store, caller, conversation_id, wish)


@router.post("/conversations/{conversation_id}/read", **_NOTHING)
async def post_read(store: TheStore, caller: TheCaller, conversation_id: UUID) -> None:
    """Say that somebody has read it up to here."""
    await _change(store, caller, conversation_id, Change(read=True))


@router.post("/conversations/{conversation_id}/confirm", **_NOTHING)
async def post_confirm(
    store: TheStore, caller: TheCaller, conversation_id: UUID, asked: ConfirmAsked
) -> None:
    """Confirm that a contact point belongs to this conversation: it may be answered now."""
    found(
        await confirm(
            store.ground,
            caller,
            conversation_id,
            asked.contact_point,
            confirmed=asked.confirmed,
        )
    )


@router.post(
    "/conversations/{conversation_id}/addresses",
    response_model=AddressMade,
    responses=problems(404, 422),
)
async def post_address(
    store: TheStore, caller: TheCaller, conversation_id: UUID, asked: AddressAsked
) -> dict[str, UUID]:
    """Write down where letters of this conversation may go, as a scan or a caller says."""
    name = asked.name or asked.address.replace("\n", ",").partition(",")[0].strip()
    made = await add_address(store.ground, caller, conversation_id, asked.address, name)
    return {"contact_point": found(made)}


@router.post("/conversations/{conversation_id}/share", **_NOTHING)
async def post_share(
    store: TheStore, caller: TheCaller, conversation_id: UUID, asked: ShareAsked
) -> None:
    """Say whether many people write by a mail address of this conversation, or one, from now on."""
    point, shared = asked.contact_point, asked.shared
    found(await share(store.ground, caller, conversation_id, point, shared=shared))
