"""Where letters of a conversation go: an agent writes it down, as a scan or a caller says."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response

from hub_contract.errors import Permanent
from hub_pages.refused import REFUSALS
from workspace.act import UNCHANGED, answer
from workspace.desk import TheAgent, TheDesk

router = APIRouter()


@router.post("/c/{conversation_id}/address")
async def post_address(
    request: Request,
    desk: TheDesk,
    agent: TheAgent,
    *,
    conversation_id: UUID,
    address: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Keep the address; one that cannot be delivered to is said, and stays to be mended."""
    path, typed = f"/conversations/{conversation_id}/addresses", address.replace("\r\n", "\n")
    try:
        await desk.store.post(agent.caller, path, {"address": typed})
    except Permanent as error:
        notice = ("danger", REFUSALS[error.code], UNCHANGED)
        return await answer(request, desk, agent, conversation_id, notice, typed=typed)
    return await answer(request, desk, agent, conversation_id)
