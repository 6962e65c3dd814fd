"""What the portal asks for one citizen, over HTTP: her conversations, to read and nothing else."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from conversation_store.api.caller import TheCitizen, found
from conversation_store.api.document import by_name, problems
from conversation_store.api.entries import BYTES, download
from conversation_store.api.shapes import (
    MyConversation,
    MyConversations,
    MyEntry,
    MyEntryPage,
    ReadAsked,
    ReadShown,
    StoppedAsked,
    StoppedShown,
)
from conversation_store.readings import Part
from conversation_store.show.mine import (
    list_mine,
    read_mine,
    read_my_file,
    read_my_page,
    report_read,
    show_mine,
    show_my_entry,
    wants_nothing,
)
from conversation_store.timeline import END, PAGE, Slice

router = APIRouter(prefix="/mine", tags=["mine"], generate_unique_id_function=by_name)


@router.get("", response_model=MyConversations, responses=problems())
async def get_mine(citizen: TheCitizen) -> Any:
    """List the conversations of this inbox, the latest message first."""
    return {"conversations": await list_mine(citizen)}


@router.post("/stopped", response_model=StoppedShown, responses=problems())
async def post_stopped(citizen: TheCitizen, asked: StoppedAsked) -> Any:
    """Say whether nothing more may be sent there: the portal asks before it sends a code."""
    kind, value = asked.address.kind, asked.address.value
    return {"stopped": await wants_nothing(citizen, asked.channel, kind, value)}


@router.get("/{conversation_id}", response_model=MyConversation, responses=problems(404))
async def get_my_conversation(citizen: TheCitizen, conversation_id: UUID) -> Any:
    """Show one of them."""
    return found(await show_mine(citizen, conversation_id))


@router.get("/{conversation_id}/entries", response_model=MyEntryPage, responses=problems(404))
async def get_my_entries(
    citizen: TheCitizen,
    *,
    conversation_id: UUID,
    order: Literal["newest", "oldest"] = "newest",
    before: Annotated[int, Query(ge=0, le=END)] = END,
    after: Annotated[int, Query(ge=0, le=END)] = 0,
    limit: Annotated[int, Query(ge=1, le=PAGE)] = PAGE,
) -> Any:
    """Return a page of what she sees of it."""
    part = Slice(before, after, order == "newest", limit)
    return found(await read_mine(citizen, conversation_id, part))


@router.get(
    "/{conversation_id}/entries/{entry_id}", response_model=MyEntry, responses=problems(404)
)
async def get_my_entry(citizen: TheCitizen, conversation_id: UUID, entry_id: UUID) -> Any:
    """Show one entry with its whole text."""
    return found(await show_my_entry(citizen, conversation_id, entry_id))


@router.get(
    "/{conversation_id}/entries/{entry_id}/attachments/{number}",
    response_class=Response,
    responses=BYTES,
)
async def get_my_attachment(
    citizen: TheCitizen,
    conversation_id: UUID,
    entry_id: UUID,
    number: Annotated[int, Path(ge=0, le=10_000)],
) -> Response:
    """Download an attachment; `number` counts from 0."""
    return download(*found(await read_my_file(citizen, conversation_id, entry_id, number)))


@router.get(
    "/{conversation_id}/entries/{entry_id}/pages/{page}/{part}",
    response_class=Response,
    responses=BYTES,
)
async def get_my_page(
    citizen: TheCitizen,
    *,
    conversation_id: UUID,
    entry_id: UUID,
    page: Annotated[int, Path(ge=1, le=100_000)],
    part: Part,
) -> Response:
    """Download a page of her letter or fax as a machine has read it: a picture, or its words."""
    return download(*found(await read_my_page(citizen, conversation_id, entry_id, page, part)))


@router.post("/{conversation_id}/read", response_model=ReadShown, responses=problems(404))
async def post_my_read(citizen: TheCitizen, conversation_id: UUID, asked: ReadAsked) -> Any:
    """Say that she has read what was answered into her inbox, up to this place."""
    return {"messages": found(await report_read(citizen, conversation_id, asked.up_to))}
