"""Tells open desks at once that a timeline grew or changed: server-sent events for one tenant.

An event only says which conversation; the page asks for what it shows. After a lost line, or where
something may have been missed, a page asks for everything it shows: nothing is missed for good.
"""

import json
from collections.abc import AsyncIterator

from fastapi import APIRouter, HTTPException, Request, Response

from hub_contract.events import EntryAppended
from hub_kit.live import LiveStream, Tail
from hub_kit.seats import Full, Seats
from workspace.desk import TheAgent

router = APIRouter()
_SAID = {"read": "event: seen\ndata: {}\n\n", "rang": "event: call\ndata: {}\n\n"}
_BREATH = 15.0  # seconds; proxies close a line that says nothing for long


@router.get("/live")
async def get_live(request: Request, agent: TheAgent) -> Response:
    """What changes in this tenant, from now on; each person has a share of the streams."""
    tail: Tail = request.app.state.tail
    seats: Seats = request.app.state.seats
    try:
        return LiveStream(follow(tail, agent.caller.tenant), {agent.caller.who: seats})
    except Full as full:
        wait = {"Retry-After": "60"}
        raise HTTPException(429 if full.mine else 503, "Too many open desks", wait) from None


async def follow(tail: Tail, tenant: str) -> AsyncIterator[str]:
    """Yield `entry` events with the conversation that changed; none named: look at everything.

    `seen` says that a colleague has read one: only the queue shows that. `call` says that somebody
    rings, is answered or has hung up.
    """
    async with tail.listen(tenant) as ear:
        yield "retry: 1000\n\n"
        # What came between the page and its first line, or while the line was lost.
        yield entry("")
        while True:
            heard = await ear.hear(_BREATH)
            if heard is None:
                yield entry("")
                continue
            # Many changes of one conversation are one look at it.
            for said in dict.fromkeys(map(_say, heard)):
                yield said
            if not heard:
                yield ": still here\n\n"


def _say(event: EntryAppended) -> str:
    return _SAID.get(event.change) or entry(str(event.conversation_id))


def entry(conversation: str) -> str:
    return f"event: entry\ndata: {json.dumps({'conversation': conversation})}\n\n"
