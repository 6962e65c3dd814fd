"""Putting in order over HTTP: merge, split, move, undo; link and part; decide proposals."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter

from conversation_store.api.caller import TheCaller, TheStore, found
from conversation_store.api.document import by_name, problems
from conversation_store.api.shapes import (
    DecideAsked,
    LinkAsked,
    Linked,
    MergeAsked,
    MoveAsked,
    Rearranged,
    SplitAsked,
)
from conversation_store.rearrange.merge import merge, move, split, undo
from conversation_store.rearrange.unite import decide, part, unite

router = APIRouter(tags=["rearrangements"], generate_unique_id_function=by_name)
_DONE: dict[str, Any] = {"response_model": Rearranged, "responses": problems(404)}
_NOTHING: dict[str, Any] = {"status_code": 204, "responses": problems(404)}


@router.post("/conversations/{conversation_id}/merge", **_DONE)
async def post_merge(
    store: TheStore, caller: TheCaller, conversation_id: UUID, asked: MergeAsked
) -> Any:
    """Put all of this conversation into another one; every channel goes on answering."""
    return found(await merge(store.ground.pool, caller, conversation_id, asked.into))


@router.post("/conversations/{conversation_id}/split", **_DONE)
async def post_split(
    store: TheStore, caller: TheCaller, conversation_id: UUID, asked: SplitAsked
) -> Any:
    """Put some entries into a conversation of their own, with a new reference."""
    return found(await split(store.ground, caller, conversation_id, asked.entries))


@router.post("/entries/{entry_id}/move", **_DONE)
async def post_move(store: TheStore, caller: TheCaller, entry_id: UUID, asked: MoveAsked) -> Any:
    """Put one entry into another conversation."""
    return found(await move(store.ground, caller, entry_id, asked.to))


@router.post("/rearrangements/{rearrangement_id}/undo", **_DONE)
async def post_undo(store: TheStore, caller: TheCaller, rearrangement_id: UUID) -> Any:
    """Take a merge, split or move back; the latest first."""
    return found(await undo(store.ground.pool, caller, rearrangement_id))


@router.post(
    "/contact-points/{contact_point_id}/link", response_model=Linked, responses=problems(404)
)
async def post_link(
    store: TheStore, caller: TheCaller, contact_point_id: UUID, asked: LinkAsked
) -> Any:
    """Say that two contact points belong to one person or organisation, and why."""
    pool = store.ground.pool
    return found(await unite(pool, caller, contact_point_id, asked.other, asked.reason))


@router.post("/links/{link_id}/undo", **_NOTHING)
async def post_unlink(store: TheStore, caller: TheCaller, link_id: UUID) -> None:
    """Take a link back."""
    found(await part(store.ground.pool, caller, link_id))


@router.post("/proposals/{proposal_id}/decide", **_NOTHING)
async def post_decide(
    store: TheStore, caller: TheCaller, proposal_id: UUID, asked: DecideAsked
) -> None:
    """Put a proposal away; what is accepted is carried out by merge or link."""
    found(await decide(store.ground.pool, caller, proposal_id, asked.decision))
