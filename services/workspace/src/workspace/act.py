"""What an agent does with a conversation: take it, close it, put it aside, sort its entries."""

from collections.abc import Awaitable, Callable
from datetime import datetime, time, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response

from hub_contract.errors import Permanent
from hub_contract.refusals import Refusal
from hub_pages.caller import Visitor
from hub_pages.refused import REFUSALS
from hub_pages.said import mark
from workspace.desk import Desk, TheAgent, TheDesk, back_to, is_piece
from workspace.show import read_conversation

router = APIRouter()
_CHANGED = "desk:changed"  # tells the page to look at the queue again
UNCHANGED = mark("Es wurde nichts verändert.")


async def answer(
    request: Request,
    desk: Desk,
    agent: Visitor,
    conversation_id: UUID,
    notice: Any = None,
    *,
    typed: str = "",
) -> Response:
    """Show the conversation as it is now; `notice` is (tone, sentence) and not yet translated.

    `typed`: an address that was not taken.
    """
    if not is_piece(request):
        return back_to(agent, f"/c/{conversation_id}")
    pane = await read_conversation(desk, desk.language(request), agent.caller, conversation_id)
    view = request.query_params.get("view", "unassigned")
    shown = desk.page(request, agent, "_pane.html", view=view, notice=notice, typed=typed, **pane)
    shown.headers["HX-Trigger"] = _CHANGED
    return shown


async def do(
    request: Request,
    desk: Desk,
    agent: Visitor,
    conversation_id: UUID,
    what: Callable[[], Awaitable[Any]],
) -> Response:
    """Do it and show what came of it; what cannot be done is said, with the store's reason."""
    try:
        await what()
    except Permanent as error:
        notice = ("danger", REFUSALS[error.code], UNCHANGED)
        return await answer(request, desk, agent, conversation_id, notice)
    return await answer(request, desk, agent, conversation_id)


