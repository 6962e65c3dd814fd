"""The portal, as the suite of all channels talks to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import uuid4

from channel_web.parse import Context, Inbox, Sent, parse
from channel_web.parse.form import read_contact
from channel_web.parse.uploads import Upload
from channel_web.receive.inbox import Inboxes
from channel_web.send import PortalSender
from channel_web.settings import Account, Accounts, WebAccount
from hub_contract.events import Arrival
from hub_contract.words import ContactKind, ContactPoint, MessageKind
from hub_kit.conformance import Driver
from hub_kit.ground import Ground
from hub_kit.outgoing import Sender

INBOX = Inbox(uuid4(), "938429177007")
TENANT = "musterstadt"


def arrive(text: str, tenant: str, at: datetime) -> Arrival:
    written, _ = read_contact({"text": text, "subject": text})
    sent = Sent("token", MessageKind.FORM, written, (Upload("a.csv", "text/csv", b"1;2"),))
    return parse(sent, Context(tenant, "portal", INBOX, at, begins=True))


@asynccontextmanager
async def sending(ground: Ground) -> AsyncIterator[tuple[Sender, ContactPoint]]:
    portal = WebAccount(address="www.musterstadt.example")
    account = Account(TENANT, "portal", "Stadt Musterstadt", portal, has_email=False)
    slip = await Inboxes(ground.pool, ground.ring).open(TENANT, "t" * 32, "de")
    point = ContactPoint(kind=ContactKind.PORTAL, value=str(slip.inbox.portal_id))
    yield PortalSender(Accounts([account]), ground.pool), point


DRIVER = Driver(
    account="portal",
    arrive=arrive,
    sending=sending,
    unreachable=ContactPoint(kind=ContactKind.EMAIL, value="erika@example.org"),
)
