"""The hub rings back by a pretend exchange, over sockets, whatever anybody does at a telephone."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID, uuid4

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp
from twilio.rest import Client

from channel_phone.parse.outgoing import Out, progress_of
from channel_phone.render.outgoing import Plan, fields_of
from hub_contract.delivery import Delivery, Reason
from hub_contract.errors import Permanent, Temporary
from hub_contract.events import MessageRequested, RequestedContent
from hub_contract.words import Channel, ContactKind, ContactPoint
from hub_kit.hooks import Hooks
from hub_kit.settings import TenantSection
from local_hub.peers.phones import outgoing
from local_hub.peers.phones.call import Caller
from local_hub.peers.phones.carrier import Faults, Phones
from local_hub.peers.phones.desk import Desk
from local_hub.peers.settings import Carrier, Handset, HubNumber

AGENT, ERIKA = "+49711123911", "+491715550101"


@asynccontextmanager
async def served(app: ASGIApp, door: socket.socket) -> AsyncIterator[None]:
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    running = asyncio.create_task(server._serve([door]))
    try:
        yield
    finally:
        server.should_exit = server.force_exit = True
        await running


def address_of(door: socket.socket) -> str:
    return f"http://127.0.0.1:{door.getsockname()[1]}"


def asked(agent: str = AGENT, citizen: str = ERIKA, **more) -> MessageRequested:
    point = {"kind": ContactKind.PHONE}
    content = RequestedContent(
        recipient=ContactPoint(value=citizen, **point),
        text="",
        rings_first=ContactPoint(value=agent, **point) if agent else None,
    )
    fields = {
        "id": uuid4(),
        "tenant": "musterstadt",
        "channel": Channel.PHONE,
        "account": "phone",
        "conversation_id": UUID(int=7),
        "requested_at": datetime.now(UTC),
        "content": content,
    }
    return MessageRequested(**fields | more)


class Line:
    def __init__(self, http, hub, phones, board, api) -> None:
        self.http, self.hub, self.phones, self.board, self.api = http, hub, phones, board, api

    async def does(self, number: str, *acts: str) -> None:
        for act in acts:
            [sid] = [one.sid for one in self.board.calls.values()][-1:]
            answer = await self.http.post(f"/handsets/{number}/ringing/{sid}", json={"does": act})
            answer.raise_for_status()

    async def said(self) -> list[tuple]:
        events = await self.hub.kept("delivery.reported")
        return [(one.status, one.reason, one.code, one.seconds) for one in events]


@pytest.fixture
async def line(cluster, tmp_path, account, open_hub) -> AsyncIterator[Line]:
    hub_door, door = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
    number = HubNumber(account_sid=account.settings.account_sid, calls="/hooks/phone/x/phone")
    settings = Carrier(
        hub=address_of(hub_door),
        address=address_of(door),
        numbers={account.settings.address: number},
        handsets={ERIKA: Handset(name="Erika Mustermann"), AGENT: Handset(name="Apparat 911")},
    )
    phones, caller, app = Phones(settings, account.settings.auth_token()), Caller(), FastAPI()
    board = outgoing.Switchboard(phones, caller, Desk(phones, caller))
    app.include_router(outgoing.make_carrier(board))
    app.include_router(outgoing.make_router(board))
    async with open_hub(address_of(hub_door), f"{address_of(door)}/carrier") as hub:
        accounts = {"phone": {"channel": "phone", "address": account.settings.address}}
        hub.ground.settings.tenants["musterstadt"] = TenantSection.model_validate(
            {"name": "Stadt Musterstadt", "accounts": accounts}
        )
        hub.sender._looks = (0.0,)
        hooks = Hooks(FastAPI(), hub.ground, {Channel.PHONE: hub.receiver}, address_of(hub_door))
        async with (
            served(hooks, hub_door),
            served(app, door),
            httpx.AsyncClient(base_url=address_of(door), timeout=60) as http,
        ):
            yield Line(http, hub, phones, board, f"{address_of(door)}/carrier")
            await caller.close()


TALKED = (Delivery.DELIVERED, Reason.NONE, "", 12)
NOT_TAKEN = (Delivery.FAILED, Reason.OTHER, "agent_not_there", None)
HUNG_UP = (Delivery.FAILED, Reason.OTHER, "agent_hung_up", None)
CALLS = {
    "talk": ((AGENT, "answer", "key"), (ERIKA, "answer", "hang_up"), TALKED),
    "engaged": (
        (AGENT, "answer", "key"),
        (ERIKA, "busy"),
        (Delivery.FAILED, Reason.BUSY, "busy", None),
    ),
    "no answer": (
        (AGENT, "answer", "key"),
        (ERIKA, "no_answer"),
        (Delivery.FAILED, Reason.NO_ANSWER, "no-answer", None),
    ),
    "her mailbox": ((AGENT, "answer", "key"), (ERIKA, "mailbox", "hang_up"), TALKED),
    "the agent's mailbox": ((AGENT, "mailbox"), NOT_TAKEN),
    "the agent hangs up at once": ((AGENT, "answer", "hang_up"), NOT_TAKEN),
    "the agent hangs up while it rings": ((AGENT, "answer", "key", "hang_up"), HUNG_UP),
    "the agent hangs up in the call": (
        (AGENT, "answer", "key"),
        (ERIKA, "answer"),
        (AGENT, "hang_up"),
        TALKED,
    ),
    "the agent is engaged": (
        (AGENT, "busy"),
        (Delivery.FAILED, Reason.OTHER, "agent_busy", None),
    ),
    "the agent does not answer": (
        (AGENT, "no_answer"),
        (Delivery.FAILED, Reason.OTHER, "agent_no-answer", None),
    ),
}


@pytest.mark.parametrize("case", sorted(CALLS))
async def test_whoever_hangs_up_the_call_is_told_whole(line, case):
    line.phones.faults = Faults(repeat=2)  # every hook comes twice
    request, (*acts, last) = asked(), CALLS[case]
    outcome = await line.hub.sender.send(request, ())
    assert outcome.status is Delivery.ACCEPTED
    for number, *does in acts:
        await line.does(number, *does)
    said = await line.said()
    assert said[-1] == last
    assert len(said) == len(set(said))
    assert len(line.board.calls) == 1
    [call] = line.board.calls.values()
    assert call.is_over


async def test_the_agent_hears_whom_and_the_citizen_sees_the_authority(line):
    await line.hub.sender.send(asked(), ())
    await line.does(AGENT, "answer")
    [call] = line.board.calls.values()
    assert "Rückruf an plus 4 9 1 7 1" in call.lines[0]
    await line.does(AGENT, "key")
    assert call.waits.attrib["callerId"] == call.sender == "+4971112390"
    assert ERIKA not in call.url + call.callback


async def test_a_lost_answer_is_looked_up_and_nobody_is_rung_twice(line):
    line.phones.faults = Faults(lose=1)
    request = asked()
    outcome = await line.hub.sender.send(request, ())
    assert (outcome.status, len(line.board.calls)) == (Delivery.ACCEPTED, 1)
    again = await line.hub.sender.send(request, ())
    assert (again.external_id, len(line.board.calls)) == (outcome.external_id, 1)
    line.phones.faults = Faults(lose=1)
    other = await line.hub.sender.send(asked(citizen="+4930901820"), ())
    assert other.external_id != outcome.external_id


async def test_what_was_never_taken_is_not_found(line):
    assert await line.hub.sender.look_up(asked()) is None
    line.phones.faults = Faults(answer=500)
    outcome = await line.hub.sender.send(asked(), ())
    assert (outcome.status, len(line.board.calls)) == (Delivery.UNKNOWN, 0)


async def test_a_carrier_that_is_busy_is_asked_later_and_one_that_refuses_is_not(line):
    line.phones.faults = Faults(answer=429, retry_after=7)
    request = asked()
    with pytest.raises(Temporary) as error:
        await line.hub.sender.send(request, ())
    assert error.value.retry_after == 7
    assert (await line.hub.sender.send(request, ())).status is Delivery.ACCEPTED


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"agent": ""}, "reads no texts"),
        ({"agent": "115"}, "rings_first"),
        ({"citizen": "anonymous"}, "recipient"),
        ({"account": "other"}, "no such account"),
        ({"tenant": "nebenstadt"}, "no such account"),
    ],
)
async def test_who_cannot_be_called_is_not(hub, fields, words):
    with pytest.raises(Permanent, match=words):
        await hub.sender.send(asked(**fields), ())


async def test_an_end_that_nobody_told_is_asked_for(line):
    await line.hub.sender.send(asked(), ())
    await line.does(AGENT, "answer", "key")
    [call] = line.board.calls.values()
    call.status = "completed"
    await line.hub.rows("update channel_phone.made set heard_at = now() - interval '2 hours'")
    asking = line.hub.work["made"].__self__
    assert await asking.look() == 1
    assert (await line.said())[-1] == HUNG_UP
    assert await asking.look() == 0


async def test_a_hook_of_a_call_that_is_not_ours_is_refused(hub, hook):
    for rest in (f"/out/agent?call={uuid4()}", "/out/agent", "/out/other?call=1"):
        with pytest.raises(Permanent):
            await hub.receiver(hook({"CallSid": "CA1"}, rest))


async def test_what_dies_between_its_steps_loses_nothing(line, hook):
    """The leg is written, and then the process dies: the hook once more reports the same."""
    request = asked()
    await line.hub.sender.send(request, ())
    for rest, said in (
        ("agent", {}),
        ("connect", {"Digits": "1"}),
        ("talked", {"DialCallStatus": "busy"}),
        ("status", {"CallStatus": "completed"}),
    ):
        one = hook({"CallSid": "CA7", **said}, f"/out/{rest}?call={request.id}")
        died, again = await line.hub.receiver(one), await line.hub.receiver(one)
        assert died.body == again.body
        assert [a.event.id for a in died.arrivals] == [a.event.id for a in again.arrivals]
        assert died.arrivals[0].original == again.arrivals[0].original


async def test_twilios_own_client_reads_what_the_exchange_says(line, account):
    plan = Plan(AGENT, ERIKA)
    fields = fields_of(plan, account.settings.address, lambda what: f"http://hub.example/{what}")

    def make() -> tuple[str, list[str], str]:
        client = Client(account.settings.account_sid, account.settings.auth_token())
        client.api.base_url = line.api
        made = client.calls.create(
            to=fields["To"],
            from_=fields["From"],
            url=fields["Url"],
            status_callback=fields["StatusCallback"],
            status_callback_event=fields["StatusCallbackEvent"],
            timeout=int(fields["Timeout"]),
        )
        found = [one.sid for one in client.calls.list(to=AGENT)]
        return made.sid, found, client.calls(made.sid).fetch().status

    sid, found, status = await asyncio.to_thread(make)
    assert (found, status) == ([sid], "ringing")


def test_progress_is_total():
    assert progress_of(b"nonsense\n\xff\n").word[0] is Delivery.ACCEPTED
    strange = b"2026-05-12T09:00:00+00:00 %s DialCallStatus=%s&DialCallDuration=-1\n"
    assert progress_of(strange % (Out.TALKED.encode(), b"x" * 300)).word[2] == "x" * 100
