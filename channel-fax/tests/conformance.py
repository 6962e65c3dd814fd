"""Faxes, as the suite of all channels talks to them: by HylaFAX."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from channel_fax.numbers import Accounts, AnyNumber, HylafaxAccount
from channel_fax.parse import parse
from channel_fax.parse.context import Call, Context
from channel_fax.send import Senders
from channel_fax.send.hylafax import HylafaxSender
from channel_fax.send.jobs import Jobs
from channel_fax.settings import Hylafax
from hub_contract.events import Arrival, MessageContent
from hub_contract.words import ContactKind, ContactPoint
from hub_kit import hooks
from hub_kit.conformance import Driver
from hub_kit.ground import Ground
from hub_kit.listen import HostPort
from hub_kit.outgoing import Sender
from local_hub.peers.faxes.hfaxd import Hfaxd
from local_hub.peers.faxes.pages import tiff

ERIKA = ContactPoint(kind=ContactKind.FAX, value="+497115550101")
NOBODY = ContactPoint(kind=ContactKind.EMAIL, value="erika@example.org")


def arrive(text: str, tenant: str, at: datetime) -> Arrival:
    """Return a fax whose machine calls itself so: what is on its pages, a reader reads later."""
    raw = tiff(1) + text.encode("utf-8", "surrogatepass")
    call = Call("000000001", ERIKA.value, "+4971112398", station=text)
    return parse(raw, Context(tenant, "fax", at), call)


def words(said: MessageContent) -> str:
    """A fax has no words before it is read: what its machine calls itself travels of it."""
    return next((one.result for one in said.evidence if one.kind == "station-id"), "")


@asynccontextmanager
async def sending(ground: Ground) -> AsyncIterator[tuple[Sender, ContactPoint]]:
    async with Hfaxd().serve() as port:
        settings = Hylafax(hfaxd=HostPort("127.0.0.1", port), lines=98)
        section = HylafaxAccount(address="+4971112398", country="DE", allowed=True)
        account = AnyNumber("musterstadt", "fax", "Stadt Musterstadt", section)
        numbers = Accounts([account], "http://hub.example")
        sender = HylafaxSender(numbers, settings, 100, Jobs(ground.pool))
        yield Senders(numbers, {hooks.Account("fax", "musterstadt", "fax"): sender}), ERIKA
        await sender.close()


DRIVER = Driver("fax", arrive, sending, unreachable=NOBODY, files=0, words=words)
