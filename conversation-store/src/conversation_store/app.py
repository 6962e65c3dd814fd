"""Puts the store together: what it hears, what it answers, what it does by itself."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from conversation_store.api import actions, calls, conversations, entries, mine, rearrangements
from conversation_store.api.document import add_schema
from conversation_store.append.listen import listen
from conversation_store.append.ring import forget_calls
from conversation_store.authorities import read_authorities
from conversation_store.change import wake
from conversation_store.queue.callbacks import count_callbacks
from conversation_store.queue.tally import fold
from conversation_store.renew import renew
from conversation_store.settings import ABOUT, SERVICE
from conversation_store.store import Store
from hub_kit.consume import Consumer
from hub_kit.ground import Ground
from hub_kit.keys import KeyRing
from hub_kit.operations import add_operations
from hub_kit.settings import Loaded, or_exit
from hub_kit.shell import Parts, make_app, run
from hub_kit.trim import Trimmer, for_each
from hub_kit.trim_blobs import trim_blobs
from hub_kit.trim_log import TrimLog

MIGRATIONS = Path(__file__).parent / "migrations"
_WAKE_EVERY = 30  # seconds


def compose(store: Store) -> FastAPI:
    """Return the service; it hears and answers while it lives."""
    ground = store.ground
    listener = listen(ground, store.append)
    parts = Parts(
        SERVICE,
        work={
            "listen": lambda: _listen(store, listener),
            "wake": lambda: _wake(store),
            "trim": trimmer(ground).run,
        },
        checks={
            **ground.checks,
            "erased": ground.erasures.replayed,
            "listen": listener.check,
        },
        closing=(ground.close,),
    )
    figures = partial(count_callbacks, ground)
    app = add_operations(make_app(parts), ground, [listener], figures=figures)
    app.state.store = store
    return add_routes(app)


def add_routes(app: FastAPI) -> FastAPI:
    """Add the HTTP interface, and say in its document what a problem looks like."""
    for module in (conversations, entries, actions, calls, rearrangements, mine):
        app.include_router(module.router)
    write = app.openapi

    def document() -> dict[str, Any]:
        if not app.openapi_schema:
            add_schema(write())
        assert app.openapi_schema is not None
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]
    return app


async def _listen(store: Store, listener: Consumer) -> None:
    """Renew first: who wrote under an older spelling is known when she writes again."""
    await store.ground.erasures.replayed()
    for tenant in store.ground.settings.tenants:
        await renew(store.ground, tenant)
    await listener.run()


def trimmer(ground: Ground) -> Trimmer:
    """Return what trims the store's own tables, and the hub's: every hub has a store."""
    tenants, pool = ground.settings.tenants, ground.pool
    return Trimmer(
        {
            "event_log": TrimLog(pool, ground.settings),
            "blob": for_each(tenants, partial(trim_blobs, pool, ground.blobs)),
            "tally": for_each(tenants, partial(fold, pool)),
        }
    )


async def _wake(store: Store) -> None:
    while True:
        for tenant in store.ground.settings.tenants:
            await renew(store.ground, tenant)  # what a store of the release before still wrote
            await wake(store.ground, tenant)
            await forget_calls(store.ground, tenant)
        await asyncio.sleep(_WAKE_EVERY)


def main() -> None:
    loaded = or_exit(Loaded.read)
    settings = or_exit(lambda: ABOUT.read(loaded))
    authorities = or_exit(lambda: read_authorities(loaded))
    ring = or_exit(lambda: KeyRing.of(loaded.hub, SERVICE))

    async def open_app() -> FastAPI:
        ground = await Ground.open(SERVICE, loaded.hub, ring)
        return compose(Store.open(ground, settings, authorities))

    run(open_app, SERVICE, settings.http.host, settings.http.port, loaded.hub.telemetry)


if __name__ == "__main__":
    main()
