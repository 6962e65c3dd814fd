"""Open desks that hear what changes: a person has a share of them, and all share what there is."""

from types import SimpleNamespace

import pytest
from fastapi import HTTPException, Request

from hub_kit.live import Tail
from hub_kit.seats import Seats
from hub_kit.tokens import Caller
from hub_pages.caller import Visitor
from workspace.live import get_live


async def test_nobody_takes_the_streams_of_the_others():
    state = SimpleNamespace(tail=Tail(None), seats=Seats(2, 3))
    request = Request({"type": "http", "app": SimpleNamespace(state=state)})

    streams, said = [], []

    async def status(who: str) -> int:
        try:
            stream = await get_live(request, Visitor(Caller(who, "musterstadt", "agent")))
        except HTTPException as error:
            said.append(error.headers)
            return error.status_code
        streams.append(stream)
        return 200

    asked = ["anna", "anna", "anna", "otto", "klara"]
    assert [await status(who) for who in asked] == [200, 200, 429, 200, 503]
    assert said == [{"Retry-After": "60"}] * 2


@pytest.mark.parametrize("ends", [True, False])
async def test_a_stream_gives_its_seat_back(ends):
    state = SimpleNamespace(tail=Tail(None), seats=Seats(1, 1))
    request = Request({"type": "http", "app": SimpleNamespace(state=state)})
    stream = await get_live(request, Visitor(Caller("anna", "musterstadt", "agent")))
    assert state.seats.taken == 1

    async def receive() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async def send(_: object) -> None:
        if not ends:
            raise LookupError

    scope = {"type": "http", "asgi": {"spec_version": "2.3"}}
    if ends:
        await stream(scope, receive, send)
    else:
        with pytest.raises((LookupError, ExceptionGroup)):
            await stream(scope, receive, send)
    assert (state.seats.taken, state.tail.listening) == (0, 0)
