"""A pretend carrier over a real socket, and one number of ours at it."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

import channel_sms
from channel_sms.numbers import Account, Accounts, SmppAccount, SmppNumber, SmsAccount
from channel_sms.providers.smpp_line import Line
from channel_sms.providers.smpp_sent import Sent
from channel_sms.providers.twilio import Twilio
from channel_sms.receive.parts import PartStore
from channel_sms.receive.smpp import Delivered
from channel_sms.send.smpp import SmppSender
from channel_sms.settings import SmsSettings
from hub_contract.events import (
    Arrival,
    DeliveryReported,
    MessageReceived,
    MessageRequested,
    RequestedContent,
)
from hub_contract.words import Channel, ContactKind, ContactPoint, Cost
from hub_kit import hooks
from hub_kit.accept import Accepted
from hub_kit.ground import Ground
from hub_kit.testing import Cluster, fresh_database, open_ground
from local_hub.peers.phones import api, handsets
from local_hub.peers.phones.call import Caller
from local_hub.peers.phones.carrier import Faults, Phones
from local_hub.peers.phones.smsc import Smsc
from local_hub.peers.phones.smsc_faults import SmscFaults
from local_hub.peers.settings import Carrier, Handset, HubNumber

OURS, ERIKA, GONE, LANDLINE = "+4971112399", "+491715550101", "+491715550102", "+49711555010"
SID = "AC00000000000000000000000000000001"
TOKEN = "the token of a pretend account"


PRICE = Cost(amount=Decimal("0.075"), currency="EUR")


@dataclass
class Pretend:
    """The carrier, and what a citizen's phone can do."""

    address: str
    phones: Phones
    http: httpx.AsyncClient

    def breaks(self, **faults: object) -> None:
        self.phones.faults = Faults.model_validate(faults)

    def write(self, text: str, media: tuple[tuple[str, bytes], ...] = ()) -> str:
        """Write to the hub, whose hook nobody calls."""
        return self.phones.write(ERIKA, OURS, text, list(media)).sid

    def sent(self) -> list[str]:
        return [one.text for one in self.phones.messages.values() if one.direction != "inbound"]


@asynccontextmanager
async def serving(app: FastAPI, door: socket.socket) -> AsyncIterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    running = asyncio.create_task(server._serve([door]))
    try:
        yield f"http://127.0.0.1:{door.getsockname()[1]}"
    finally:
        server.should_exit = server.force_exit = True
        await running


@pytest.fixture
async def carrier() -> AsyncIterator[Pretend]:
    door = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{door.getsockname()[1]}"
    settings = Carrier(
        address=address,
        hub="http://127.0.0.1:9",
        numbers={OURS: HubNumber(account_sid=SID, hook="/hooks/sms/musterstadt/sms")},
        handsets={
            ERIKA: Handset(name="Erika Mustermann"),
            GONE: Handset(name="Karl Verzogen", fails=30005),
            LANDLINE: Handset(name="Oma Mustermann", refuses=21614),
        },
    )
    phones, caller, app = Phones(settings, TOKEN), Caller(), FastAPI()
    router, interface = api.make_router(phones, caller)
    app.include_router(router)
    app.include_router(handsets.make_router(phones, interface, caller, Smsc(phones)))
    async with (
        serving(app, door),
        httpx.AsyncClient(base_url=address, timeout=60, verify=False) as http,
    ):
        yield Pretend(address, phones, http)
        await caller.close()


@pytest.fixture
def account(tmp_path: Path) -> Account:
    token = tmp_path / "token"
    token.write_text(TOKEN)
    section = SmsAccount(
        address=OURS, account_sid=SID, auth_token_file=token, country="DE", price=PRICE
    )
    return Account("musterstadt", "sms", "Stadt Musterstadt", section)


@pytest.fixture
def accounts(account: Account) -> Accounts:
    return Accounts([account], "http://hub.example")


@pytest.fixture
async def client(carrier: Pretend, account: Account) -> AsyncIterator[Twilio]:
    settings = SmsSettings(twilio=f"{carrier.address}/carrier")
    client = Twilio(account, settings)
    yield client
    await client.close()


SYSTEM_ID, PASSWORD = "stadt", "geheim88"
MIGRATIONS = Path(channel_sms.__file__).parent / "migrations"


