"""Puts the SMS channel together: hooks and the provider's log in, messages out."""

from datetime import UTC, datetime

from channel_sms.parse import Context, parse
from channel_sms.providers.twilio import Twilio
from channel_sms.receive.hooks import Receiver, context_of
from channel_sms.receive.reconcile import Reconciler
from channel_sms.send import TwilioSender
from channel_sms.settings import ABOUT, Accounts, SmsSettings
from hub_contract.events import Arrival
from hub_contract.words import Channel
from hub_kit.accounts import account_asked
from hub_kit.channel import ChannelParts, Frame, run_channel
from hub_kit.checkpoint import Checkpoints
from hub_kit.ground import Ground
from hub_kit.hooks import Account
from hub_kit.settings import Loaded
from hub_kit.turns import Turns


def compose(ground: Ground, settings: SmsSettings, accounts: Accounts) -> ChannelParts:
    clients = {Account("sms", one.tenant, one.name): Twilio(one, settings) for one in accounts}
    turns, checkpoints = Turns(ground.pool), Checkpoints(ground.pool)
    reconcilers = {
        f"log of {client.account.key}": Reconciler(
            client,
            ground.accept,
            checkpoints,
            turns,
            every=settings.reconcile_every,
            media_limit=settings.media_limit,
        ).run
        for client in clients.values()
    }
    return ChannelParts(
        TwilioSender(accounts, clients),
        work=reconcilers,
        hook=Receiver(clients, settings.media_limit),
        closing=(*(client.close for client in clients.values()), turns.close),
    )


def parse_file(raw: bytes, loaded: Loaded | None, asked: str) -> Arrival:
    """Return what this hook's body becomes: as one of the file's accounts, or as anyone would."""
    now = datetime.now(UTC)
    if loaded is None:
        return parse(raw, Context("example", "sms", now))
    account = account_asked(Accounts.read(loaded), loaded, asked)
    return parse(raw, context_of(account, now))


CHANNEL = Frame(Channel.SMS, ABOUT, compose, parse_file)

if __name__ == "__main__":
    run_channel(CHANNEL)
