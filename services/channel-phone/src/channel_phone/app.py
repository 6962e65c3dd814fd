"""Puts the phone channel together: hooks in, and calls closed whose end never came."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from channel_phone.parse import Context, parse
from channel_phone.providers.twilio import Twilio
from channel_phone.receive.calls import Calls
from channel_phone.receive.close import Closer
from channel_phone.receive.desk import DeskLine
from channel_phone.receive.hooks import Receiver
from channel_phone.receive.portal import Portal, open_client
from channel_phone.receive.promise import Promise
from channel_phone.send import NobodyCalls
from channel_phone.settings import ABOUT, Accounts, PhoneSettings
from hub_contract.events import Arrival
from hub_contract.words import Channel
from hub_kit.accounts import account_asked
from hub_kit.channel import ChannelParts, Frame, run_channel
from hub_kit.ground import Ground
from hub_kit.hooks import Account
from hub_kit.settings import Loaded
from hub_kit.trim import for_each
from hub_pages.language import read_words

HERE = Path(__file__).parent


@cache
def say_in(language: str) -> Callable[[str], str]:
    """Return what says a sentence in this language."""
    return read_words(language, [HERE / "words"]).gettext


def compose(ground: Ground, settings: PhoneSettings, accounts: Accounts) -> ChannelParts:
    clients = {Account("phone", one.tenant, one.name): Twilio(one, settings) for one in accounts}
    calls = Calls(ground.pool, ground.ring, settings)
    closer = Closer(accounts, calls, ground.accept, clients)
    portal = Portal(open_client(settings.portal), ground.ring)
    tenants = sorted({one.tenant for one in accounts})
    promise = Promise(ground.pool)
    return ChannelParts(
        NobodyCalls(accounts),
        work={"calls": closer.run},
        hook=Receiver(accounts, clients, calls, closer, portal, DeskLine(accounts, calls), say_in),
        trim={
            "call": for_each(tenants, calls.sweep),
            "promise": for_each(tenants, promise.sweep),
        },
        figures=promise.show,
        closing=(*(client.close for client in clients.values()), portal.close),
    )


def parse_file(raw: bytes, loaded: Loaded | None, asked: str) -> Arrival:
    """Return what this original becomes: as one of the file's accounts, or as anyone would."""
    now = datetime.now(UTC)
    if loaded is None:
        return parse(raw, Context("example", "phone"), now)
    account = account_asked(Accounts.read(loaded), loaded, asked)
    return parse(raw, Context(account.tenant, account.name, account.settings.country), now)


CHANNEL = Frame(Channel.PHONE, ABOUT, compose, parse_file)

if __name__ == "__main__":
    run_channel(CHANNEL)
