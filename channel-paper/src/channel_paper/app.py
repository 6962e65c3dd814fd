"""Puts the paper channel together: scans in, and every provider's way out, as one channel."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from fastapi import FastAPI

from channel_paper.boxes import Boxes, PaperBox, ProviderName
from channel_paper.parse import Context, Document, batch_of, parse_document
from channel_paper.providers.port import Provider
from channel_paper.receive.cut import Cutter
from channel_paper.receive.listen import SftpListener
from channel_paper.receive.pages import Counter, router
from channel_paper.receive.receipts import PrintRoom
from channel_paper.receive.scans import Scans
from channel_paper.send import Senders
from channel_paper.send.folder import FolderSender
from channel_paper.settings import ABOUT, SERVICE, PaperSettings
from hub_contract.events import Arrival
from hub_contract.words import Channel
from hub_kit import hooks
from hub_kit.accounts import account_asked
from hub_kit.channel import ChannelParts, Frame, run_channel
from hub_kit.ground import Ground
from hub_kit.settings import Loaded
from hub_kit.turns import Turns
from hub_pages.pages import Pages
from hub_pages.problems import add_error_pages
from hub_reading.pages import count
from hub_reading.pool import PageReader

HERE = Path(__file__).parent
T = TypeVar("T")


def compose(ground: Ground, settings: PaperSettings, boxes: Boxes) -> ChannelParts:
    """Return the parts of all providers, and the way in, as those of one channel."""
    used = {name: boxes.at(name) for name in ProviderName}
    parts = {
        name: PROVIDERS[name](ground, settings, found)
        for name, found in used.items()
        if list(found)
    }
    senders = {_called(one): parts[one.settings.provider].sender for one in boxes}
    turns = Turns(ground.pool)
    reader = PageReader()
    cut = Cutter(reader)
    scans = [Scans(box, settings, ground.accept, turns, cut) for box in boxes]
    return ChannelParts(
        Senders(senders),
        reader=reader,
        work={
            "sftp": SftpListener(settings, scans).run,
            **{f"scans of {one.box.key}": one.run for one in scans},
            **merged(one.work for one in parts.values()),
        },
        add_to=lambda app: add_pages(app, ground, Counter(scans, settings, Pages(HERE))),
        trim=merged(one.trim for one in parts.values()),
        closing=(
            *(work for one in parts.values() for work in one.closing),
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


PROVIDERS: Mapping[ProviderName, Provider] = {ProviderName.FOLDER: compose_folder}


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


def merged(maps: Iterable[Mapping[str, T]]) -> dict[str, T]:
    return {name: value for one in maps for name, value in one.items()}


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
