"""The pages an agent looks at: the queue, a conversation, older entries, an entry whole, search."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response

from hub_contract.contact_points import contact_point
from hub_contract.errors import Permanent
from hub_contract.references import normalise_reference
from hub_contract.refusals import Refusal
from hub_contract.words import ContactKind
from hub_kit.tokens import Caller
from hub_pages.caller import Visitor
from hub_pages.refused import REFUSALS
from hub_pages.said import mark
from workspace.desk import Desk, TheAgent, TheDesk, TheVisitor, back_to, is_piece
from workspace.people import names, others_here, remember, say_here
from workspace.show import read_conversation, read_entries, read_queue

router = APIRouter()
View = Literal["mine", "unassigned", "waiting", "callbacks", "snoozed", "closed"]
Cursor = Annotated[str, Query(max_length=200)]
_NOT_FOUND = mark("Dazu gibt es kein Gespräch. Bitte prüfen Sie die Schreibweise.")


@router.get("/")
async def get_desk(
    request: Request, desk: TheDesk, visitor: TheVisitor, view: View = "unassigned"
) -> Response:
    """The desk with nothing opened yet; who may not read conversations begins with operations."""
    if visitor.caller.role == "operator":
        return back_to(visitor, "/operations")
    queue = await read_queue(desk, visitor.caller, view)
    await _know(desk, visitor, queue["names"])
    return desk.page(request, visitor, "desk.html", shown=None, open_id="", **queue)


async def _know(desk: Desk, visitor: Visitor, known: Mapping[str, str]) -> None:
    """Keep the agent's name where it is new, for colleagues to read."""
    if visitor.name and known.get(visitor.caller.who) != visitor.name:
        ground = desk.ground
        await remember(ground.pool, ground.ring, visitor.caller, visitor.name)


@router.get("/queue")
async def get_queue(
    request: Request,
    desk: TheDesk,
    agent: TheAgent,
    *,
    view: View,
    after: Cursor = "",
    open_: str = "",
) -> Response:
    """The left of the desk by itself, for its tabs and when something has changed."""
    queue = await read_queue(desk, agent.caller, view, after)
    return desk.page(request, agent, "_queue.html", open_id=open_, **queue)


@router.get("/c/{conversation_id}")
async def get_conversation(
    request: Request,
    desk: TheDesk,
    agent: TheAgent,
    *,
    conversation_id: UUID,
    view: View = "unassigned",
) -> Response:
    """A conversation: by itself for htmx, else with the queue beside it."""
    here = say_here(desk.ground.pool, agent.caller, conversation_id, writes=False)
    if is_piece(request):
        reading = read_conversation(desk, desk.language(request), agent.caller, conversation_id)
        pane, _ = await asyncio.gather(reading, here)
        return desk.page(request, agent, "_pane.html", view=view, notice=None, **pane)
    queue, pane, _ = await asyncio.gather(
        read_queue(desk, agent.caller, view),
        read_conversation(desk, desk.language(request), agent.caller, conversation_id),
        here,
    )
    await _know(desk, agent, queue["names"])
    values = {**queue, **pane, "open_id": str(conversation_id), "notice": None}
    return desk.page(request, agent, "desk.html", **values)


@router.get("/c/{conversation_id}/entries")
async def get_entries(
    request: Request,
    desk: TheDesk,
    agent: TheAgent,
    *,
    conversation_id: UUID,
    before: Annotated[int | None, Query(ge=0)] = None,
    after: Annotated[int | None, Query(ge=0)] = None,
) -> Response:
    """Older entries (`before`), or all from a place on (`after`) to see what has changed."""
    where = {k: v for k, v in (("before", before), ("after", after)) if v is not None}
    part = await read_entries(desk, agent.caller, conversation_id, **where)
    if after is not None:
        part["older"] = None  # the page that asks knows its own beginning
    shown = {"id": str(conversation_id)}
    return desk.page(request, agent, "_entries.html", shown=shown, **part)


@router.get("/c/{conversation_id}/here")
async def get_here(
    request: Request, desk: TheDesk, agent: TheAgent, conversation_id: UUID, *, writes: bool = False
) -> Response:
    """Say that this agent is here, and hear who else is."""
    ground = desk.ground
    await say_here(ground.pool, agent.caller, conversation_id, writes=writes)
    also = await others_here(ground.pool, ground.ring, agent.caller, conversation_id)
    return desk.page(request, agent, "_here.html", also_here=also)


@router.get("/e/{entry_id}")
async def get_entry(request: Request, desk: TheDesk, agent: TheAgent, entry_id: UUID) -> Response:
    """An entry whole: all its words, why it is here, how sure, how far it got."""
    entry = await desk.store.get(agent.caller, f"/entries/{entry_id}")
    known = await names(desk.ground.pool, desk.ground.ring, agent.caller.tenant)
    template = "_whole.html" if is_piece(request) else "entry.html"
    return desk.page(request, agent, template, entry=entry, names=known)


@router.post("/search")
async def post_search(
    request: Request,
    desk: TheDesk,
    agent: TheAgent,
    *,
    q: Annotated[str, Form(max_length=300)] = "",
) -> Response:
    """Find conversations; the words travel in the body, since addresses have no place in logs."""
    queue = await read_queue(desk, agent.caller, "unassigned")
    found, notice = await _search(desk, agent.caller, q.strip())
    values = {**queue, "found": found, "asked": q.strip(), "notice": notice, "open_id": ""}
    template = "_queue.html" if is_piece(request) else "desk.html"
    return desk.page(request, agent, template, shown=None, **values)


async def _search(desk: Desk, caller: Caller, q: str) -> tuple[list[Any], str]:
    """Return what is found, and what to say where that is nothing."""
    asked = question_of(q, desk.ground.settings.country_of(caller.tenant))
    if asked is None:
        return [], REFUSALS[Refusal.SEARCH_UNCLEAR]
    try:
        found = (await desk.store.post(caller, "/search", asked))["conversations"]
    except Permanent as error:
        return [], REFUSALS[error.code]
    return found, "" if found else _NOT_FOUND


def question_of(q: str, country: str = "DE") -> dict[str, Any] | None:
    """Return the store's question for what was typed; None: it is neither number nor address."""
    if normalise_reference(q):
        return {"reference": q}
    for kind in (ContactKind.EMAIL, ContactKind.PHONE, ContactKind.POSTAL):
        if not contact_point(kind, q, country).as_written:
            return {"address": {"kind": kind, "value": q}}
    # Hardly an address, but somebody may have written it just so.
    if "@" in q:
        return {"address": {"kind": ContactKind.EMAIL, "value": q}}
    if sum(map(str.isdigit, q)) >= 5:
        return {"address": {"kind": ContactKind.PHONE, "value": q}}
    return None
