"""Reading over HTTP: lists, conversations, timelines, search."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic_core import to_json

from conversation_store.api.caller import TheOnlooker, TheReader, TheStore, found
from conversation_store.api.document import by_name, problems
from conversation_store.api.shapes import (
    ConversationPage,
    ConversationsFound,
    ConversationShown,
    EntryPage,
    QueuePage,
    SearchAsked,
    WaysShown,
)
from conversation_store.queue import views
from conversation_store.queue.summaries import (
    LIMIT,
    Cursor,
    Filter,
    Search,
    list_conversations,
    search,
)
from conversation_store.reply.ways import show_ways
from conversation_store.show.conversation import show_conversation
from conversation_store.show.others import find_others
from conversation_store.timeline import END, PAGE, Slice, read_page
from hub_contract.errors import Permanent
from hub_contract.refusals import Refusal

ViewName = Literal["mine", "unassigned", "waiting", "callbacks", "snoozed", "closed"]
router = APIRouter(tags=["conversations"], generate_unique_id_function=by_name)


@router.get("/conversations", response_model=ConversationPage, responses=problems())
async def get_conversations(
    store: TheStore,
    caller: TheReader,
    state: Literal["open", "snoozed", "closed"] = "open",
    assignee: Annotated[str | None, Query(max_length=200)] = None,
    *,
    unassigned: bool = False,
    after: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = LIMIT,
) -> Any:
    """List conversations, newest activity first."""
    wanted = Filter(state, assignee, unassigned)
    cursor = Cursor.read(after) if after else None
    return await list_conversations(store.ground, caller.tenant, wanted, cursor, limit)


@router.get("/queue", response_model=QueuePage, responses=problems())
async def get_queue(
    store: TheStore,
    caller: TheReader,
    view: ViewName = "mine",
    *,
    after: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = views.LIMIT,
) -> Response:
    """Show a view of the caller's queue: what she has taken on, what nobody has, who waits."""
    cursor = Cursor.read(after) if after else None
    page = await views.show_queue(store.ground, caller, view, cursor, limit)
    return Response(to_json(page), media_type="application/json")


@router.get(
    "/conversations/{conversation_id}", response_model=ConversationShown, responses=problems(404)
)
async def get_conversation(store: TheStore, caller: TheOnlooker, conversation_id: UUID) -> Any:
    """Show a conversation: whom it is with, what is proposed, what was rearranged."""
    shown = await show_conversation(store.ground, caller.tenant, conversation_id)
    return found(shown)


@router.get(
    "/conversations/{conversation_id}/ways", response_model=WaysShown, responses=problems(404)
)
async def get_ways(store: TheStore, caller: TheReader, conversation_id: UUID) -> Any:
    """Say by which ways an answer may go out, and of every other channel why not."""
    ways = await show_ways(store, caller.tenant, conversation_id)
    return {"ways": found(ways)}


@router.get(
    "/conversations/{conversation_id}/others",
    response_model=ConversationsFound,
    responses=problems(404),
)
async def get_others(store: TheStore, caller: TheReader, conversation_id: UUID) -> Any:
    """List other conversations of the confirmed people of this one, newest activity first."""
    others = await find_others(store.ground, caller.tenant, conversation_id)
    return {"conversations": found(others)}


@router.get(
    "/conversations/{conversation_id}/entries", response_model=EntryPage, responses=problems(404)
)
async def get_entries(
    store: TheStore,
    caller: TheReader,
    *,
    conversation_id: UUID,
    order: Literal["newest", "oldest"] = "newest",
    before: Annotated[int, Query(ge=0, le=END)] = END,
    after: Annotated[int, Query(ge=0, le=END)] = 0,
    limit: Annotated[int, Query(ge=1, le=PAGE)] = PAGE,
) -> Response:
    """Return a page of the timeline; a merged conversation shows what it was merged into."""
    part = Slice(before, after, order == "newest", limit)
    page = found(await read_page(store.ground, caller.tenant, conversation_id, part))
    # As it was written: checking fifty lines again would cost as much as making them.
    return Response(page.json, media_type="application/json")


@router.post("/search", response_model=ConversationsFound, responses=problems())
async def post_search(store: TheStore, caller: TheReader, asked: SearchAsked) -> Any:
    """Find conversations by reference or by contact point."""
    if bool(asked.reference) == bool(asked.address):
        text = "reference, address: give either the one or the other"
        raise Permanent(text, code=Refusal.SEARCH_UNCLEAR)
    kind, value = (asked.address.kind, asked.address.value) if asked.address else (None, "")
    wanted = Search(asked.reference, kind, value)
    return {"conversations": await search(store.ground, caller.tenant, wanted)}
