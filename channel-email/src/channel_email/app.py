"""Puts the e-mail channel together: listeners and mailboxes in, relay out, probes."""

from collections.abc import Awaitable, Callable
from functools import partial

from fastapi import FastAPI

from channel_email.receive.checkpoint import Checkpoints
from channel_email.receive.deliver import Deliver
from channel_email.receive.fetch import Fetcher
from channel_email.receive.listen import Listener
from channel_email.receive.turns import Turns
from channel_email.send import RelaySender
from channel_email.settings import SERVICE, Accounts, EmailSettings
from hub_contract.topics import REQUESTED
from hub_contract.words import Channel
from hub_kit.consume import Consumer
from hub_kit.ground import Ground
from hub_kit.keys import KeyRing
from hub_kit.operations import add_operations
from hub_kit.outgoing import Outgoing, take_in
from hub_kit.settings import Loaded, or_exit
from hub_kit.shell import Parts, database_check, make_app, run
from hub_kit.trim import Trimmer, sent

Work = Callable[[], Awaitable[None]]


def put_together(ground: Ground, settings: EmailSettings, accounts: Accounts) -> FastAPI:
    """Return the service on its ground; the listeners have their ports by then."""
    deliver = Deliver(accounts, ground.accept)
    listeners = [
        Listener(name, listen, deliver, settings)
        for name, listen in (("smtp", settings.smtp), ("lmtp", settings.lmtp))
        if listen
    ]
    for listener in listeners:
        listener.open()
    turns = Turns(ground.pool)
    checkpoints = Checkpoints(ground.pool)
    fetchers = {
        f"imap {account.key}": Fetcher(
            account, ground.accept, checkpoints, turns, settings.size_limit
        ).run
        for account in accounts.with_imap()
    }
    sender = RelaySender(accounts, settings.relay, settings.hostname)
    topic = REQUESTED[Channel.EMAIL].name
    requests = Consumer(SERVICE, [topic], ground.bus, ground.pool, take_in)
    outgoing = Outgoing(ground.pool, ground.blobs, ground.ring, sender, SERVICE)
    trimmer = Trimmer({"outgoing": sent(ground)})
    work: dict[str, Work] = {
        "requests": requests.run,
        "outgoing": outgoing.run,
        "trim": trimmer.run,
    }
    parts = Parts(
        SERVICE,
        work=work | fetchers | {listener.name: listener.run for listener in listeners},
        checks={"database": database_check(ground.pool)}
        | {listener.name: listener.check for listener in listeners},
        closing=(sender.close, turns.close, ground.close),
    )
    return add_operations(make_app(parts), ground, [requests], outgoing)


async def compose(loaded: Loaded, settings: EmailSettings, accounts: Accounts) -> FastAPI:
    ring = or_exit(lambda: KeyRing.read(loaded.hub.keys_file))
    ground = await Ground.open(SERVICE, loaded.hub, ring)
    return or_exit(lambda: put_together(ground, settings, accounts))


def main() -> None:
    loaded = or_exit(Loaded.read)
    settings = or_exit(lambda: loaded.section(SERVICE, EmailSettings))
    accounts = or_exit(lambda: Accounts.read(loaded))
    or_exit(lambda: accounts.check_passwords(loaded, settings.relay))
    app = partial(compose, loaded, settings, accounts)
    run(app, SERVICE, settings.http.host, settings.http.port, loaded.hub.telemetry)


if __name__ == "__main__":
    main()
