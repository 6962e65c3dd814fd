"""The telephone, as the suite of all channels talks to it."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode

from channel_phone.parse import Context, parse
from channel_phone.parse.legs import What, write_leg
from channel_phone.providers.twilio import Twilio
from channel_phone.send import RingsBack
from channel_phone.send.made import MadeCalls
from channel_phone.settings import Account, Accounts, PhoneAccount, PhoneSettings
from hub_contract.events import Arrival, MessageContent
from hub_contract.words import ContactKind, ContactPoint
from hub_kit import hooks
from hub_kit.conformance import Driver
from hub_kit.ground import Ground
from hub_kit.outgoing import Sender

ERIKA = ContactPoint(kind=ContactKind.PHONE, value="+491715550101")
NOBODY = ContactPoint(kind=ContactKind.EMAIL, value="erika@example.org")
WAV = b"RIFF\x24\0\0\0WAVEfmt "


def arrive(text: str, tenant: str, at: datetime) -> Arrival:
    """A call has no words of its own: what a caller calls herself is what travels of it."""
    raw = text.encode("utf-8", "surrogatepass")
    sid = f"CA{hashlib.md5(raw, usedforsecurity=False).hexdigest()}"
    caller = {"CallSid": sid, "From": ERIKA.value, "To": "+4971112390"}
    began = urlencode(caller | {"CallerName": text}, errors="surrogatepass").encode()
    ended = urlencode({"CallSid": sid, "CallStatus": "completed"}).encode()
    legs = write_leg(at, What.BEGIN, began) + write_leg(at, What.STATUS, ended)
    return parse(legs, Context(tenant, "phone"), at, (WAV, ""))


def words(said: MessageContent) -> str:
    return said.sender.name if said.sender else ""


@asynccontextmanager
async def sending(ground: Ground) -> AsyncIterator[tuple[Sender, ContactPoint]]:
    section = PhoneAccount(
        address="+4971112390", account_sid="AC" + "0" * 32, auth_token_file=Path(__file__)
    )
    account = Account("musterstadt", "phone", "Stadt Musterstadt", section)
    made = MadeCalls(ground.pool, ground.ring)
    # Texts go out by no telephone: a request is refused before any provider is asked.
    accounts = Accounts([account], "http://hub.example")
    who = hooks.Account("phone", account.tenant, account.name)
    client = Twilio(account, PhoneSettings())
    yield RingsBack(accounts, {who: client}, made), ERIKA
    await client.close()


DRIVER = Driver("phone", arrive, sending, unreachable=NOBODY, words=words)
