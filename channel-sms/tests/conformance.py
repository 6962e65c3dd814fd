"""SMS, as the suite of all channels talks to it."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode

from channel_sms.parse import Context, parse
from channel_sms.providers.media import Media
from channel_sms.providers.twilio import Twilio
from channel_sms.send import TwilioSender
from channel_sms.settings import Account, Accounts, SmsAccount, SmsSettings
from hub_contract.events import Arrival
from hub_contract.words import ContactKind, ContactPoint
from hub_kit import hooks
from hub_kit.conformance import Driver
from hub_kit.ground import Ground
from hub_kit.outgoing import Sender

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


DRIVER = Driver("sms", arrive, sending, unreachable=NOBODY)
