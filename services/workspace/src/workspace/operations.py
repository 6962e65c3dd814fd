"""The operator's page: which services answer, how far behind they are, what is stuck; replay."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from starlette.exceptions import HTTPException

from hub_contract.errors import Permanent, Temporary
from hub_kit.tokens import Caller
from workspace.ask import Service
from workspace.desk import TheDesk, TheOperator, back_to

router = APIRouter()


@router.get("/operations")
async def get_operations(request: Request, desk: TheDesk, operator: TheOperator) -> Response:
    """Every service at a glance; one that does not answer is the first thing to see."""
    names = list(desk.operations)
    states = await asyncio.gather(
        *(_state(desk.operations[name], operator.caller) for name in names)
    )
    services = sorted(
        ({"name": name, **state} for name, state in zip(names, states, strict=True)),
        key=lambda one: (not one["trouble"], one["name"]),
    )
    return desk.page(request, operator, "operations.html", services=services)


async def _state(service: Service, caller: Caller) -> dict[str, Any]:
    try:
        said = await service.get(caller, "/operations")
    except (Temporary, Permanent, HTTPException):
        return {"away": True, "trouble": True}
    stuck = said["parked"] or said["dead"] or said["failure"] or said["bus"] or said.get("troubles")
    return {"away": False, "trouble": bool(stuck), **said}


@router.post("/operations/replay")
async def post_replay(
    desk: TheDesk,
    operator: TheOperator,
    service: Annotated[str, Form(max_length=100)],
    letter: Annotated[str, Form(max_length=100, pattern=r"^[\w:.-]+$")],
) -> Response:
    """Have a parked or dead letter handled again."""
    if service not in desk.operations:
        raise HTTPException(404)
    await desk.operations[service].post(operator.caller, f"/operations/replay/{letter}")
    return back_to(operator, "/operations")
