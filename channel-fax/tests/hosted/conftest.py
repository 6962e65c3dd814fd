"""Pretend Telnyx and Sinch over a real socket, and numbers of ours at them."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

import channel_fax
from channel_fax.numbers import Accounts, SinchAccount, SinchNumber, TelnyxAccount, TelnyxNumber
from channel_fax.providers.sinch import Sinch
from channel_fax.providers.telnyx import Telnyx
from channel_fax.receive.sinch import SinchReceiver
from channel_fax.receive.telnyx import TelnyxReceiver
from channel_fax.settings import Sinch as SinchSettings
from channel_fax.settings import Telnyx as TelnyxSettings
from hub_contract.events import Arrival, MessageRequested, RequestedContent
from hub_contract.ids import received_id
from hub_contract.words import Channel, ContactKind, ContactPoint
from hub_kit.accept import Accepted
from hub_kit.ground import Ground
from hub_kit.hooks import Account, Hook
from hub_kit.testing import Cluster, fresh_database, open_ground
from local_hub.peers.faxes.call import Call, FaxCaller, public_key, signed
from local_hub.peers.faxes.machines import Faults, Fax, Machines
from local_hub.peers.faxes.pages import pdf
from local_hub.peers.faxes.sinch import SinchInterface, make_sinch
from local_hub.peers.faxes.telnyx import TelnyxInterface, make_telnyx
from local_hub.peers.settings import Faxes, FaxNumber, Machine

OURS, AT_SINCH, ERIKA, BUSY = "+4971112396", "+4971112395", "+497115550101", "+497115550102"
TOKEN, CONNECTION, PROJECT = "the key of a pretend account", "1232154810234", "project-1"
AT = "http://hub.example/hooks/fax/musterstadt/fax"
WHO = Account("fax", "musterstadt", "fax")
MIGRATIONS = Path(channel_fax.__file__).parent / "migrations"


@dataclass
class Provider:
    """Both providers, and what a citizen's machine can do."""

    address: str
    machines: Machines
    telnyx: TelnyxInterface
    sinch: SinchInterface
    caller: FaxCaller

    def breaks(self, **faults: object) -> None:
        self.machines.faults = Faults.model_validate(faults)

    def feed(self, to: str = OURS, pages: int = 2, **more: object) -> Fax:
        """Fax to the hub, whose hook nobody calls."""
        return self.machines.feed(ERIKA, to, more.pop("file", None) or pdf(pages), pages, **more)

    def sent(self) -> list[Fax]:
        return [one for one in self.machines.faxes.values() if one.direction == "outbound"]


@dataclass
class Kept:
    """What our end has taken in, new or not; `Accept` without a database."""

    came: list[Arrival] = field(default_factory=list)
    away: Exception | None = None

    async def __call__(self, arrival: Arrival) -> Accepted:
        if self.away:
            raise self.away
        new = all(arrival.event.id != one.event.id for one in self.came)
        if new:
            self.came.append(arrival)
        return Accepted(arrival.event.id, new)


@asynccontextmanager
async def serving(app: FastAPI, door: socket.socket) -> AsyncIterator[None]:
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    running = asyncio.create_task(server._serve([door]))
    try:
        yield
    finally:
        server.should_exit = server.force_exit = True
        await running


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    door = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{door.getsockname()[1]}"
    settings = Faxes(
        address=address,
        hub="http://127.0.0.1:9",
        numbers={
            OURS: FaxNumber(hook="/hooks/fax/musterstadt/fax", connection_id=CONNECTION),
            AT_SINCH: FaxNumber(hook="/hooks/fax/musterstadt/fax", project_id=PROJECT),
        },
        machines={
            ERIKA: Machine(name="Erika Mustermann"),
            BUSY: Machine(name="Karl Besetzt", fails="user_busy"),
        },
    )
    machines, caller, app = Machines(settings, TOKEN), FaxCaller(TOKEN), FastAPI()
    machines.faults = Faults(silent=True)
    telnyx_api, telnyx = make_telnyx(machines, caller)
    sinch_api, sinch = make_sinch(machines, caller)
    app.include_router(telnyx_api)
    app.include_router(sinch_api)
    async with serving(app, door):
        yield Provider(address, machines, telnyx, sinch, caller)
    await caller.close()


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(TOKEN)
    return path


