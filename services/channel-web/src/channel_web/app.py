"""Puts the web channel together: pages in, inboxes out, and what is swept by itself."""

from pathlib import Path

from fastapi import FastAPI, Request, Response
from starlette.requests import ClientDisconnect

from channel_web.receive import (
    contact,
    conversation,
    download,
    leave,
    link,
    live,
    look_up,
    start,
    tell_state,
    text_me,
)
from channel_web.receive.ask import Store, open_client
from channel_web.receive.visit import Portal
from channel_web.send import PortalSender
from channel_web.settings import ABOUT, SERVICE, Accounts, WebSettings
from hub_contract.words import Channel
from hub_kit.channel import ChannelParts, Frame, run_channel
from hub_kit.ground import Ground
from hub_kit.trim import Sweep, for_each
from hub_pages.pages import Pages
from hub_pages.problems import add_error_pages

HERE = Path(__file__).parent
_ROUTES = (
    start,
    contact,
    look_up,
    link,
    conversation,
    text_me,
    live,
    download,
    leave,
    tell_state,
)


def compose(ground: Ground, settings: WebSettings, accounts: Accounts) -> ChannelParts:
    store = Store(open_client(settings.store), ground.ring)
    portal = Portal.open(ground, settings, accounts, Pages(HERE, faces=accounts.faces()), store)
    return ChannelParts(
        PortalSender(accounts, ground.pool),
        work={"live": portal.tail.run},
        checks={"live": portal.tail.check},
        trim=_sweeps(portal),
        add_to=lambda app: add_pages(app, portal),
        closing=(store.close,),
    )


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


def _sweeps(portal: Portal) -> dict[str, Sweep]:
    tenants = portal.accounts.tenants()
    return {
        "failure": for_each(tenants, portal.blocks.sweep),
        "unsent": portal.keep.sweep,
        "session": for_each(tenants, portal.sessions.sweep),
        "code": for_each(tenants, portal.codes.sweep),
        "known": for_each(tenants, portal.known.sweep),
    }


CHANNEL = Frame(Channel.WEB, ABOUT, compose)

if __name__ == "__main__":
    run_channel(CHANNEL)
