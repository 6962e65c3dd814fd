"""Paper, as the suite of all channels talks to it: by folder, by Pingen, by LetterXpress."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import uvicorn
from fastapi import APIRouter, FastAPI

from channel_paper.boxes import Boxes, FolderBox, LetterXpressBox, PaperBox, PingenBox
from channel_paper.parse import Context, parse
from channel_paper.providers.letterxpress import LetterXpress
from channel_paper.providers.pingen import Pingen
from channel_paper.send.folder import FolderSender
from channel_paper.send.letterxpress import LetterXpressSender
from channel_paper.send.pingen import PingenSender
from channel_paper.settings import PaperSettings
from hub_contract.events import Arrival, MessageContent, MessageReceived
from hub_contract.words import ContactKind, ContactPoint
from hub_kit import hooks
from hub_kit.conformance import Driver
from hub_kit.ground import Ground
from hub_kit.outgoing import Sender
from hub_kit.testing import eventually
from hub_reading.pool import PageReader
from local_hub.peers.letters import letterxpress, pingen
from local_hub.peers.letters.house import House
from local_hub.peers.letters.tray import Tray

ERIKA = ContactPoint(kind=ContactKind.POSTAL, value="Erika Mustermann\nHeidestraße 17\n51147 Köln")
NOBODY = ContactPoint(kind=ContactKind.EMAIL, value="erika@example.org")


def arrive(text: str, tenant: str, at: datetime) -> Arrival:
    """A scan has no words before it is read: the name of its file is what travels of it."""
    raw = b"%PDF-1.7\n" + text.encode("utf-8", "surrogatepass") + b"\n%%EOF\n"
    return parse(raw, Context(tenant, "letters", at, text))


def words(said: MessageContent) -> str:
    return said.batch


async def read(received: MessageReceived, raw: bytes) -> Arrival:
    """`Reader`: the channel's own, with a pool that lives no longer than the loop of a test."""
    reader = PageReader(workers=1)
    try:
        return await reader(received, raw)
    finally:
        await reader.close()


@asynccontextmanager
async def sending(_: Ground) -> AsyncIterator[tuple[Sender, ContactPoint]]:
    with TemporaryDirectory() as folder:
        section = FolderBox(
            address="Stadt", folder=Path(folder, "in"), print_folder=Path(folder, "out")
        )
        box = PaperBox("musterstadt", "letters", "Stadt Musterstadt", section)
        yield FolderSender(Boxes([box])), ERIKA


DRIVER = Driver(
    "letters",
    arrive,
    sending,
    unreachable=NOBODY,
    files=0,
    reader=read,
    words=words,
    knows_sender=False,
)

ACCOUNT = hooks.Account("paper", "musterstadt", "letters")
SECRET, ORGANISATION = "a secret of a pretend house", "b85c7b52-debb-4b15-b5db-d86b0a4e9bbf"
COMMON = {"address": "Stadt\nMarkt 1\n12345 Ort", "folder": Path("in")}


@asynccontextmanager
async def house(router: APIRouter, door: socket.socket) -> AsyncIterator[None]:
    app = FastAPI()
    app.include_router(router)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    running = asyncio.create_task(server.serve(sockets=[door]))

    async def started() -> bool:
        return server.started

    await eventually(started)
    yield
    server.should_exit = True
    await running


@asynccontextmanager
async def by_pingen(_: Ground) -> AsyncIterator[tuple[Sender, ContactPoint]]:
    door = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{door.getsockname()[1]}/pingen"
    os.environ["PRETEND_HOUSE"] = SECRET
    section = PingenBox(
        organisation=ORGANISATION,
        client_id="hub",
        client_secret_env="PRETEND_HOUSE",
        hook_secret_env="PRETEND_HOUSE",
        **COMMON,
    )
    box = PaperBox("musterstadt", "letters", "Stadt Musterstadt", section)
    client = Pingen(box, PaperSettings(pingen=address, pingen_login=address))
    there = pingen.Pingen(House(Tray()), address, ORGANISATION, SECRET)
    async with house(pingen.make_router(there), door):
        yield PingenSender({ACCOUNT: client}), ERIKA
        await client.close()
        await there.close()


@asynccontextmanager
async def by_letterxpress(_: Ground) -> AsyncIterator[tuple[Sender, ContactPoint]]:
    door = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{door.getsockname()[1]}/letterxpress/v1"
    os.environ["PRETEND_HOUSE"] = SECRET
    section = LetterXpressBox(username="hub", key_env="PRETEND_HOUSE", **COMMON)
    box = PaperBox("musterstadt", "letters", "Stadt Musterstadt", section)
    client = LetterXpress(box, PaperSettings(letterxpress=address))
    there = letterxpress.LetterXpress(House(Tray()), "hub", SECRET)
    async with house(letterxpress.make_router(there), door):
        yield LetterXpressSender({ACCOUNT: client}), ERIKA
        await client.close()
        await there.house.close()


MORE = {
    name: Driver(
        "letters",
        arrive,
        way,
        unreachable=NOBODY,
        files=0,
        reader=read,
        words=words,
        knows_sender=False,
    )
    for name, way in (("pingen", by_pingen), ("letterxpress", by_letterxpress))
}
