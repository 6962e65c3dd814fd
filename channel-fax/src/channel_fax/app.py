"""Puts the fax channel together: every provider's way in and out, as one channel."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from channel_fax.numbers import Accounts, AnyNumber, ProviderName
from channel_fax.parse import Context, parse
from channel_fax.parse.handed import call_in
from channel_fax.parse.tiff import read_tiff
from channel_fax.providers.port import Provider
from channel_fax.providers.sinch import Sinch
from channel_fax.providers.telnyx import Telnyx
from channel_fax.receive.hylafax import Received, add_door, context_of
from channel_fax.receive.logs import SinchLog, TelnyxLog
from channel_fax.receive.sinch import SinchReceiver
from channel_fax.receive.strays import Strays
from channel_fax.receive.sweep import Sweeper
from channel_fax.receive.telnyx import TelnyxReceiver
from channel_fax.send import OnlyAllowed
from channel_fax.send.hosted import Pages
from channel_fax.send.hylafax import HylafaxSender, login_of
from channel_fax.send.jobs import Jobs
from channel_fax.send.sinch import SinchSender
from channel_fax.send.telnyx import TelnyxSender
from channel_fax.send.watch import Watch
from channel_fax.settings import ABOUT, PATIENCE, FaxSettings
from hub_contract.events import Arrival
from hub_contract.words import Channel
from hub_kit import hooks
from hub_kit.accounts import account_asked
from hub_kit.channel import ChannelParts, Frame, run_channel
from hub_kit.checkpoint import Checkpoints
from hub_kit.ground import Ground
from hub_kit.providers import join
from hub_kit.reconcile import Log, Reconciler
from hub_kit.settings import Loaded
from hub_kit.shell import Work
from hub_kit.turns import Turns
from hub_reading.pool import PageReader

SINCH_HOOK = 32 * 1024 * 1024  # bytes: it brings the file along, as much as the gateway takes


def compose(ground: Ground, settings: FaxSettings, accounts: Accounts) -> ChannelParts:
    """Return the parts of all providers as those of one channel."""
    used = {name: accounts.at(name) for name in PROVIDERS}
    parts = {
        name: PROVIDERS[name](ground, settings, numbers)
        for name, numbers in used.items()
        if list(numbers)
    }
    reader, joined = PageReader(), join(Channel.FAX, parts, used, PATIENCE)
    return replace(
        joined,
        sender=OnlyAllowed(accounts, joined.sender),
        reader=reader,
        closing=[*joined.closing, reader.close],
    )


def compose_hylafax(ground: Ground, settings: FaxSettings, numbers: Accounts) -> ChannelParts:
    """`Provider`: a line of our own; a door for faden-faxrcvd, and jobs for hfaxd."""
    own, turns = settings.hylafax, Turns(ground.pool)
    strays, jobs = Strays(ground.pool, ground.ring), Jobs(ground.pool)
    received = Received(numbers, ground.accept, strays)
    sweeper = Sweeper(own, received, strays, turns, settings.largest)
    watch = Watch(own, login_of(own), ground.accept, jobs, turns)
    sender = HylafaxSender(numbers, own, settings.most_pages, jobs)
    return ChannelParts(
        sender,
        work={"recvq": sweeper.run, "fax jobs": watch.run},
        checks={"fax line": sweeper.check},
        trim={"fax_job": jobs.sweep},
        add_to=lambda app: add_door(app, received, own.secret, settings.largest),
        closing=(sender.close, turns.close),
    )


def compose_telnyx(ground: Ground, settings: FaxSettings, numbers: Accounts) -> ChannelParts:
    """`Provider`: signed hooks in, and a look into Telnyx's log; HTTP out."""
    clients = {_called(one): Telnyx(one, settings.telnyx) for one in numbers}
    receiver = TelnyxReceiver(numbers, clients, ground.accept, settings.largest)
    logs = [TelnyxLog(client, receiver, ground.accept) for client in clients.values()]
    turns, pages = Turns(ground.pool), Pages(settings)
    return ChannelParts(
        TelnyxSender(numbers, clients, pages),
        work=_reconcilers(logs, ground, turns, settings),
        hook=receiver,
        closing=(
            receiver.flights.close,
            *(client.close for client in clients.values()),
            pages.close,
            turns.close,
        ),
    )


def compose_sinch(ground: Ground, settings: FaxSettings, numbers: Accounts) -> ChannelParts:
    """`Provider`: hooks that nobody signs, and a look into Sinch's log; HTTP out."""
    clients = {_called(one): Sinch(one, settings.sinch) for one in numbers}
    receiver = SinchReceiver(numbers, clients, ground.accept, settings.largest)
    logs = [SinchLog(client, receiver, ground.accept) for client in clients.values()]
    turns, pages = Turns(ground.pool), Pages(settings)
    return ChannelParts(
        SinchSender(numbers, clients, pages),
        work=_reconcilers(logs, ground, turns, settings),
        hook=receiver,
        hook_limit=SINCH_HOOK,
        closing=(
            receiver.flights.close,
            *(client.close for client in clients.values()),
            pages.close,
            turns.close,
        ),
    )


def _reconcilers(
    logs: Iterable[Log], ground: Ground, turns: Turns, settings: FaxSettings
) -> dict[str, Work]:
    checkpoints = Checkpoints(ground.pool)
    return {
        f"log of {log.name}": Reconciler(log, checkpoints, turns, settings.reconcile_every).run
        for log in logs
    }


PROVIDERS: Mapping[ProviderName, Provider] = {
    ProviderName.HYLAFAX: compose_hylafax,
    ProviderName.TELNYX: compose_telnyx,
    ProviderName.SINCH: compose_sinch,
}


def _called(number: AnyNumber) -> hooks.Account:
    return hooks.Account("fax", number.tenant, number.name)


def parse_file(raw: bytes, loaded: Loaded | None, asked: str) -> Arrival:
    """Return what a TIFF or PDF becomes, as one of the file's accounts or as anyone would."""
    now = datetime.now(UTC)
    account = account_asked(Accounts.read(loaded), loaded, asked) if loaded else None
    context = context_of(account, now) if account else Context("example", "fax", now)
    return parse(raw, context, call_in(read_tiff(raw)))


CHANNEL = Frame(Channel.FAX, ABOUT, compose, parse_file)

if __name__ == "__main__":
    run_channel(CHANNEL)
