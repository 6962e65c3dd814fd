"""Calls over HTTP: which there are, what was said in them, who is to be called back."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from conversation_store.api.actions import MADE, IdempotencyKey, made
from conversation_store.api.caller import TheCaller, TheReader, TheStore, found
from conversation_store.api.document import by_name, problems
from conversation_store.api.shapes import EntryMade
from conversation_store.api.shapes_of_calls import (
    CallbackAsked,
    CallbackStand,
    CallNoteAsked,
    CallNoted,
    CallShown,
    CallsShown,
    OwnerAsked,
    ResultAsked,
    RingAsked,
)
from conversation_store.calls.callback import ask_for, settle, take
from conversation_store.calls.note import Concern, note_call
from conversation_store.calls.ring import ring
from conversation_store.calls.show import show_calls

router = APIRouter(tags=["calls"], generate_unique_id_function=by_name)


@router.get("/calls", response_model=CallsShown, responses=problems())
async def get_calls(store: TheStore, caller: TheReader) -> Any:
    """List the calls that ring or are being answered just now, the longest first."""
    return {"calls": await show_calls(store.ground, caller.tenant)}


@router.get("/calls/{call_id}", response_model=CallShown, responses=problems(404))
async def get_call(store: TheStore, caller: TheReader, call_id: UUID) -> Any:
    """Show a call; it can be asked for some hours after its end."""
    return found(next(iter(await show_calls(store.ground, caller.tenant, call_id)), None))


@router.post("/calls/{call_id}/notes", response_model=CallNoted, responses=problems(404))
async def post_call_note(
    store: TheStore,
    caller: TheCaller,
    *,
    call_id: UUID,
    asked: CallNoteAsked,
    key: IdempotencyKey = "",
) -> Any:
    """Write down what was said: each concern in a conversation of its own."""
    concerns = [Concern(one.text, one.conversation_id) for one in asked.concerns]
    noted = found(await note_call(store, caller, call_id, concerns, key))
    return {"notes": [one._asdict() for one in noted]}


@router.post(
    "/conversations/{conversation_id}/callbacks",
    status_code=201,
    response_model=EntryMade,
    responses=MADE,
)
async def post_callback(
    store: TheStore,
    caller: TheCaller,
    response: Response,
    *,
    conversation_id: UUID,
    asked: CallbackAsked,
    key: IdempotencyKey = "",
) -> Any:
    """Say that somebody is to be called back; the caller owns it until somebody takes it."""
    wish = (asked.day, asked.part)
    return made(response, found(await ask_for(store, caller, conversation_id, wish, key)))


@router.post("/callbacks/{callback_id}/assign", status_code=204, responses=problems(404))
async def post_callback_owner(
    store: TheStore, caller: TheCaller, callback_id: UUID, asked: OwnerAsked
) -> None:
    """Say who calls back; null: nobody yet."""
    found(await take(store, caller, callback_id, asked.owner))


@router.post(
    "/callbacks/{callback_id}/call", status_code=201, response_model=EntryMade, responses=MADE
)
async def post_callback_call(
    store: TheStore, caller: TheCaller, response: Response, callback_id: UUID, asked: RingAsked
) -> Any:
    """Ring the agent's telephone, then whoever is to be called back; one call at a time."""
    return made(response, found(await ring(store, caller, callback_id, asked.telephone)))


@router.post(
    "/callbacks/{callback_id}/result", response_model=CallbackStand, responses=problems(404)
)
async def post_callback_result(
    store: TheStore, caller: TheCaller, callback_id: UUID, asked: ResultAsked
) -> Any:
    """Say what came of it. `attempts` is how many were seen: the same result told twice is one."""
    return found(await settle(store, caller, callback_id, asked.result, asked.attempts))
