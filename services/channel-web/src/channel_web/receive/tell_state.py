"""Tells a service that talks to citizens how far an inbox is, to whom number and digits open it.

Rule 1. The same rules as on the page: a wrong secret is counted before it is checked, in the share
        that everybody has, and what does not exist is answered like what does.
Rule 2. It tells a word and a day, nothing of what was written.
"""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, ValidationError

from channel_web.parse import Inbox
from channel_web.receive.look_up import tell_agent
from channel_web.receive.visit import Portal
from channel_web.render import line_of, state_of
from channel_web.settings import SERVICE
from hub_kit.rights import may
from hub_pages.caller import Visitor, visitor_of

router = APIRouter(include_in_schema=False)


class Asked(BaseModel):
    reference: str = Field(pattern=r"^[0-9]{12}$")
    secret: str = Field(pattern=r"^[0-9]{6}$")


@router.post("/inbox/state")
async def tell_state(
    request: Request, visitor: Annotated[Visitor, Depends(visitor_of(SERVICE))]
) -> Response:
    """Answer 200 with `state` and `at`; 403: they do not fit, 429: shut, 422: they never can."""
    portal: Portal = request.app.state.portal
    tenant = visitor.caller.tenant
    account = portal.accounts.of(tenant)
    if not may(visitor.caller.role, "read", "inbox") or account is None:
        raise HTTPException(403, "This is for services that talk to citizens")
    try:
        asked = Asked.model_validate_json(await request.body())
    except ValidationError:
        raise HTTPException(422, "reference: twelve digits; secret: six") from None
    attempt = await portal.blocks.begin(tenant, asked.reference, "")
    if attempt.shut_until:
        return _shut(attempt.shut_until)
    inbox = await portal.inboxes.find(tenant, asked.reference, asked.secret)
    if inbox:
        await portal.blocks.forgive(tenant, attempt)
        return JSONResponse(await _state(portal, tenant, inbox))
    if attempt.last:
        return _shut(await tell_agent(portal, account, asked.reference, attempt.last))
    return JSONResponse({"until": ""}, 403)


def _shut(until: datetime) -> Response:
    seconds = max(1, int((until - datetime.now(UTC)).total_seconds()))
    return JSONResponse({"until": until.isoformat()}, 429, {"Retry-After": str(seconds)})


async def _state(portal: Portal, tenant: str, inbox: Inbox) -> dict[str, str]:
    """Return the word that the page shows, and since when; no day while it is on its way."""
    found = await portal.store.conversation(tenant, inbox)
    if found is None:
        return {"state": "arrived", "at": ""}
    page = await portal.store.page(tenant, inbox, found["id"])
    last = line_of(page.entries[-1]) if page.entries else None
    state = state_of(found, last)
    at = last.at.isoformat() if last and state != "closed" else str(found["last_at"])
    return {"state": state, "at": at}
