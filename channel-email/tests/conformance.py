"""E-mail, as the suite of all channels talks to it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import uuid4

from aiosmtpd.smtp import SMTP

from channel_email.parse import Context, parse
from channel_email.send import RelaySender
from channel_email.settings import Account, Accounts, EmailAccount, RelayHost, Tls
from hub_contract.events import Arrival
from hub_contract.words import ContactKind, ContactPoint
from hub_kit.conformance import Driver
from hub_kit.ground import Ground
from hub_kit.outgoing import Sender


def arrive(text: str, tenant: str, at: datetime) -> Arrival:
    raw = (
        "From: Erika <erika@example.org>\r\nTo: post@musterstadt.example\r\n"
        "Message-ID: <1@example.org>\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n"
        f"{text}\r\n--b\r\nContent-Type: text/csv; name=a.csv\r\n\r\n1;2\r\n--b--\r\n"
    )
    return parse(raw.encode("utf-8", "surrogatepass"), Context(tenant, "post", at))


class PretendRelay:
    async def handle_DATA(self, *_: object) -> str:  # noqa: N802 - their name
        return "250 2.0.0 Ok"


@asynccontextmanager
async def sending(_: Ground) -> AsyncIterator[tuple[Sender, ContactPoint]]:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(PretendRelay(), loop=loop), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    relay = RelayHost(host="127.0.0.1", port=port, tls=Tls.NONE)
    mailbox = EmailAccount(address="post@musterstadt.example")
    accounts = Accounts([Account("musterstadt", "post", "Stadt Musterstadt", mailbox)])
    sender = RelaySender(accounts, relay, "hub.example")
    try:
        yield sender, ContactPoint(kind=ContactKind.EMAIL, value="erika@example.org")
    finally:
        await sender.close()
        server.close()


DRIVER = Driver(
    account="post",
    arrive=arrive,
    sending=sending,
    unreachable=ContactPoint(kind=ContactKind.PORTAL, value=str(uuid4())),
)
