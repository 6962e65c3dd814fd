"""Puts the e-mail channel together: listeners and mailboxes in, relay out."""

from datetime import UTC, datetime
from functools import partial

from channel_email.parse import Context, parse
from channel_email.receive.check import CheckSender
from channel_email.receive.deliver import Deliver, context_of, from_peer
from channel_email.receive.fetch import Fetcher
from channel_email.receive.listen import Listener
from channel_email.receive.read import Reader
from channel_email.send import RelaySender
from channel_email.settings import ABOUT, Accounts, EmailSettings
from hub_contract.events import Arrival
from hub_contract.words import Channel
from hub_kit.accounts import account_asked
from hub_kit.channel import ChannelParts, Frame, run_channel
from hub_kit.checkpoint import Checkpoints
from hub_kit.ground import Ground
from hub_kit.lacks import note_lack
from hub_kit.settings import Loaded
from hub_kit.turns import Turns


def compose(ground: Ground, settings: EmailSettings, accounts: Accounts) -> ChannelParts:
    """Return the channel's parts; the listeners have their ports by then."""
    reader = Reader()
    checks = settings.check_senders
    check = CheckSender(checks, settings.hostname) if checks else None
    deliver = Deliver(accounts, ground.accept, reader, check)
    listeners = [
        Listener(name, listen, deliver, settings)
        for name, listen in (("smtp", settings.smtp), ("lmtp", settings.lmtp))
        if listen
    ]
    for listener in listeners:
        listener.open()
    turns, checkpoints = Turns(ground.pool), Checkpoints(ground.pool)
    fetchers = {
        f"imap {account.key}": Fetcher(
            account, ground.accept, checkpoints, turns, settings.size_limit, read=reader
        ).run
        for account in accounts.with_imap()
    }
    note = partial(note_lack, ground.pool)
    sender = RelaySender(accounts, settings.relay, settings.hostname, note=note)
    return ChannelParts(
        sender,
        work={
            "learn": sender.learn,
            **fetchers,
            **{listener.name: listener.run for listener in listeners},
        },
        checks={listener.name: listener.check for listener in listeners},
        closing=(sender.close, turns.close, reader.close),
    )


def parse_file(raw: bytes, loaded: Loaded | None, asked: str) -> Arrival:
    """Return what this mail becomes: read as one of the file's accounts, or as anyone would."""
    now = datetime.now(UTC)
    if loaded is None:
        return parse(raw, Context("example", "post", now))
    account = account_asked(Accounts.read(loaded), loaded, asked)
    return parse(raw, from_peer(context_of(account, now), account))


CHANNEL = Frame(Channel.EMAIL, ABOUT, compose, parse_file)

if __name__ == "__main__":
    run_channel(CHANNEL)
