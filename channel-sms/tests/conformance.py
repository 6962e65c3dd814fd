"""SMS, as the suite of all channels talks to it: by Twilio, and by SMPP."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode

from channel_sms.numbers import Account, Accounts, SmppAccount, SmppNumber, SmsAccount
from channel_sms.parse import Context, parse
from channel_sms.parse.deliver import parse_deliver
from channel_sms.providers.media import Media
from channel_sms.providers.smpp_line import Line
from channel_sms.providers.smpp_pdu import UDHI, Address, Command, Message, Pdu
from channel_sms.providers.smpp_sent import Sent
from channel_sms.providers.smpp_text import header, write
from channel_sms.providers.twilio import Twilio
from channel_sms.send.smpp import SmppSender
from channel_sms.send.twilio import TwilioSender
from channel_sms.settings import PATIENCE, SmsSettings
from hub_contract.events import Arrival
from hub_contract.words import Channel, ContactKind, ContactPoint
from hub_kit import hooks
from hub_kit.conformance import Driver
from hub_kit.ground import Ground
from hub_kit.outgoing import Sender
from hub_kit.providers import Senders
from local_hub.peers.phones.carrier import Phones
from local_hub.peers.phones.smsc import Smsc
from local_hub.peers.phones.smsc_faults import SmscFaults
from local_hub.peers.settings import Carrier, HubNumber

ERIKA = ContactPoint(kind=ContactKind.PHONE, value="+491715550101")
NOBODY = ContactPoint(kind=ContactKind.EMAIL, value="erika@example.org")
SID = "AC00000000000000000000000000000001"
CREATED = b'{"sid": "SM1", "status": "queued", "num_segments": "1"}'


def arrive(text: str, tenant: str, at: datetime) -> Arrival:
    sid = (
        f"SM{hashlib.md5(text.encode('utf-8', 'surrogatepass'), usedforsecurity=False).hexdigest()}"
    )
    said = {"MessageSid": sid, "From": ERIKA.value, "To": "+4971112399", "Body": text}
    raw = urlencode(said, errors="surrogatepass").encode()
    return parse(raw, Context(tenant, "sms", at), [Media("text/csv", b"1;2")])


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    await reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r\n")[0]))
    head = f"HTTP/1.1 201 Created\r\nContent-Length: {len(CREATED)}\r\nConnection: close\r\n\r\n".encode()
    writer.write(head + CREATED)
    writer.close()


@asynccontextmanager
async def sending(_: Ground) -> AsyncIterator[tuple[Sender, ContactPoint]]:
    secret = Path(__file__)  # any file will do
    section = SmsAccount(address="+4971112399", account_sid=SID, auth_token_file=secret)
    account = Account("musterstadt", "sms", "Stadt Musterstadt", section)
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as carrier:
        port = carrier.sockets[0].getsockname()[1]
        client = Twilio(account, SmsSettings(twilio=f"http://127.0.0.1:{port}"))
        clients = {hooks.Account("sms", "musterstadt", "sms"): client}
        yield TwilioSender(Accounts([account], "http://hub.example"), clients), ERIKA
        await client.close()


def deliver(text: str, tenant: str, at: datetime) -> Arrival:
    written = write(text[:10_000])
    bodies = [
        Message(
            Address(ERIKA.value[1:]),
            Address("4971112399"),
            (header(7, len(written.parts), number) if len(written.parts) > 1 else b"") + part,
            esm_class=UDHI * (len(written.parts) > 1),
            coding=written.coding,
        ).write()
        for number, part in enumerate(written.parts, start=1)
    ]
    raw = b"".join(Pdu(Command.DELIVER_SM, 0, 1, body).write() for body in bodies)
    return parse_deliver(raw, Context(tenant, "sms", at))


@asynccontextmanager
async def submitting(ground: Ground) -> AsyncIterator[tuple[Sender, ContactPoint]]:
    secret = Path(__file__)
    numbers = {"+4971112399": HubNumber(system_id="stadt")}
    smsc = Smsc(Phones(Carrier(numbers=numbers), secret.read_text().strip("\r\n")))
    smsc.faults = SmscFaults(receipts=False)
    async with await smsc.serve("127.0.0.1", 0) as server:
        section = SmppAccount(
            address="+4971112399",
            host="127.0.0.1",
            port=server.sockets[0].getsockname()[1],
            system_id="stadt",
            password_file=secret,
        )
        number = SmppNumber("musterstadt", "sms", "Stadt Musterstadt", section)
        line = Line(number, nothing_comes, patience=60)
        running = asyncio.create_task(line.run())
        account = hooks.Account("sms", "musterstadt", "sms")
        yield (
            Senders(
                Channel.SMS, {account: SmppSender({account: line}, Sent(ground.pool))}, PATIENCE
            ),
            ERIKA,
        )
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def nothing_comes(*_: object) -> int:
    raise AssertionError("nobody writes here")


DRIVER = Driver("sms", arrive, sending, unreachable=NOBODY)
MORE = {"smpp": Driver("sms", deliver, submitting, unreachable=NOBODY, files=0)}
