"""Puts the web channel together: pages in, inboxes out, and what is swept by itself."""

from pathlib import Path

from fastapi import FastAPI, Request, Response
from starlette.requests import ClientDisconnect

from channel_web.receive import contact, conversation, download, live, look_up, start
from channel_web.receive.ask import Store, open_client
from channel_web.receive.visit import Portal
from channel_web.send import PortalSender
from channel_web.settings import SERVICE, Accounts, WebSettings
from hub_contract.topics import REQUESTED
from hub_contract.words import Channel
from hub_kit.consume import Consumer
from hub_kit.ground import Ground
from hub_kit.keys import KeyRing
from hub_kit.operations import add_operations
from hub_kit.outgoing import Outgoing, take_in
from hub_kit.settings import Loaded, or_exit
from hub_kit.shell import Parts, database_check, make_app, run
from hub_kit.trim import Trimmer, for_each, sent
from hub_pages.pages import Pages
from hub_pages.problems import add_error_pages

HERE = Path(__file__).parent
_ROUTES = (start, contact, look_up, conversation, live, download)


def put_together(ground: Ground, settings: WebSettings, accounts: Accounts) -> FastAPI:
    """Return the service on its ground: its pages, and its work while it lives."""
    store = Store(open_client(settings.store), ground.ring)
    portal = Portal.open(ground, settings, accounts, Pages(HERE), store)
    sender = PortalSender(accounts, ground.pool)
    topic = REQUESTED[Channel.WEB].name
    requests = Consumer(SERVICE, [topic], ground.bus, ground.pool, take_in)
    outgoing = Outgoing(ground.pool, ground.blobs, ground.ring, sender, SERVICE)
    parts = Parts(
        SERVICE,
        work={
            "requests": requests.run,
            "outgoing": outgoing.run,
            "live": portal.tail.run,
            "trim": _trimmer(portal).run,
        },
        checks={"database": database_check(ground.pool), "live": portal.tail.check},
        closing=(store.close, ground.close),
    )
    app = add_operations(make_app(parts), ground, [requests], outgoing)
    return add_pages(app, portal)


def add_pages(app: FastAPI, portal: Portal) -> FastAPI:
    """Add the pages, and answer errors as pages."""
    app.state.portal, app.state.ring = portal, portal.ground.ring
    for module in _ROUTES:
        app.include_router(module.router)
    app.mount("/static", portal.pages.own)
    add_error_pages(app, portal.pages, portal.accounts.authority, SERVICE)

    @app.exception_handler(ClientDisconnect)
    async def gone(_: Request, __: ClientDisconnect) -> Response:
        return Response(status_code=400)  # nobody hears it

    return app


def _trimmer(portal: Portal) -> Trimmer:
    tenants = portal.accounts.tenants()
    return Trimmer(
        {
            "outgoing": sent(portal.ground),
            "failure": for_each(tenants, portal.blocks.sweep),
            "upload": for_each(tenants, portal.keep.sweep),
        }
    )


def main() -> None:
    loaded = or_exit(Loaded.read)
    settings = or_exit(lambda: loaded.section(SERVICE, WebSettings))
    accounts = or_exit(lambda: Accounts.read(loaded))
    ring = or_exit(lambda: KeyRing.read(loaded.hub.keys_file))

    async def compose() -> FastAPI:
        return put_together(await Ground.open(SERVICE, loaded.hub, ring), settings, accounts)

    run(compose, SERVICE, settings.http.host, settings.http.port, loaded.hub.telemetry)


if __name__ == "__main__":
    main()