@router.post("/c/{conversation_id}/assign")
async def post_assign(
    request: Request,
    desk: TheDesk,
    agent: TheAgent,
    *,
    conversation_id: UUID,
    assignee: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Say who takes care of it; empty: nobody yet."""
    body = {"assignee": assignee or None}

    async def carry_out() -> None:
        await desk.store.post(agent.caller, f"/conversations/{conversation_id}/assign", body)

    return await do(request, desk, agent, conversation_id, carry_out)


@router.post("/c/{conversation_id}/snooze")
async def post_snooze(
    request: Request,
    desk: TheDesk,
    agent: TheAgent,
    *,
    conversation_id: UUID,
    until: Annotated[Literal["hour", "tomorrow", "monday", "week"], Form()],
) -> Response:
    """Put aside until then; a message from outside brings it back sooner."""
    moment = when(until, desk.pages.clock().astimezone(desk.pages.zone))
    body = {"until": moment.isoformat()}

    async def carry_out() -> None:
        await desk.store.post(agent.caller, f"/conversations/{conversation_id}/snooze", body)

    return await do(request, desk, agent, conversation_id, carry_out)


def when(until: str, now: datetime) -> datetime:
    """Return the moment that is meant, in the authority's own time; mornings begin at eight."""
    if until == "hour":
        return now + timedelta(hours=1)
    days = {"tomorrow": 1, "week": 7, "monday": 7 - now.weekday()}[until]
    return datetime.combine(now.date() + timedelta(days=days), time(8), now.tzinfo)


@router.post("/c/{conversation_id}/confirm")
async def post_confirm(
    request: Request,
    desk: TheDesk,
    agent: TheAgent,
    *,
    conversation_id: UUID,
    contact_point: Annotated[UUID, Form()],
    confirmed: Annotated[bool, Form()] = True,
) -> Response:
    """Confirm that a contact point belongs here, or take that back."""
    body = {"contact_point": str(contact_point), "confirmed": confirmed}

    async def carry_out() -> None:
        await desk.store.post(agent.caller, f"/conversations/{conversation_id}/confirm", body)

    return await do(request, desk, agent, conversation_id, carry_out)


@router.post("/c/{conversation_id}/share")
async def post_share(
    request: Request,
    desk: TheDesk,
    agent: TheAgent,
    *,
    conversation_id: UUID,
    contact_point: Annotated[UUID, Form()],
    shared: Annotated[bool, Form()],
) -> Response:
    """Say that many people write by a mail address, or that one does."""
    body = {"contact_point": str(contact_point), "shared": shared}

    async def say() -> None:
        await desk.store.post(agent.caller, f"/conversations/{conversation_id}/share", body)

    return await do(request, desk, agent, conversation_id, say)


@router.post("/c/{conversation_id}/release")
async def post_release(
    request: Request,
    desk: TheDesk,
    agent: TheAgent,
    *,
    conversation_id: UUID,
    entry: Annotated[UUID, Form()],
    number: Annotated[int, Form(ge=-1, le=10_000)] = -1,
) -> Response:
    """Let a file go that is held for harmful software; the original has no number."""
    file = "original" if number < 0 else f"attachments/{number}"

    async def let_go() -> None:
        await desk.store.post(agent.caller, f"/entries/{entry}/{file}/release", None)

    return await do(request, desk, agent, conversation_id, let_go)


@router.post("/c/{conversation_id}/move")
async def post_move(
    request: Request,
    desk: TheDesk,
    agent: TheAgent,
    *,
    conversation_id: UUID,
    entry: Annotated[UUID, Form()],
    to: Annotated[str, Form(max_length=100)],
) -> Response:
    """Put an entry into the conversation of this reference, or (`new`) into one of its own."""

    async def carry_out() -> None:
        if to == "new":
            path = f"/conversations/{conversation_id}/split"
            await desk.store.post(agent.caller, path, {"entries": [str(entry)]})
        else:
            await _move(
                desk, agent, conversation_id, entry, await _conversation_of(desk, agent, to)
            )

    return await do(request, desk, agent, conversation_id, carry_out)


async def _move(
    desk: Desk, agent: Visitor, conversation_id: UUID, entry: UUID, target: str
) -> None:
    """Move the entry; where it is the only one, its whole conversation goes there."""
    try:
        await desk.store.post(agent.caller, f"/entries/{entry}/move", {"to": target})
    except Permanent as error:
        if error.code is not Refusal.ENTRIES_ALL:
            raise
        path = f"/conversations/{conversation_id}/merge"
        await desk.store.post(agent.caller, path, {"into": target})


async def _conversation_of(desk: Desk, agent: Visitor, reference: str) -> str:
    found = await desk.store.post(agent.caller, "/search", {"reference": reference})
    if not found["conversations"]:
        raise Permanent("reference: leads nowhere", code=Refusal.REFERENCE_UNKNOWN)
    return str(found["conversations"][0]["id"])


@router.post("/c/{conversation_id}/undo")
async def post_undo(
    request: Request,
    desk: TheDesk,
    agent: TheAgent,
    *,
    conversation_id: UUID,
    rearrangement: Annotated[UUID, Form()],
) -> Response:
    """Take a move, split or merge back."""

    async def carry_out() -> None:
        await desk.store.post(agent.caller, f"/rearrangements/{rearrangement}/undo")

    return await do(request, desk, agent, conversation_id, carry_out)


@router.post("/c/{conversation_id}/merge")
async def post_merge(
    request: Request,
    desk: TheDesk,
    agent: TheAgent,
    *,
    conversation_id: UUID,
    into: Annotated[UUID, Form()],
) -> Response:
    """Put all of this conversation into another one, and show that."""

    async def carry_out() -> None:
        path = f"/conversations/{conversation_id}/merge"
        await desk.store.post(agent.caller, path, {"into": str(into)})

    return await do(request, desk, agent, conversation_id, carry_out)


@router.post("/c/{conversation_id}/unlink")
async def post_unlink(
    request: Request,
    desk: TheDesk,
    agent: TheAgent,
    *,
    conversation_id: UUID,
    link: Annotated[UUID, Form()],
) -> Response:
    """Say that two contact points are not the same person after all."""

    async def carry_out() -> None:
        await desk.store.post(agent.caller, f"/links/{link}/undo")

    return await do(request, desk, agent, conversation_id, carry_out)


@router.post("/c/{conversation_id}/proposal")
async def post_proposal(
    request: Request,
    desk: TheDesk,
    agent: TheAgent,
    *,
    conversation_id: UUID,
    proposal: Annotated[UUID, Form()],
    decision: Annotated[Literal["accepted", "dismissed"], Form()],
) -> Response:
    """Accept a proposal, which carries it out, or put it away."""

    async def carry_out() -> None:
        if decision == "accepted":
            await _carry_out(desk, agent, conversation_id, proposal)
        path = f"/proposals/{proposal}/decide"
        await desk.store.post(agent.caller, path, {"decision": decision})

    return await do(request, desk, agent, conversation_id, carry_out)


async def _carry_out(desk: Desk, agent: Visitor, conversation_id: UUID, proposal: UUID) -> None:
    shown = await desk.store.get(agent.caller, f"/conversations/{conversation_id}")
    wanted = next((p for p in shown["proposals"] if p["id"] == str(proposal)), None)
    if wanted is None:
        raise Permanent("proposal: is decided already", code=Refusal.DECIDED_ALREADY)
    if wanted["kind"] == "same_concern":
        path = f"/conversations/{conversation_id}/merge"
        await desk.store.post(agent.caller, path, {"into": wanted["other"]})
        return
    own = next((c["id"] for c in shown["contact_points"] if c["id"] != wanted["other"]), None)
    if own is None:
        text = "contact_point: nobody in this conversation can be linked"
        raise Permanent(text, code=Refusal.NOBODY_TO_LINK)
    body = {"other": wanted["other"], "reason": "proposal"}
    await desk.store.post(agent.caller, f"/contact-points/{own}/link", body)


# Last: its path would swallow those above.
@router.post("/c/{conversation_id}/{what}")
async def post_state(
    request: Request,
    desk: TheDesk,
    agent: TheAgent,
    *,
    conversation_id: UUID,
    what: Literal["close", "reopen", "read"],
) -> Response:
    """Close, open again, or mark as read."""

    async def carry_out() -> None:
        await desk.store.post(agent.caller, f"/conversations/{conversation_id}/{what}")

    return await do(request, desk, agent, conversation_id, carry_out)
