"""Puts the paper channel together: scans in, and every provider's way out, as one channel."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from fastapi import FastAPI

from channel_paper.boxes import Boxes, PaperBox, ProviderName
from channel_paper.parse import Context, Document, batch_of, parse_document
from channel_paper.providers.letterxpress import LetterXpress
from channel_paper.providers.pingen import Pingen
from channel_paper.providers.port import Provider
from channel_paper.receive.cut import Cutter
from channel_paper.receive.letterxpress import JobLists
from channel_paper.receive.listen import SftpListener
from channel_paper.receive.pages import Counter, router
from channel_paper.receive.pingen import PingenHooks
from channel_paper.receive.receipts import PrintRoom
from channel_paper.receive.returns import ReturnsReader
from channel_paper.receive.scans import Scans
from channel_paper.send.folder import FolderSender
from channel_paper.send.letterxpress import LetterXpressSender
from channel_paper.send.pingen import PingenSender
from channel_paper.settings import ABOUT, PATIENCE, SERVICE, PaperSettings
from hub_contract.events import Arrival
from hub_contract.words import Channel
from hub_kit import hooks
from hub_kit.accounts import account_asked
from hub_kit.channel import ChannelParts, Frame, run_channel
from hub_kit.ground import Ground
from hub_kit.providers import join
from hub_kit.settings import Loaded
from hub_kit.turns import Turns
from hub_pages.pages import Pages
from hub_pages.problems import add_error_pages
from hub_reading.pages import count
from hub_reading.pool import PageReader

HERE = Path(__file__).parent


def compose(ground: Ground, settings: PaperSettings, boxes: Boxes) -> ChannelParts:
    """Return the parts of all providers, and the way in, as those of one channel."""
    used = {name: boxes.at(name) for name in ProviderName}
    parts = {
        name: PROVIDERS[name](ground, settings, found)
        for name, found in used.items()
        if list(found)
    }
    joined = join(Channel.PAPER, parts, used, PATIENCE)
    turns = Turns(ground.pool)
    reader = PageReader()
    cut = Cutter(reader)
    scans = [Scans(box, settings, ground.accept, turns, cut) for box in boxes]
    return replace(
        joined,
        reader=ReturnsReader(reader, boxes, ground.accept.all),
        work={
            "sftp": SftpListener(settings, scans).run,
            **{f"scans of {one.box.key}": one.run for one in scans},
            **joined.work,
        },
        add_to=lambda app: add_pages(app, ground, Counter(scans, settings, Pages(HERE))),
        closing=(
            *joined.closing,
            turns.close,
            reader.close,
            *(one.disk.close for one in scans),
        ),
    )


def compose_folder(ground: Ground, settings: PaperSettings, boxes: Boxes) -> ChannelParts:
    """`Provider`: a folder that the authority prints itself."""
    turns = Turns(ground.pool)
    rooms = [PrintRoom(box, ground.accept.all, turns, settings.look_every) for box in boxes]
    return ChannelParts(
        FolderSender(boxes),
        work={f"print room of {box.key}": room.run for box, room in zip(boxes, rooms, strict=True)},
        closing=(turns.close,),
    )


def compose_pingen(_: Ground, settings: PaperSettings, boxes: Boxes) -> ChannelParts:
    """`Provider`: letters by HTTP, hooks say what became of them."""
    clients = {_called(box): Pingen(box, settings) for box in boxes}
    return ChannelParts(
        PingenSender(clients),
        hook=PingenHooks(clients),
        closing=[client.close for client in clients.values()],
    )


def compose_letterxpress(ground: Ground, settings: PaperSettings, boxes: Boxes) -> ChannelParts:
    """`Provider`: letters by HTTP, and looks into its lists."""
    clients = {_called(box): LetterXpress(box, settings) for box in boxes}
    turns, every = Turns(ground.pool), settings.ask_every
    return ChannelParts(
        LetterXpressSender(clients),
        work={
            f"jobs of {client.box.key}": JobLists(client, ground.accept.all, turns, every).run
            for client in clients.values()
        },
        closing=(*(client.close for client in clients.values()), turns.close),
    )


PROVIDERS: Mapping[ProviderName, Provider] = {
    ProviderName.FOLDER: compose_folder,
    ProviderName.PINGEN: compose_pingen,
    ProviderName.LETTERXPRESS: compose_letterxpress,
}


def add_pages(app: FastAPI, ground: Ground, counter: Counter) -> FastAPI:
    """Add the page where scans are handed in, and answer errors as pages."""
    app.state.counter, app.state.ring = counter, ground.ring
    app.include_router(router)
    app.mount("/static", counter.pages.own)
    tenants = ground.settings.tenants
    add_error_pages(
        app,
        counter.pages,
        lambda tenant: tenants[tenant].name if tenant in tenants else "",
        SERVICE,
    )
    return app


def _called(box: PaperBox) -> hooks.Account:
    return hooks.Account("paper", box.tenant, box.name)


def parse_file(raw: bytes, loaded: Loaded | None, asked: str) -> Arrival:
    """Return what this scan becomes: as one of the file's boxes, or as anyone would."""
    now = datetime.now(UTC)
    context = Context("example", "letters", now)
    if loaded is not None:
        box = account_asked(Boxes.read(loaded), loaded, asked)
        context = Context(box.tenant, box.name, now, device=box.settings.device)
    document = Document(raw, pages=count(raw) or 0)
    return parse_document(batch_of(raw, (document,)), document, context)


CHANNEL = Frame(Channel.PAPER, ABOUT, compose, parse_file)

if __name__ == "__main__":
    run_channel(CHANNEL)
