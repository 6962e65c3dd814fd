"""How many SMS a second come in, signed and safe, through the gateway; how many go out, receipts in.

Floors: an application that keeps nothing, and `accept` alone, in one process, without HTTP. Going
out, the pretend carrier is in this process, with Twilio's contract and three receipts a message.
"""

import asyncio
import base64
import hmac
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl, urlencode
from uuid import UUID, uuid4

import uvicorn
import yaml
from fastapi import FastAPI
from tests.bench.configure import HOOK, Hub, configure
from tests.bench.drive_http import Answered, drive
from tests.bench.hooks import CONNECTIONS, noop
from tests.bench.rows import Row, at_least
from tests.bench.set_up import Stage, running
from tests.bench.watch import count

from channel_sms.parse import Context, parse
from hub_contract.events import MessageRequested, RequestedContent
from hub_contract.topics import to_wire
from hub_contract.words import Channel, ContactKind, ContactPoint
from hub_kit import event_log
from hub_kit.event_log import KeyRow
from hub_kit.ground import Ground
from hub_kit.keys import KeyRing
from hub_kit.sealing import seal_event
from hub_kit.settings import Loaded
from hub_kit.testing import fresh_database
from local_hub.peers.phones import api
from local_hub.peers.phones.call import Caller
from local_hub.peers.phones.carrier import Phones
from local_hub.peers.settings import Carrier, Handset, HubNumber
from local_hub.programs import Program, migrations

SID, TOKEN = "AC00000000000000000000000000000001", "the token of a pretend account"
OURS, ERIKA = "+4971112301", "+491715550101"
TEXT = "Guten Tag, die Laterne vor meinem Haus ist seit gestern aus. "
NIGHT = at_least(50)  # a second: 3,000 a minute, as GC Notify sends them in its nights
_DELIVERED = """
select count(*) from hub.event_log
where topic = 'faden.delivery.reported' and convert_from(body, 'utf8') like '%"delivered"%'
"""


def body(number: int) -> bytes:
    """Return the form of the n-th SMS; a thousand phones take turns."""
    sender = f"+4915{10_000_000 + number % 1_000}"
    said = {"MessageSid": f"SM{number:032x}", "From": sender, "To": OURS, "Body": TEXT}
    return urlencode(said).encode()


async def measure(stage: Stage) -> list[Row]:
    floor = (await noop(stage)).rate
    alone = await _accept_alone(stage)
    through = (await _through(stage)).rate
    sent = await _send(stage)
    return [
        Row("no-op ASGI: the floor", floor, "requests/s"),
        Row("`accept` alone, in one process", alone, "SMS/s", floor),
        Row("signed SMS, durable, through the gateway", through, "SMS/s", alone),
        Row("sent by the carrier's interface, until it is delivered", sent, "SMS/s", aim=NIGHT),
    ]


async def _accept_alone(stage: Stage) -> float:
    async with _hub(stage) as hub, _ground(hub, "channel_sms") as ground:
        context, number = Context("musterstadt", "bench", datetime.now(UTC)), 0
        start = time.perf_counter()
        end = start + stage.some(4, 1)
        while time.perf_counter() < end:
            arrivals = [parse(body(number + i), context) for i in range(CONNECTIONS)]
            await asyncio.gather(*map(ground.accept, arrivals))
            number += CONNECTIONS
        return number / (time.perf_counter() - start)


async def _through(stage: Stage) -> Answered:
    async with _hub(stage) as hub:
        address = f"http://127.0.0.1:{hub.ports['door']}{HOOK}"

        def head(raw: bytes) -> str:
            fields = "".join(f"{name}{value}" for name, value in sorted(parse_qsl(raw.decode())))
            signed = hmac.digest(TOKEN.encode(), (address + fields).encode(), "sha1")
            signature = base64.b64encode(signed).decode()
            kind = "Content-Type: application/x-www-form-urlencoded"
            return f"{kind}\r\nX-Twilio-Signature: {signature}\r\n"

        async with running([_channel(hub), hub.gateway], hub.environment):
            port, seconds = hub.ports["door"], stage.some(5, 1)
            result = await drive(
                port, HOOK, body, connections=CONNECTIONS, seconds=seconds, head=head
            )
        stand = await count(hub.dsn)
    if stand < len(result.waits) or result.refused:
        raise RuntimeError(f"{len(result.waits)} taken, {stand} stand; {result.refused} refused")
    return result


