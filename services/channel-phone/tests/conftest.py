"""One number of ours on a real database, a pretend portal, and a caller who signs as Twilio does."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import asyncpg
import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp
from twilio.request_validator import RequestValidator

import channel_phone
from channel_phone.app import compose
from channel_phone.receive.hooks import Receiver
from channel_phone.settings import Account, Accounts, PhoneAccount, PhoneSettings
from hub_contract.topics import from_wire
from hub_contract.words import Channel
from hub_kit import hooks
from hub_kit.ground import Ground
from hub_kit.hooks import Hook, Hooks
from hub_kit.sealing import open_event
from hub_kit.settings import TenantSection
from hub_kit.testing import fresh_database, open_ground
from local_hub.peers.phones import exchange
from local_hub.peers.phones.call import Caller
from local_hub.peers.phones.carrier import Phones
from local_hub.peers.settings import Carrier, Handset, HubNumber

SERVICES = {"channel_phone": Path(channel_phone.__file__).parent / "migrations"}
OURS, ERIKA, DESK = "+4971112390", "+491715550101", "+49711123911"
SID = "AC00000000000000000000000000000001"
TOKEN = "the token of a pretend account"
PUBLIC = "http://hub.example"
WHO = hooks.Account("phone", "musterstadt", "phone")
REFERENCE, SECRET = "384291770608", "471100"
WAV = b"RIFF\x24\0\0\0WAVEfmt " + b"\0" * 40


@dataclass
class Outside:
    """What the portal knows and Twilio has recorded; `asked` is what the portal was asked."""

    inboxes: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    status: int = 0  # what the portal answers in any case
    recorded: tuple[int, bytes] = (200, WAV)
    address: str = ""
    asked: list[dict[str, str]] = field(default_factory=list)

    async def portal(self, request: Request) -> Response:
        said = await request.json()
        self.asked.append(said)
        found = self.inboxes.get((said["reference"], said["secret"]))
        if self.status:
            return Response(status_code=self.status)
        return JSONResponse(found) if found else Response(status_code=403)

    async def recording(self, request: Request) -> Response:
        assert request.headers["authorization"].startswith("Basic ")
        status, data = self.recorded
        return Response(data, status)


@asynccontextmanager
async def outside_world() -> AsyncIterator[Outside]:
    outside, app = Outside(), FastAPI()
    app.add_api_route("/inbox/state", outside.portal, methods=["POST"])
    app.add_api_route("/recordings/{sid}", outside.recording)
    door = socket.create_server(("127.0.0.1", 0))
    outside.address = f"http://127.0.0.1:{door.getsockname()[1]}"
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    running = asyncio.create_task(server._serve([door]))
    try:
        yield outside
    finally:
        server.should_exit = server.force_exit = True
        await running


@dataclass
class Hub:
    ground: Ground
    owner: str
    receiver: Receiver
    outside: Outside

    async def take(self, hook: Hook) -> bytes:
        """Do with a hook what the frame does."""
        answer = await self.receiver(hook)
        await self.ground.accept.all(answer.arrivals) if answer.arrivals else None
        return answer.body

    async def kept(self, kind: str = "message.received") -> list:
        rows = await self.rows(
            """select body, wrapped from hub.event_log join hub.message_key on owner = event_id
               where type = $1 order by seq""",
            kind,
        )
        ring = self.ground.ring
        sealed = [(from_wire(row["body"]), row["wrapped"]) for row in rows]
        return [open_event(event, ring.unwrap(wrapped, event.id)) for event, wrapped in sealed]

    async def rows(self, query: str, *arguments) -> list:
        connection = await asyncpg.connect(self.owner)
        try:
            return await connection.fetch(query, *arguments)
        finally:
            await connection.close()


def signed(said: dict[str, str], rest: str = "", token: str = TOKEN) -> Hook:
    """Return a hook as Twilio signs it; `rest` is what stands behind the account's address."""
    address = f"{PUBLIC}/hooks/phone/musterstadt/phone{rest}"
    headers = {"x-twilio-signature": RequestValidator(token).compute_signature(address, said)}
    return Hook(WHO, rest.partition("?")[0], address, "POST", headers, urlencode(said).encode())


@dataclass
class Phone:
    """A caller: presses keys, keeps silent, hangs up; `heard` is the last answer."""

    hub: Hub
    sid: str = "CA1"
    number: str = ERIKA
    heard: str = ""
    twice: bool = False  # every hook comes twice

    async def call(self) -> str:
        return await self.say({"CallStatus": "ringing"}, "")

    async def press(self, *keys: str) -> str:
        for key in keys:
            await self.say({"Digits": key, "CallStatus": "in-progress"}, self.next("Gather"))
        return self.text

    async def hang_up(self, status: str = "completed", seconds: int = 42) -> None:
        await self.say({"CallStatus": status, "CallDuration": str(seconds)}, "/status", True)

    async def say(self, more: dict[str, str], rest: str, silent: bool = False) -> str:
        said = {"CallSid": self.sid, "From": self.number, "To": OURS, "AccountSid": SID} | more
        for _ in range(2 if self.twice else 1):
            answer = await self.hub.take(signed(said, rest))
        if not silent:
            self.heard = answer.decode()
        return self.text

    def next(self, verb: str, attribute: str = "action") -> str:
        """Return where Twilio calls when this verb is over, behind the account's address."""
        found = ET.fromstring(self.heard).find(verb)
        assert found is not None, self.heard
        return found.attrib[attribute].removeprefix(f"{PUBLIC}/hooks/phone/musterstadt/phone")

    @property
    def text(self) -> str:
        return said(self.heard)


@pytest.fixture
def account(tmp_path: Path) -> Account:
    token = tmp_path / "token"
    token.write_text(TOKEN)
    section = PhoneAccount(
        address=OURS,
        account_sid=SID,
        auth_token_file=token,
        country="DE",
        desk=DESK,
        desk_hours=("always",),
        queue_minutes=0,
    )
    return Account("musterstadt", "phone", "Stadt Musterstadt", section)


@pytest.fixture
def open_hub(cluster, tmp_path, account) -> Callable[..., AbstractAsyncContextManager[Hub]]:
    """Return what opens the channel, whose public address and provider are given."""

    @asynccontextmanager
    async def opened(public: str = PUBLIC, twilio: str = "") -> AsyncIterator[Hub]:
        async with (
            outside_world() as outside,
            fresh_database(cluster, SERVICES) as dsn,
            open_ground("channel_phone", dsn, tmp_path) as ground,
        ):
            settings = PhoneSettings(
                twilio=twilio or outside.address, portal=outside.address, recording_limit=100_000
            )
            parts = compose(ground, settings, Accounts([account], public))
            yield Hub(ground, dsn, parts.hook, outside)
            for close in parts.closing:
                await close()

    return opened


@pytest.fixture
async def hub(open_hub) -> AsyncIterator[Hub]:
    async with open_hub() as hub:
        yield hub


@pytest.fixture
def phone(hub: Hub) -> Callable[..., Phone]:
    return lambda **more: Phone(hub, **more)


@pytest.fixture
def hook() -> Callable[..., Hook]:
    return signed


def said(twiml: str) -> str:
    return " ".join(one.text or "" for one in ET.fromstring(twiml).iter("Say")) if twiml else ""


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
