"""Faxes, as the suite of all channels talks to them: by HylaFAX, by Telnyx and by Sinch."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import uvicorn
from fastapi import FastAPI

from channel_fax.numbers import (
    Accounts,
    AnyNumber,
    HylafaxAccount,
    SinchAccount,
    SinchNumber,
    TelnyxAccount,
    TelnyxNumber,
)
from channel_fax.parse import parse
from channel_fax.parse.context import Call, Context
from channel_fax.parse.hosted import parse_fax
from channel_fax.providers.said import Media
from channel_fax.providers.sinch import Sinch
from channel_fax.providers.telnyx import Telnyx
from channel_fax.send import OnlyAllowed
from channel_fax.send.hylafax import HylafaxSender
from channel_fax.send.jobs import Jobs
from channel_fax.send.sinch import SinchSender
from channel_fax.send.telnyx import TelnyxSender
from channel_fax.settings import PATIENCE, Hylafax
from channel_fax.settings import Sinch as SinchSettings
from channel_fax.settings import Telnyx as TelnyxSettings
from hub_contract.events import Arrival, MessageContent, MessageReceived
from hub_contract.words import Channel, ContactKind, ContactPoint
from hub_kit import hooks
from hub_kit.conformance import Driver
from hub_kit.ground import Ground
from hub_kit.listen import HostPort
from hub_kit.outgoing import Sender
from hub_kit.providers import Senders
from hub_print.cover import Cover
from hub_reading.pool import PageReader
from local_hub.peers.faxes.call import FaxCaller, public_key
from local_hub.peers.faxes.hfaxd import Hfaxd
from local_hub.peers.faxes.machines import Faults, Machines
from local_hub.peers.faxes.pages import tiff
from local_hub.peers.faxes.sinch import make_sinch
from local_hub.peers.faxes.telnyx import make_telnyx
from local_hub.peers.settings import Faxes, FaxNumber

ERIKA = ContactPoint(kind=ContactKind.FAX, value="+497115550101")
NOBODY = ContactPoint(kind=ContactKind.EMAIL, value="erika@example.org")


def _among(numbers: Accounts, account: hooks.Account, sender: Sender) -> Sender:
    """Return the sender as the channel has it: for accounts it knows, and that may send."""
    return OnlyAllowed(numbers, Senders(Channel.FAX, {account: sender}, PATIENCE))


def arrive(text: str, tenant: str, at: datetime) -> Arrival:
    """Return a fax whose machine calls itself so: what is on its pages, a reader reads later."""
    raw = tiff(1) + text.encode("utf-8", "surrogatepass")
    call = Call("000000001", ERIKA.value, "+4971112398", station=text)
    return parse(raw, Context(tenant, "fax", at), call)


def words(said: MessageContent) -> str:
    """A fax has no words before it is read: what its machine calls itself travels of it."""
    return next((one.result for one in said.evidence if one.kind == "station-id"), "")


async def read(received: MessageReceived, raw: bytes) -> Arrival:
    """`Reader`: the channel's own, with a pool that lives no longer than the loop of a test."""
    reader = PageReader(workers=1)
    try:
        return await reader(received, raw)
    finally:
        await reader.close()


@asynccontextmanager
async def sending(ground: Ground) -> AsyncIterator[tuple[Sender, ContactPoint]]:
    async with Hfaxd().serve() as port:
        settings = Hylafax(hfaxd=HostPort("127.0.0.1", port), lines=98)
        section = HylafaxAccount(address="+4971112398", country="DE", allowed=True)
        account = AnyNumber("musterstadt", "fax", "Stadt Musterstadt", section)
        numbers = Accounts([account], "http://hub.example")
        sender = HylafaxSender(numbers, settings, 100, Jobs(ground.pool))
        yield _among(numbers, hooks.Account("fax", "musterstadt", "fax"), sender), ERIKA
        await sender.close()


DRIVER = Driver("fax", arrive, sending, unreachable=NOBODY, files=0, reader=read, words=words)


def told(text: str, tenant: str, at: datetime) -> Arrival:
    """Return a fax of a hosted provider's, whose name for it is the text: all else is its pages."""
    name = text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    call = Call(name[:100], ERIKA.value, "+4971112396", station=name, named=True)
    raw = tiff(1) + name.encode()
    return parse_fax(raw, call, Media(raw), Context(tenant, "fax", at))


async def drawn(_: Cover) -> bytes:
    return tiff(1)


@asynccontextmanager
async def hosted(provider: str) -> AsyncIterator[tuple[Sender, ContactPoint]]:
    """Lend a sender at the pretend Telnyx or Sinch, which calls no hook."""
    token, folder = "the key of a pretend account", TemporaryDirectory()
    key = Path(folder.name) / "key"
    key.write_text(token, encoding="utf-8")
    door = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{door.getsockname()[1]}"
    number = FaxNumber(hook="/hooks/fax/musterstadt/fax", connection_id="c", project_id="p")
    machines = Machines(Faxes(address=address, numbers={"+4971112396": number}), token)
    machines.faults = Faults(silent=True)
    app, caller = FastAPI(), FaxCaller(token)
    app.include_router(make_telnyx(machines, caller)[0])
    app.include_router(make_sinch(machines, caller)[0])
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    running = asyncio.create_task(server.serve([door]))
    common = {"address": "+4971112396", "country": "DE", "allowed": True}
    account = hooks.Account("fax", "musterstadt", "fax")
    if provider == "telnyx":
        section = TelnyxAccount.model_validate(
            common | {"connection_id": "c", "api_key_file": key, "public_key": public_key(token)}
        )
        client = Telnyx(
            TelnyxNumber("musterstadt", "fax", "Stadt", section),
            TelnyxSettings(api=f"{address}/telnyx"),
        )
        numbers = Accounts([client.account], "http://hub.example")
        sender: Sender = TelnyxSender(numbers, {account: client}, drawn)
    else:
        at_sinch = SinchAccount.model_validate(
            common
            | {"project_id": "p", "key_id": "p", "key_secret_file": key, "hook_secret_file": key}
        )
        client = Sinch(
            SinchNumber("musterstadt", "fax", "Stadt", at_sinch),
            SinchSettings(api=f"{address}/sinch"),
        )
        numbers = Accounts([client.account], "http://hub.example")
        sender = SinchSender(numbers, {account: client}, drawn)
    yield _among(numbers, account, sender), ERIKA
    await client.close()
    await caller.close()
    server.should_exit = server.force_exit = True
    await running
    folder.cleanup()


MORE = {
    provider: Driver(
        "fax",
        told,
        lambda _, at=provider: hosted(at),
        unreachable=NOBODY,
        files=0,
        reader=read,
        words=words,
    )
    for provider in ("telnyx", "sinch")
}