async def _send(stage: Stage) -> float:
    number = stage.some(2_000, 200)
    door = socket.create_server(("127.0.0.1", 0))
    async with _hub(stage, door.getsockname()[1]) as hub, _ground(hub, "conversation_store") as own:
        programs = [_channel(hub), hub.gateway]
        async with _carrier(hub, door), running(programs, hub.environment):
            await _ask(own, number)
            start = time.perf_counter()
            while await count(hub.dsn, _DELIVERED) < number:
                if time.perf_counter() > start + 300:
                    raise RuntimeError("not all were delivered within five minutes")
                await asyncio.sleep(0.1)
            return number / (time.perf_counter() - start)


async def _ask(ground: Ground, number: int) -> None:
    """Ask for so many SMS, each of a conversation of its own."""
    wires, keys = [], []
    for _ in range(number):
        event, key = _request(uuid4()), ground.ring.new_key()
        wires.append(to_wire(seal_event(event, key), "bench"))
        wrapped = ground.ring.wrap(key, event.id)
        keys.append(KeyRow(event.id, event.tenant, wrapped, reader="channel_sms"))
    async with ground.pool.acquire() as connection, connection.transaction():
        await event_log.append(connection, wires, keys)


def _request(id_: UUID) -> MessageRequested:
    recipient = ContactPoint(kind=ContactKind.PHONE, value=ERIKA)
    return MessageRequested(
        id=id_,
        tenant="musterstadt",
        channel=Channel.SMS,
        account="bench",
        conversation_id=id_,
        requested_at=datetime.now(UTC),
        recipient_key=str(id_),
        content=RequestedContent(recipient=recipient, text=TEXT),
    )


def _channel(hub: Hub) -> Program:
    return Program("channel_sms", "channel_sms.app", hub.hooks.http)


@asynccontextmanager
async def _hub(stage: Stage, carrier: int = 9) -> AsyncIterator[Hub]:
    """Yield a hub with a number at the carrier that listens there; 9: at none."""
    async with fresh_database(stage.cluster, migrations()) as dsn:
        hub = configure(stage, dsn)
        path = Path(hub.environment["HUB_CONFIG"])
        (hub.folder / "token").write_text(TOKEN, encoding="utf-8")
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
        account = settings["tenants"]["musterstadt"]["accounts"]["bench"]
        account |= {"account_sid": SID, "auth_token_file": f"{hub.folder / 'token'}"}
        channel = settings["services"]["channel_sms"]
        channel["twilio"] = f"http://127.0.0.1:{carrier}/carrier"
        path.write_text(yaml.safe_dump(settings), encoding="utf-8")
        yield hub


@asynccontextmanager
async def _ground(hub: Hub, schema: str) -> AsyncIterator[Ground]:
    loaded = Loaded.read(Path(hub.environment["HUB_CONFIG"]))
    ground = await Ground.open(schema, loaded.hub, KeyRing.read(loaded.hub.keys_file))
    try:
        yield ground
    finally:
        await ground.close()


@asynccontextmanager
async def _carrier(hub: Hub, door: socket.socket) -> AsyncIterator[None]:
    settings = Carrier(
        address=f"http://127.0.0.1:{door.getsockname()[1]}",
        hub=f"http://127.0.0.1:{hub.ports['door']}",
        numbers={OURS: HubNumber(account_sid=SID, hook=HOOK)},
        handsets={ERIKA: Handset(name="Erika Mustermann")},
    )
    phones, caller, app = Phones(settings, TOKEN), Caller(), FastAPI()
    app.include_router(api.make_router(phones, caller)[0])
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve([door]))
    try:
        yield
    finally:
        server.should_exit = True
        await serving
        await caller.close()