@pytest.fixture
def at_telnyx(secret: Path) -> TelnyxNumber:
    section = TelnyxAccount(
        address=OURS,
        connection_id=CONNECTION,
        api_key_file=secret,
        public_key=public_key(TOKEN),
        country="DE",
        allowed=True,
    )
    return TelnyxNumber("musterstadt", "fax", "Stadt Musterstadt", section)


@pytest.fixture
def at_sinch(secret: Path) -> SinchNumber:
    section = SinchAccount(
        address=AT_SINCH,
        project_id=PROJECT,
        key_id=PROJECT,
        key_secret_file=secret,
        hook_secret_file=secret,
        country="DE",
        allowed=True,
    )
    return SinchNumber("musterstadt", "fax", "Stadt Musterstadt", section)


@pytest.fixture
async def telnyx(provider: Provider, at_telnyx: TelnyxNumber) -> AsyncIterator[Telnyx]:
    client = Telnyx(at_telnyx, TelnyxSettings(api=f"{provider.address}/telnyx"))
    yield client
    await client.close()


@pytest.fixture
async def sinch(provider: Provider, at_sinch: SinchNumber) -> AsyncIterator[Sinch]:
    client = Sinch(at_sinch, SinchSettings(api=f"{provider.address}/sinch"))
    yield client
    await client.close()


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
async def by_telnyx(telnyx: Telnyx, kept: Kept) -> AsyncIterator[TelnyxReceiver]:
    numbers = Accounts([telnyx.account], "http://hub.example")
    receiver = TelnyxReceiver(numbers, {WHO: telnyx}, kept, 100_000)
    yield receiver
    await receiver.flights.close()


@pytest.fixture
async def by_sinch(sinch: Sinch, kept: Kept) -> AsyncIterator[SinchReceiver]:
    numbers = Accounts([sinch.account], "http://hub.example")
    receiver = SinchReceiver(numbers, {WHO: sinch}, kept, 100_000)
    yield receiver
    await receiver.flights.close()


@pytest.fixture
def hook() -> Callable[..., Hook]:
    """Return what makes a hook of a call, as our door hands it on."""

    def make(call: Call, rest: str = "", at: float | None = None, **headers: str) -> Hook:
        if call.signed:
            said = signed(TOKEN, call.body, at)
            return Hook(WHO, rest, AT + rest, "POST", said | headers, call.body)
        request = httpx.Request(
            "POST",
            call.address,
            **(
                {"data": dict(call.data), "files": call.files}
                if call.files
                else {"content": call.body}
            ),
            headers=dict(call.headers),
        )
        request.read()
        user = httpx.URL(call.address)
        basic = httpx.BasicAuth(user.username, user.password)._auth_header
        said = {key.lower(): value for key, value in request.headers.items()}
        said["authorization"] = basic
        return Hook(WHO, rest, AT + rest, "POST", said | headers, request.content)

    return make


@pytest.fixture
def request_to() -> Callable[..., MessageRequested]:
    """Return what makes a wish of the store's to send something."""

    def make(to: str = ERIKA, text: str = "Guten Tag") -> MessageRequested:
        recipient = ContactPoint(kind=ContactKind.FAX, value=to)
        return MessageRequested(
            id=uuid4(),
            tenant="musterstadt",
            channel=Channel.FAX,
            account="fax",
            conversation_id=uuid4(),
            requested_at=datetime.now(UTC),
            content=RequestedContent(recipient=recipient, text=text),
        )

    return make


@pytest.fixture
async def ground(cluster: Cluster, tmp_path: Path) -> AsyncIterator[Ground]:
    async with (
        fresh_database(cluster, {"channel_fax": MIGRATIONS}) as dsn,
        open_ground("channel_fax", dsn, tmp_path) as ground,
    ):
        yield ground


@pytest.fixture
def id_of() -> Callable[[Fax], object]:
    return lambda fax: received_id("musterstadt", "fax", "fax", fax.id)
