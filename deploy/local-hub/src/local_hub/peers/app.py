"""Puts the pretend outside world together: one process, one HTTP door, every peer's listener."""

import asyncio
from collections.abc import Awaitable, Callable

from fastapi import APIRouter, FastAPI

from hub_contract.errors import Temporary
from hub_kit.listen import HostPort
from hub_kit.settings import Loaded, or_exit
from hub_kit.shell import Parts, make_app, run
from local_hub.peers import identity
from local_hub.peers.faxes.call import FaxCaller
from local_hub.peers.faxes.machines import Machines
from local_hub.peers.faxes.sinch import make_sinch
from local_hub.peers.faxes.telnyx import make_telnyx
from local_hub.peers.faxes.tray import make_tray
from local_hub.peers.letters import letterbox, letterxpress, pingen
from local_hub.peers.letters import show as tray
from local_hub.peers.letters.house import House
from local_hub.peers.letters.print_room import PrintRoom
from local_hub.peers.letters.tray import Tray
from local_hub.peers.mail.api import make_router
from local_hub.peers.mail.mailboxes import Mailboxes
from local_hub.peers.mail.post import Post
from local_hub.peers.mail.receive import Handler, listen
from local_hub.peers.phones import api, exchange, handsets, outgoing
from local_hub.peers.phones.call import Caller
from local_hub.peers.phones.carrier import Phones
from local_hub.peers.phones.smsc import Smsc
from local_hub.peers.scanner import Scanner
from local_hub.peers.settings import PeersSettings
from local_hub.peers.table.show import PREFIX, add_table


def compose(settings: PeersSettings) -> FastAPI:
    """Return the app of all peers."""
    mailboxes, post = Mailboxes(settings.folder), Post(settings.hub)
    handler = Handler(settings, mailboxes, post)
    phones, caller = Phones(settings.carrier, settings.carrier_token()), Caller()
    faxing = FaxCaller(settings.carrier_token())
    smsc, door = Smsc(phones), settings.carrier.smsc
    clamd = settings.clamd
    brought, room = Tray(), settings.post.print_room
    routers, closing = _print_houses(settings, brought)
    has_smsc = any(one.system_id for one in settings.carrier.numbers.values())
    parts = Parts(
        "peers",
        work={
            "mail": lambda: listen(settings, handler),
            "identity": lambda: identity.serve(str(settings.identity), settings.people),
            **({"clamd": lambda: Scanner().run(clamd.host, clamd.port)} if clamd else {}),
            **({"print room": PrintRoom(room, brought).run} if room else {}),
            **({"smsc": lambda: smsc.run(door.host, door.port)} if has_smsc else {}),
        },
        checks={
            "smtp": lambda: _answers(settings.smtp),
            "identity": lambda: _answers(settings.identity),
        },
        closing=(post.close, caller.close, faxing.close, *closing),
    )
    app = make_app(parts)
    _everywhere(app, make_router(settings, mailboxes, post))
    _add_phones(app, phones, caller, smsc)
    if settings.letterbox.folder:
        _everywhere(app, letterbox.make_router(letterbox.Letterbox(settings.letterbox.folder)))
    _everywhere(app, tray.make_router(brought))
    for router in routers:
        app.include_router(router)
    _add_faxes(app, settings, faxing)
    add_table(app, settings)
    return app


def _everywhere(app: FastAPI, router: APIRouter) -> None:
    """Answer below the table's own prefix, too: its page may ask no other place."""
    app.include_router(router)
    app.include_router(router, prefix=PREFIX)


def _add_phones(app: FastAPI, phones: Phones, caller: Caller, smsc: Smsc) -> None:
    carrier, interface = api.make_router(phones, caller)
    calls = exchange.Exchange(phones, caller)
    board = outgoing.Switchboard(phones, caller, calls.desk)
    for router in (carrier, exchange.make_carrier(calls), outgoing.make_carrier(board)):
        app.include_router(router)
    _everywhere(app, handsets.make_router(phones, interface, caller, smsc))
    _everywhere(app, exchange.make_router(calls))
    _everywhere(app, outgoing.make_router(board))


def _add_faxes(app: FastAPI, settings: PeersSettings, faxing: FaxCaller) -> None:
    machines = Machines(settings.faxes, settings.carrier_token())
    telnyx_api, telnyx = make_telnyx(machines, faxing)
    sinch_api, sinch = make_sinch(machines, faxing)
    app.include_router(telnyx_api)
    app.include_router(sinch_api)
    _everywhere(app, make_tray(machines, telnyx, sinch, faxing))


def _print_houses(
    settings: PeersSettings, brought: Tray
) -> tuple[list[APIRouter], list[Callable[[], Awaitable[None]]]]:
    """Return the interfaces of the houses that have work, and what closes them."""
    post, carrier = settings.post, settings.carrier
    routers: list[APIRouter] = []
    closing: list[Callable[[], Awaitable[None]]] = []
    secret = settings.carrier_token()
    if post.organisation:
        hook = f"{carrier.hub}{post.hook}" if post.hook else ""
        address = f"{carrier.address}/pingen"
        house = pingen.Pingen(House(brought), address, post.organisation, secret, hook)
        routers.append(pingen.make_router(house))
        closing.append(house.close)
    if post.username:
        other = letterxpress.LetterXpress(House(brought), post.username, secret)
        routers.append(letterxpress.make_router(other))
        closing.append(other.house.close)
    return routers, closing


async def _answers(address: HostPort) -> None:
    try:
        _, writer = await asyncio.open_connection(address.host, address.port)
    except OSError as error:
        raise Temporary(f"nobody listens on {address}") from error
    writer.close()


def main() -> None:
    loaded = or_exit(Loaded.read)
    settings = or_exit(lambda: loaded.section("peers", PeersSettings))
    run(compose(settings), "peers", settings.http.host, settings.http.port)


if __name__ == "__main__":
    main()
