"""What an agent does about call-backs: ask for one, take it on, say what came of it."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response

from hub_contract.errors import Permanent
from hub_contract.words import CallbackDay, CallbackPart
from hub_pages.refused import REFUSALS
from hub_pages.said import mark
from workspace.act import UNCHANGED, answer, do
from workspace.desk import TheAgent, TheDesk

router = APIRouter()
WISHES = {
    "soon": (CallbackDay.NONE, CallbackPart.ANY),
    "today": (CallbackDay.TODAY, CallbackPart.ANY),
    "tomorrow_morning": (CallbackDay.TOMORROW, CallbackPart.MORNING),
    "tomorrow_afternoon": (CallbackDay.TOMORROW, CallbackPart.AFTERNOON),
}
_OTHER_WAY = mark("Anrufen hat nicht geholfen. Bitte schreiben Sie auf einem anderen Weg.")


@router.post("/c/{conversation_id}/callback")
async def post_callback(
    request: Request,
    desk: TheDesk,
    agent: TheAgent,
    *,
    conversation_id: UUID,
    when: Annotated[str, Form(pattern=f"^({'|'.join(WISHES)})$")],
    token: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Say that somebody of this conversation is to be called back."""
    day, part = WISHES[when]

    async def ask() -> None:
        path = f"/conversations/{conversation_id}/callbacks"
        await desk.store.post(agent.caller, path, {"day": day, "part": part}, key=token)

    return await do(request, desk, agent, conversation_id, ask)


@router.post("/c/{conversation_id}/callback/owner")
async def post_owner(
    request: Request,
    desk: TheDesk,
    agent: TheAgent,
    *,
    conversation_id: UUID,
    callback: Annotated[UUID, Form()],
    owner: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Say who calls back; empty: nobody yet."""

    async def take() -> None:
        path = f"/callbacks/{callback}/assign"
        await desk.store.post(agent.caller, path, {"owner": owner or None})

    return await do(request, desk, agent, conversation_id, take)


@router.post("/c/{conversation_id}/callback/result")
async def post_result(
    request: Request,
    desk: TheDesk,
    agent: TheAgent,
    *,
    conversation_id: UUID,
    callback: Annotated[UUID, Form()],
    result: Annotated[str, Form(max_length=20)],
    attempts: Annotated[int, Form(ge=0)],
) -> Response:
    """Say what came of it; where calling does not help, another way is proposed."""
    path = f"/callbacks/{callback}/result"
    notice: tuple[str, Any, Any] | None = None
    try:
        body = {"result": result, "attempts": attempts}
        stand = await desk.store.post(agent.caller, path, body)
        if stand["other_way"] and result in ("not_reached", "number_wrong"):
            notice = ("warning", _OTHER_WAY, "")
    except Permanent as error:
        notice = ("danger", REFUSALS[error.code], UNCHANGED)
    return await answer(request, desk, agent, conversation_id, notice)
