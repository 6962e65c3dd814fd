"""Puts the desk together: its pages, the store it asks, and the task that sends what was held."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx
from fastapi import FastAPI

from hub_kit.ground import Ground
from hub_kit.keys import KeyRing
from hub_kit.live import Tail
from hub_kit.seats import Seats
from hub_kit.settings import Loaded, or_exit
from hub_kit.shell import Parts, make_app, run
from hub_kit.trim import Trimmer, for_each
from hub_pages.face import Face
from hub_pages.face.read import read_faces
from hub_pages.pages import Pages
from hub_pages.problems import add_error_pages
from workspace import (
    act,
    add_address,
    callbacks,
    calls,
    hand_out,
    leaf,
    live,
    look,
    operations,
    write,
)
from workspace.ask import STORE, Service, open_client
from workspace.carries import SAID, SMS
from workspace.desk import Desk
from workspace.drafts import sweep_drafts
from workspace.figures import tell_figures
from workspace.hold import drop_erased, send_due
from workspace.people import forget
from workspace.proofs import (
    HELD,
    Say,
    address_of,
    badges_of,
    call_badges,
    file_badges,
    initials,
    name_of,
    partial_word,
    proof_word,
    service_word,
)
from workspace.settings import ABOUT, SERVICE, WorkspaceSettings
from workspace.show import bare

HERE = Path(__file__).parent
MIGRATIONS = HERE / "migrations"
_EVERY = 0.5  # seconds between two looks for answers that are due
_FORGET_EVERY = 1_200  # looks


def words_for(say: Say) -> dict[str, Any]:
    """Return what the templates of the desk say with, beside what every page has."""
    return {
        "evidence_words": lambda evidence: badges_of(evidence, say),
        "file_words": lambda file: file_badges(file, say),
        "call_words": lambda entry: call_badges(entry, say),
        "proof_word": lambda kind, result: proof_word(kind, result, say),
        "initials": initials,
        "service_word": lambda name: service_word(name, say),
        "tell_figures": lambda figures, say_day: tell_figures(figures, say, say_day),
        "bare": bare,
        "say": say,
        "named": lambda person: name_of(person, say),
        "address_of": address_of,
        "unfit_words": SAID,
        "sms_alphabet": SMS,
        "shown_types": hand_out.SHOWN,
        "held_checks": HELD,
        "partial_word": lambda entry: partial_word(entry, say),
        "largest": leaf.LARGEST,
    }


def compose(
    ground: Ground,
    settings: WorkspaceSettings,
    client: httpx.AsyncClient,
    faces: Mapping[str, Face] = MappingProxyType({}),
) -> FastAPI:
    """Return the service; `client` leads to the store. Of a face the desk has arms and name."""
    faces = {tenant: replace(face, colours=None) for tenant, face in faces.items()}
    others = {name: open_client(url, 5) for name, url in settings.operations.items()}
    desk = Desk(
        ground,
        settings,
        Service(ground.ring, client, STORE),
        Pages(HERE, more=words_for, faces=faces),
        {name: Service(ground.ring, other, name) for name, other in others.items()},
    )
    tail = Tail(ground.bus)
    parts = Parts(
        SERVICE,
        work={"send": partial(_send, desk), "live": tail.run, "trim": _trimmer(desk).run},
        checks={**ground.checks, "live": tail.check},
        closing=(client.aclose, *(other.aclose for other in others.values()), ground.close),
    )
    app = make_app(parts)
    app.state.ring, app.state.desk, app.state.tail = ground.ring, desk, tail
    app.state.seats = Seats(settings.streams_each, settings.streams)
    app.mount("/static", desk.pages.own)
    # In this order: the last one's paths would swallow the others'.
    modules = (look, live, calls, hand_out, leaf, operations, write, callbacks, add_address, act)
    for module in modules:
        app.include_router(module.router)
    add_error_pages(app, desk.pages, desk.authority, SERVICE)
    return app


def _trimmer(desk: Desk) -> Trimmer:
    keep = timedelta(days=desk.settings.draft_days)
    sweep = partial(sweep_drafts, desk.ground.pool, keep)
    return Trimmer({"draft": for_each(desk.ground.settings.tenants, sweep)})


async def _send(desk: Desk) -> None:
    looks = 0
    while True:
        for tenant in desk.ground.settings.tenants:
            if looks % _FORGET_EVERY == 0:
                await forget(desk.ground.pool, tenant)
                await drop_erased(desk.ground.pool, tenant)
            await send_due(desk.ground, desk.store, tenant)
        looks += 1
        await asyncio.sleep(_EVERY)


def main() -> None:
    loaded = or_exit(Loaded.read)
    settings = or_exit(lambda: ABOUT.read(loaded))
    faces = or_exit(lambda: read_faces(loaded))
    ring = or_exit(lambda: KeyRing.of(loaded.hub, SERVICE))

    async def open_app() -> FastAPI:
        ground = await Ground.open(SERVICE, loaded.hub, ring)
        return compose(ground, settings, open_client(settings.store), faces)

    run(open_app, SERVICE, settings.http.host, settings.http.port, loaded.hub.telemetry)


if __name__ == "__main__":
    main()
