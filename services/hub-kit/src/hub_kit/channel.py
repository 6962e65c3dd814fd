"""The frame of every channel: the way in, the way out and what operators see, in one call.

A channel describes itself once, as `CHANNEL` in its `app`, and `run_channel(CHANNEL)` is all of its
`main`. What it adds to the frame, its `compose` returns as `ChannelParts`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Generic, TypeVar

from fastapi import FastAPI
from starlette.types import ASGIApp

from hub_contract.events import Arrival
from hub_contract.topics import REQUESTED
from hub_contract.words import Channel
from hub_kit.about import About, names
from hub_kit.consume import Consumer
from hub_kit.ground import Ground
from hub_kit.hooks import LIMIT, Handler, Hooks
from hub_kit.keys import KeyRing
from hub_kit.listen import Listen, listeners_of
from hub_kit.operations import Figure, Figures, add_operations, no_figures
from hub_kit.outgoing import Outgoing, Sender, take_in
from hub_kit.read_later import Reader, ReadLater
from hub_kit.settings import Loaded, or_exit
from hub_kit.shell import Check, Parts, Work, make_app, run
from hub_kit.strangers import Strangers
from hub_kit.trim import Sweep, Trimmer, sent

SettingsT = TypeVar("SettingsT")
AccountsT = TypeVar("AccountsT")


def _nothing(_: FastAPI) -> None:
    """Add nothing."""


@dataclass(frozen=True)
class ChannelParts:
    """What one channel consists of, beside what all have."""

    sender: Sender
    work: Mapping[str, Work] = field(default_factory=dict)
    checks: Mapping[str, Check] = field(default_factory=dict)
    # Reads the pages of what is taken in, after it is safe; needs `hub_kit.schema.READING`.
    reader: Reader | None = None
    hook: Handler | None = None  # takes what providers send to /hooks/<channel>/…
    hook_limit: int = LIMIT  # bytes of one, where a provider hands files over in it
    trim: Mapping[str, Sweep] = field(default_factory=dict)  # what it must not keep for ever
    figures: Figures = no_figures  # what operators watch beside lag and what is stuck
    add_to: Callable[[FastAPI], object] = _nothing  # pages, routes, answers to errors
    closing: Sequence[Work] = ()  # run at the end, in this order, before the ground is closed


@dataclass(frozen=True)
class Frame(Generic[SettingsT, AccountsT]):
    """One channel, as its `app` describes it.

    `parse` is for `faden parse`: the bytes of an original, the file of settings where an account
    is asked for, and that account as `tenant/name`. None: there is nothing to parse from a file.
    """

    channel: Channel
    about: About[tuple[SettingsT, AccountsT]]
    compose: Callable[[Ground, SettingsT, AccountsT], ChannelParts]
    parse: Callable[[bytes, Loaded | None, str], Arrival] | None = None


def find_channel(channel: Channel) -> Frame[Any, Any]:
    """Return the frame of this channel; `LookupError` where its service is not installed."""
    if f"channel_{channel}" not in names():
        raise LookupError(channel)
    found: Frame[Any, Any] = import_module(f"channel_{channel}.app").CHANNEL
    return found


def compose_channel(
    frame: Frame[SettingsT, AccountsT],
    ground: Ground,
    settings: SettingsT,
    accounts: AccountsT,
    public: str,
) -> tuple[FastAPI, ASGIApp]:
    """Return the channel's own app, and what stands before it where providers call hooks.

    `public` is how they write our address (`Loaded.public`).
    """
    name = frame.about.name
    own = frame.compose(ground, settings, accounts)
    topic = REQUESTED[frame.channel].name
    requests = Consumer(name, [topic], ground.bus, ground.pool, take_in)
    outgoing = Outgoing(ground.pool, ground.blobs, ground.ring, own.sender, name)
    if own.reader:
        ground.accept.read_later()
    parts = Parts(
        name,
        work={
            **({"read": ReadLater(ground, own.reader).run} if own.reader else {}),
            "requests": requests.run,
            "outgoing": outgoing.run,
            "trim": Trimmer({"outgoing": sent(ground), **own.trim}).run,
            **own.work,
        },
        checks={**ground.checks, **own.checks},
        closing=(*own.closing, ground.close),
    )
    strangers = Strangers(ground.settings.tenants.keys())

    async def figures(tenant: str) -> Sequence[Figure]:
        return [*await own.figures(tenant), *await strangers.show(tenant)]

    app = add_operations(make_app(parts), ground, [requests], outgoing, figures)
    own.add_to(app)
    if own.hook is None:
        return app, app
    hooks = {frame.channel: own.hook}
    return app, Hooks(app, ground, hooks, public, limit=own.hook_limit, strangers=strangers)


def run_channel(frame: Frame[Any, Any]) -> None:
    """Run a channel until a signal; a mistake in the file is one line and code 2."""
    loaded = or_exit(Loaded.read)
    settings, accounts = or_exit(lambda: frame.about.read(loaded))
    name = frame.about.name
    ring = or_exit(lambda: KeyRing.of(loaded.hub, name))

    async def open_app() -> ASGIApp:
        ground = await Ground.open(name, loaded.hub, ring)
        _, app = or_exit(lambda: compose_channel(frame, ground, settings, accounts, loaded.public))
        return app

    door: Listen = listeners_of(settings)["http"]
    run(open_app, name, door.host, door.port, loaded.hub.telemetry)
