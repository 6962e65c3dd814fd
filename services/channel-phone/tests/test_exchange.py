"""Hub and pretend exchange talk over sockets, as Twilio would: its library reads what we write."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from hub_contract.words import CallOutcome, Channel, MessageKind
from hub_kit.hooks import Hooks
from hub_kit.settings import TenantSection
from local_hub.peers.phones import exchange
from local_hub.peers.phones.call import Caller
from local_hub.peers.phones.carrier import Faults, Phones
from local_hub.peers.phones.twiml import read_twiml
from local_hub.peers.settings import Carrier, Handset, HubNumber

REFERENCE, SECRET = "384291770608", "471100"


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


@pytest.fixture
async def line(cluster, tmp_path, account, open_hub) -> AsyncIterator["Line"]:
    """A citizen's telephone, the exchange, and the hub behind it."""
    hub_door, door = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
    number = HubNumber(
        account_sid=account.settings.account_sid, calls="/hooks/phone/musterstadt/phone"
    )
    settings = Carrier(
        hub=address_of(hub_door),
        address=address_of(door),
        numbers={account.settings.address: number},
        handsets={"+491715550101": Handset(name="Erika Mustermann")},
    )
    phones, caller, app = Phones(settings, account.settings.auth_token()), Caller(), FastAPI()
    lines = exchange.Exchange(phones, caller)
    app.include_router(exchange.make_carrier(lines))
    app.include_router(exchange.make_router(lines))
    async with open_hub(address_of(hub_door), f"{address_of(door)}/carrier") as hub:
        accounts = {"phone": {"channel": "phone", "address": account.settings.address}}
        hub.ground.settings.tenants["musterstadt"] = TenantSection.model_validate(
            {"name": "Stadt Musterstadt", "accounts": accounts}
        )
        hooks = Hooks(FastAPI(), hub.ground, {Channel.PHONE: hub.receiver}, address_of(hub_door))
        async with (
            served(hooks, hub_door),
            served(app, door),
            httpx.AsyncClient(base_url=address_of(door), timeout=60) as http,
        ):
            yield Line(http, hub, phones, lines, account.settings.address)
            await caller.close()


class Line:
    def __init__(self, http, hub, phones, lines, to) -> None:
        self.http, self.hub, self.phones, self.lines, self.to = http, hub, phones, lines, to
        self.path = "/handsets/+491715550101/calls"
        self.now: dict = {}

    async def dial(self, **more) -> str:
        answer = await self.http.post(self.path, json={"to": self.to, **more})
        self.now = answer.raise_for_status().json()
        return self.heard

    async def does(self, does: str, text: str = "") -> str:
        answer = await self.http.post(
            f"{self.path}/{self.now['id']}", json={"does": does, "text": text}
        )
        self.now = answer.raise_for_status().json()
        return self.heard

    @property
    def heard(self) -> str:
        return " ".join(one["text"] for one in self.now["lines"] if one["who"] == "hub")


async def test_a_message_is_spoken_fetched_and_kept(line):
    assert "Hier ist Stadt Musterstadt" in await line.dial()
    await line.does("keys", "1")
    assert "nehmen wir auf" in await line.does("keys", "3")
    assert line.now["waits"] == "tone"
    assert "Ihre Nachricht ist bei uns" in await line.does("speak", "Mein Hund ist weg.")
    assert (line.now["waits"], line.now["status"]) == ("", 204)
    [entry] = await line.hub.kept()
    assert (entry.kind, entry.outcome) == (MessageKind.VOICEMAIL, CallOutcome.VOICEMAIL)
    [file] = entry.content.attachments
    [recording] = line.lines.recordings.values()
    assert (file.media_type, file.size) == ("audio/x-wav", len(recording))


async def test_a_whole_call_with_every_hook_three_times(line):
    line.phones.faults = Faults(repeat=3)
    line.hub.outside.inboxes[REFERENCE, SECRET] = {"state": "closed", "at": "2026-05-12T10:00:00Z"}
    await line.dial(withheld=True)
    for keys in ("1", "1", REFERENCE, SECRET):
        await line.does("keys", keys)
    assert "seit dem 12. Mai erledigt" in line.heard
    assert len(line.hub.outside.asked) == 1
    await line.does("keys", "0")
    assert line.now["waits"] == "desk"
    assert "Danke für Ihren Anruf" in await line.does("desk_answers")
    [entry] = await line.hub.kept()
    assert (entry.content.sender, entry.outcome) == (None, CallOutcome.ANSWERED)


async def test_silence_ends_it_and_hanging_up_is_heard_everywhere(line):
    await line.dial()
    for _ in range(3):
        await line.does("silence")
    assert line.now["waits"] == ""
    await line.dial()
    await line.does("keys", "1")
    await line.does("hang_up")
    assert await line.does("keys", "1") == line.heard
    assert len(await line.hub.kept()) == 2


async def test_an_account_nobody_has_is_404_and_a_forged_hook_403(line):
    hub = line.phones.settings.hub
    for path, status in (("nobody", 404), ("phone", 403), ("phone/status", 403)):
        answer = await line.http.post(
            f"{hub}/hooks/phone/musterstadt/{path}", data={"CallSid": "1"}
        )
        assert answer.status_code == status
    assert await line.hub.rows("select 1 from channel_phone.call") == []


WRONG = {
    "no XML": "hello",
    "no Response": "<Say>hi</Say>",
    "a verb that is none": "<Response><Shout>hi</Shout></Response>",
    "a verb in the wrong place": "<Response><Gather><Dial>1</Dial></Gather></Response>",
    "an attribute that is none": '<Response><Say loud="yes">hi</Say></Response>',
    "no words": "<Response><Say/></Response>",
}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_what_twilio_would_refuse_is_refused(text):
    with pytest.raises(ValueError, match=r"^1\d{4}: "):
        read_twiml(text)
