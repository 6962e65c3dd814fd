"""Calls at the desk: who rings just now, and the form in which an agent notes what is said.

What is typed is kept as a draft of the call, as it is typed: the call may end first.
"""

import asyncio
import re
from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Form, Request, Response

from hub_contract.errors import Permanent
from hub_contract.references import find_references
from hub_contract.refusals import Refusal
from hub_pages.caller import Visitor
from hub_pages.refused import REFUSALS
from hub_pages.said import mark
from workspace.act import answer
from workspace.desk import Desk, TheAgent, TheDesk, is_piece
from workspace.drafts import Draft, keep_draft, read_draft
from workspace.show import read_queue
from workspace.write import Words

router = APIRouter()
_LINE = re.compile(r"^-{3,}[ \t]*$", re.MULTILINE)  # between two concerns
_SEVERAL = mark("Alles ist notiert, jedes Anliegen in einem eigenen Gespräch.")
_OTHERS = mark("Sie finden sie unter „Andere Gespräche“ und „Meine“.")


def concerns_of(text: str) -> list[str]:
    """Return what is between lines of three or more dashes, without what is empty."""
    return [part.strip() for part in _LINE.split(text) if part.strip()]


@router.get("/calls")
async def get_calls(request: Request, desk: TheDesk, agent: TheAgent) -> Response:
    """Who rings or is spoken to just now, for the corner of an open desk."""
    calls = (await desk.store.get(agent.caller, "/calls"))["calls"]
    return desk.page(request, agent, "_calls.html", calls=calls)


@router.get("/calls/{call_id}")
async def get_call(request: Request, desk: TheDesk, agent: TheAgent, call_id: UUID) -> Response:
    """The form for what is said in this call."""
    return await _form(request, desk, agent, call_id)


async def _form(
    request: Request, desk: Desk, agent: Visitor, call_id: UUID, fault: Any = ""
) -> Response:
    ground = desk.ground
    call, draft = await asyncio.gather(
        desk.store.get(agent.caller, f"/calls/{call_id}"),
        read_draft(ground.pool, ground.ring, agent.caller, call_id),
    )
    values = {
        "call": call,
        "draft": draft,
        "draft_days": desk.settings.draft_days,
        "fault": fault,
        "token": uuid4().hex,
    }
    if is_piece(request):
        return desk.page(request, agent, "_call.html", **values)
    queue = await read_queue(desk, agent.caller, "mine")
    return desk.page(request, agent, "desk.html", shown=None, open_id="", **queue, **values)


@router.post("/calls/{call_id}/draft", status_code=204)
async def post_draft(desk: TheDesk, agent: TheAgent, call_id: UUID, text: Words = "") -> None:
    """Keep what has been typed so far."""
    draft = Draft(text, note=True)
    await keep_draft(desk.ground.pool, desk.ground.ring, agent.caller, call_id, draft)


@router.post("/calls/{call_id}/write")
async def post_write(
    request: Request,
    desk: TheDesk,
    agent: TheAgent,
    *,
    call_id: UUID,
    text: Words = "",
    to: Annotated[UUID | None, Form()] = None,
    token: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Write down what was said, each concern in its conversation, and show the first."""
    ground = desk.ground
    await keep_draft(ground.pool, ground.ring, agent.caller, call_id, Draft(text, note=True))
    try:
        notes = await _note(desk, agent, call_id, (concerns_of(text), to, token))
    except Permanent as error:
        return await _form(request, desk, agent, call_id, REFUSALS[error.code])
    await keep_draft(ground.pool, ground.ring, agent.caller, call_id, Draft())
    notice = ("success", _SEVERAL, _OTHERS) if len(notes) > 1 else None
    home = UUID(notes[0]["conversation_id"])
    shown = await answer(request, desk, agent, home, notice)
    shown.headers["HX-Push-Url"] = f"{agent.prefix}/c/{home}"
    return shown


async def _note(
    desk: Desk, agent: Visitor, call_id: UUID, what: tuple[Sequence[str], UUID | None, str]
) -> list[dict[str, Any]]:
    texts, to, token = what
    if not texts:
        raise Permanent("text: is empty; write what to note", code=Refusal.TEXT_MISSING)
    homes = [await _home_of(desk, agent, one) for one in texts]
    if to and homes[0] is None:
        homes[0] = str(to)
    concerns = [
        {"text": text, "conversation_id": home} for text, home in zip(texts, homes, strict=True)
    ]
    body = {"concerns": concerns}
    made = await desk.store.post(agent.caller, f"/calls/{call_id}/notes", body, key=token)
    notes: list[dict[str, Any]] = made["notes"]
    return notes


async def _home_of(desk: Desk, agent: Visitor, text: str) -> str | None:
    """Return the conversation whose reference stands in the words; None: there is none."""
    for digits in find_references(text)[:1]:
        found = await desk.store.post(agent.caller, "/search", {"reference": digits})
        for one in found["conversations"]:
            return str(one["id"])
    return None
