"""What an agent does about call-backs: ask for one, take it on, ring, say what came of it."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response

from hub_contract.errors import Permanent
from hub_contract.refusals import Refusal
from hub_contract.words import CallbackDay, CallbackPart
from hub_pages.refused import REFUSALS
from hub_pages.said import mark
from workspace.act import UNCHANGED, answer, do
from workspace.desk import TheAgent, TheDesk
from workspace.drafts import Draft
from workspace.telephones import keep_telephone, read_telephone
from workspace.write import reply_of

router = APIRouter()
WISHES = {
    "soon": (CallbackDay.NONE, CallbackPart.ANY),
    "today": (CallbackDay.TODAY, CallbackPart.ANY),
    "tomorrow_morning": (CallbackDay.TOMORROW, CallbackPart.MORNING),
    "tomorrow_afternoon": (CallbackDay.TOMORROW, CallbackPart.AFTERNOON),
}
_OTHER_WAY = mark("Anrufen hat nicht geholfen. Bitte schreiben Sie auf einem anderen Weg.")
_RINGING = mark("Ihr Telefon klingelt gleich.")
_PRESS = mark("Nehmen Sie ab, und drücken Sie dort eine Taste. Dann verbinden wir Sie.")
_TRIED = mark(  # what the citizen reads; in German, as nothing here says her language
    "Sie hatten um einen Rückruf gebeten. Wir haben mehrmals angerufen und Sie nicht erreicht."
    " Bitte antworten Sie auf diese Nachricht, oder rufen Sie uns an."
)


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


@router.post("/c/{conversation_id}/callback/call")
async def post_call(
    request: Request,
    desk: TheDesk,
    agent: TheAgent,
    *,
    conversation_id: UUID,
    callback: Annotated[UUID, Form()],
    telephone: Annotated[str, Form(max_length=60)] = "",
) -> Response:
    """Ring the agent's telephone, and then the citizen's; the number is typed once and kept."""
    ground = desk.ground
    number = telephone.strip() or await read_telephone(ground.pool, ground.ring, agent.caller)
    if not number:
        missing = ("danger", REFUSALS[Refusal.TELEPHONE_WRONG], UNCHANGED)
        return await answer(request, desk, agent, conversation_id, missing)
    try:
        path = f"/callbacks/{callback}/call"
        await desk.store.post(agent.caller, path, {"telephone": number})
    except Permanent as error:
        notice = ("danger", REFUSALS[error.code], UNCHANGED)
        return await answer(request, desk, agent, conversation_id, notice)
    # Kept once the store has found it to be one that rings.
    await keep_telephone(ground.pool, ground.ring, agent.caller, number)
    return await answer(request, desk, agent, conversation_id, ("info", _RINGING, _PRESS))


@router.post("/c/{conversation_id}/callback/write")
async def post_written(
    request: Request,
    desk: TheDesk,
    agent: TheAgent,
    *,
    conversation_id: UUID,
    callback: Annotated[UUID, Form()],
    attempts: Annotated[int, Form(ge=0)],
    way: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Write that nobody was reached, by the way that was shown, and end the call-back."""

    async def write() -> None:
        # Each of the two is done once, however often this is asked for.
        body = reply_of(Draft(_TRIED, way=way), agent.name)
        path = f"/conversations/{conversation_id}/replies"
        await desk.store.post(agent.caller, path, body, key=f"unreached/{callback}")
        told = {"result": "done", "attempts": attempts}
        await desk.store.post(agent.caller, f"/callbacks/{callback}/result", told)

    return await do(request, desk, agent, conversation_id, write)
