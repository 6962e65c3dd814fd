"""Puts the pretend outside world together: one process, one HTTP door, every peer's listener."""

import asyncio

from fastapi import FastAPI

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
from local_hub.peers.mail.api import make_router
from local_hub.peers.mail.mailboxes import Mailboxes
from local_hub.peers.mail.post import Post
from local_hub.peers.mail.receive import Handler, listen
from local_hub.peers.phones import api, exchange, handsets
from local_hub.peers.phones.call import Caller
from local_hub.peers.phones.carrier import Phones
from local_hub.peers.phones.smsc import Smsc
from local_hub.peers.settings import PeersSettings
from local_hub.peers.table.show import PREFIX, add_table


def compose(settings: PeersSettings) -> FastAPI:
    """Return the app of all peers."""
    mailboxes, post = Mailboxes(settings.folder), Post(settings.hub)
    handler = Handler(settings, mailboxes, post)
    phones, caller = Phones(settings.carrier, settings.carrier_token()), Caller()
    faxing = FaxCaller(settings.carrier_token())
    smsc, door = Smsc(phones), settings.carrier.smsc
    has_smsc = any(one.system_id for one in settings.carrier.numbers.values())
    parts = Parts(
        "peers",
        work={
            "mail": lambda: listen(settings, handler),
            "identity": lambda: identity.serve(str(settings.identity), settings.people),
            **({"smsc": lambda: smsc.run(door.host, door.port)} if has_smsc else {}),
        },
        checks={
            "smtp": lambda: _answers(settings.smtp),
            "identity": lambda: _answers(settings.identity),
        },
        closing=(post.close, caller.close, faxing.close),
    )
    app = make_app(parts)
    mail = make_router(settings, mailboxes, post)
    app.include_router(mail)
    app.include_router(mail, prefix=PREFIX)
    carrier, interface = api.make_router(phones, caller)
    phone = handsets.make_router(phones, interface, caller, smsc)
    app.include_router(carrier)
    app.include_router(phone)
    app.include_router(phone, prefix=PREFIX)
    calls = exchange.Exchange(phones, caller)
    app.include_router(exchange.make_carrier(calls))
    line = exchange.make_router(calls)
    app.include_router(line)
    app.include_router(line, prefix=PREFIX)
    machines = Machines(settings.faxes, settings.carrier_token())
    telnyx_api, telnyx = make_telnyx(machines, faxing)
    sinch_api, sinch = make_sinch(machines, faxing)
    app.include_router(telnyx_api)
    app.include_router(sinch_api)
    tray = make_tray(machines, telnyx, sinch, faxing)
    app.include_router(tray)
    app.include_router(tray, prefix=PREFIX)
    add_table(app, settings)
    return app


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
