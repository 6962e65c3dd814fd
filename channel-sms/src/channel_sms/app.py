"""Puts the SMS channel together: every provider's way in and out, as one channel."""

from collections.abc import Mapping
from datetime import UTC, datetime

from channel_sms.numbers import Accounts, AnyNumber, ProviderName
from channel_sms.parse import Context, parse
from channel_sms.parse.deliver import parse_deliver
from channel_sms.providers.port import Provider
from channel_sms.providers.smpp_line import Line
from channel_sms.providers.smpp_sent import Sent
from channel_sms.providers.smpp_text import GSM_7
from channel_sms.providers.twilio import Twilio
from channel_sms.receive.hooks import Receiver, context_of
from channel_sms.receive.parts import PartStore
from channel_sms.receive.prices import Prices
from channel_sms.receive.reconcile import TwilioLog
from channel_sms.receive.smpp import Delivered
from channel_sms.send.smpp import SmppSender
from channel_sms.send.twilio import TwilioSender
from channel_sms.settings import ABOUT, PATIENCE, SmsSettings
from hub_contract.events import Arrival
from hub_contract.words import Channel
from hub_kit import hooks
from hub_kit.accounts import account_asked
from hub_kit.channel import ChannelParts, Frame, run_channel
from hub_kit.checkpoint import Checkpoints
from hub_kit.ground import Ground
from hub_kit.providers import join
from hub_kit.reconcile import Reconciler
from hub_kit.settings import Loaded
from hub_kit.turns import Turns


def compose(ground: Ground, settings: SmsSettings, accounts: Accounts) -> ChannelParts:
    """Return the parts of all providers as those of one channel."""
    used = {name: accounts.at(name) for name in ProviderName}
    parts = {
        name: PROVIDERS[name](ground, settings, numbers)
        for name, numbers in used.items()
        if list(numbers)
    }
    return join(Channel.SMS, parts, used, PATIENCE)


def compose_twilio(ground: Ground, settings: SmsSettings, numbers: Accounts) -> ChannelParts:
    """`Provider`: hooks in, and a look into Twilio's log; HTTP out."""
    clients = {_called(one): Twilio(one, settings) for one in numbers}
    turns, checkpoints = Turns(ground.pool), Checkpoints(ground.pool)
    by_key = {client.account.key: client for client in clients.values()}
    prices = Prices(ground.pool, ground.accept, by_key)
    logs = [TwilioLog(one, ground.accept, settings.media_limit) for one in clients.values()]
    every = settings.reconcile_every
    reconcilers = {
        f"log of {client.account.key}": Reconciler(log, checkpoints, turns, every).run
        for client, log in zip(clients.values(), logs, strict=True)
    }
    return ChannelParts(
        TwilioSender(numbers, clients),
        work={**reconcilers, "prices": prices.run},
        hook=Receiver(clients, settings.media_limit, prices.note),
        closing=(*(client.close for client in clients.values()), turns.close),
    )


def compose_smpp(ground: Ground, _: SmsSettings, numbers: Accounts) -> ChannelParts:
    """`Provider`: a line to the SMSC that is held for ever, for both ways."""
    parts, sent = PartStore(ground.pool, ground.ring), Sent(ground.pool)
    takers = [Delivered(one, ground.accept, parts, sent, ground.ring) for one in numbers]
    lines = {_called(taker.number): Line(taker.number, taker.take) for taker in takers}
    return ChannelParts(
        SmppSender(lines, sent),
        work={
            **{f"line of {line.number.key}": line.run for line in lines.values()},
            **{f"parts of {taker.number.key}": taker.run for taker in takers},
        },
        trim={"sms_part": parts.sweep, "sms_sent": sent.sweep},
    )


PROVIDERS: Mapping[ProviderName, Provider] = {
    ProviderName.TWILIO: compose_twilio,
    ProviderName.SMPP: compose_smpp,
}


def _called(number: AnyNumber) -> hooks.Account:
    return hooks.Account("sms", number.tenant, number.name)


def parse_file(raw: bytes, loaded: Loaded | None, asked: str) -> Arrival:
    """Return what a hook's body, or one or several deliver_sm, become: a packet begins with NUL.

    As one of the file's accounts, or as anyone would.
    """
    now = datetime.now(UTC)
    account = account_asked(Accounts.read(loaded), loaded, asked) if loaded else None
    context = context_of(account, now) if account else Context("example", "sms", now)
    if not raw.startswith(b"\0"):
        return parse(raw, context)
    alphabet = getattr(account and account.settings, "alphabet", GSM_7)
    return parse_deliver(raw, context, alphabet=alphabet)


CHANNEL = Frame(Channel.SMS, ABOUT, compose, parse_file)

if __name__ == "__main__":
    run_channel(CHANNEL)