@dataclass
class PretendSmsc:
    """The SMSC, and its handsets."""

    smsc: Smsc
    phones: Phones
    port: int
    folder: Path

    def breaks(self, **faults: object) -> None:
        self.smsc.faults = SmscFaults.model_validate(faults)

    def number(self, **more: Any) -> SmppNumber:
        """Return a number of ours that is bound here."""
        password = self.folder / "smsc.password"
        password.write_text(PASSWORD)
        said = {
            "address": OURS,
            "host": "127.0.0.1",
            "port": self.port,
            "system_id": SYSTEM_ID,
            "password_file": password,
            "country": "DE",
        }
        section = SmppAccount.model_validate(said | more)
        return SmppNumber("musterstadt", "sms", "Stadt Musterstadt", section)

    async def write(self, text: str, sender: str = ERIKA) -> None:
        """Write to the hub, and wait until it has said yes."""
        waiting = self.smsc.tell(self.phones.write(sender, OURS, text, []))
        async with asyncio.timeout(90):
            await asyncio.gather(*(one.taken.wait() for one in waiting))

    def sent(self) -> list[str]:
        return [one.text for one in self.phones.messages.values() if one.direction != "inbound"]


@asynccontextmanager
async def smsc_at(folder: Path, tls: ssl.SSLContext | None = None) -> AsyncIterator[PretendSmsc]:
    settings = Carrier(
        numbers={OURS: HubNumber(system_id=SYSTEM_ID)},
        handsets={
            ERIKA: Handset(name="Erika Mustermann"),
            GONE: Handset(name="Karl Verzogen", fails=30005),
            LANDLINE: Handset(name="Oma Mustermann", refuses=21614),
        },
    )
    phones = Phones(settings, PASSWORD)
    smsc = Smsc(phones)
    async with await smsc.serve("127.0.0.1", 0, tls) as server:
        yield PretendSmsc(smsc, phones, server.sockets[0].getsockname()[1], folder)
        smsc.cut()


@pytest.fixture
async def smsc(tmp_path: Path) -> AsyncIterator[PretendSmsc]:
    async with smsc_at(tmp_path) as pretend:
        yield pretend


@pytest.fixture
async def ground(cluster: Cluster, tmp_path: Path) -> AsyncIterator[Ground]:
    async with (
        fresh_database(cluster, {"channel_sms": MIGRATIONS}) as dsn,
        open_ground("channel_sms", dsn, tmp_path) as ground,
    ):
        yield ground


@dataclass
class Bound:
    """Our end of a line, with all that stands behind it, and what was new among what came."""

    came: list[MessageReceived | DeliveryReported]
    line: Line
    taker: Delivered
    sent: Sent
    parts: PartStore
    sender: SmppSender


def stand_behind(ground: Ground, number: SmppNumber) -> Bound:
    parts, sent = PartStore(ground.pool, ground.ring), Sent(ground.pool)
    came: list[MessageReceived | DeliveryReported] = []

    async def accept(arrival: Arrival) -> Accepted:
        accepted = await ground.accept(arrival)
        if accepted.new:
            came.append(arrival.event)
        return accepted

    taker = Delivered(number, accept, parts, sent, ground.ring)
    line = Line(number, taker.take, pauses=(0.05,), patience=60)
    lines = {hooks.Account("sms", number.tenant, number.name): line}
    return Bound(came, line, taker, sent, parts, SmppSender(lines, sent, waits=(0, 0)))


@asynccontextmanager
async def bound_to(ground: Ground, number: SmppNumber) -> AsyncIterator[Bound]:
    ours = stand_behind(ground, number)
    running = asyncio.create_task(ours.line.run())
    try:
        yield ours
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.fixture
async def bind_to(ground: Ground) -> AsyncIterator[Callable[[SmppNumber], Awaitable[Bound]]]:
    """Return what binds a number of ours; all are let go at the end."""
    async with AsyncExitStack() as stack:

        async def bind(number: SmppNumber) -> Bound:
            return await stack.enter_async_context(bound_to(ground, number))

        yield bind


@pytest.fixture
async def bound(bind_to: Callable[[SmppNumber], Awaitable[Bound]], smsc: PretendSmsc) -> Bound:
    return await bind_to(smsc.number())


@pytest.fixture
async def smsc_by_tls(tmp_path: Path, certificate: Path) -> AsyncIterator[PretendSmsc]:
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(certificate)
    async with smsc_at(tmp_path, served) as pretend:
        yield pretend


@pytest.fixture
def another(ground: Ground, smsc: PretendSmsc) -> Callable[[], Bound]:
    """Return what makes another process of ours, whose line is not held."""
    return lambda: stand_behind(ground, smsc.number())


@pytest.fixture
def request_to() -> Callable[..., MessageRequested]:
    """Return what makes a wish of the store's to send something."""

    def make(to: str = ERIKA, text: str = "Guten Tag", account: str = "sms") -> MessageRequested:
        recipient = ContactPoint(kind=ContactKind.PHONE, value=to)
        return MessageRequested(
            id=uuid4(),
            tenant="musterstadt",
            channel=Channel.SMS,
            account=account,
            conversation_id=uuid4(),
            requested_at=datetime.now(UTC),
            content=RequestedContent(recipient=recipient, text=text),
        )

    return make
