"""A pretend carrier over a real socket, and one number of ours at it."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from channel_sms.providers.twilio import Twilio
from channel_sms.settings import Account, Accounts, SmsAccount, SmsSettings
from hub_contract.words import Cost
from local_hub.peers.phones import api, handsets
from local_hub.peers.phones.call import Caller
from local_hub.peers.phones.carrier import Faults, Phones
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
    app.include_router(handsets.make_router(phones, interface, caller))
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
