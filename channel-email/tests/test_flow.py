"""The service as a process: mail in, mail out, probes, faults, stop."""

import asyncio
import json
import signal
import smtplib
import socket
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from uuid import uuid4

import asyncpg
import pytest
from aiosmtpd.smtp import SMTP

from channel_email.app import CHANNEL
from hub_contract.events import MessageRequested, RequestedContent
from hub_contract.topics import to_wire
from hub_contract.words import Channel, ContactKind, ContactPoint
from hub_kit import event_log
from hub_kit.channel import run_channel
from hub_kit.event_log import KeyRow
from hub_kit.find_port import free_port
from hub_kit.processes import readiness, refusal, serving, start
from hub_kit.sealing import seal_event
from hub_kit.testing import eventually

SERVICE = "channel_email"
POST = "post@musterstadt.example"
MAIL = f"From: erika@example.org\r\nTo: {POST}\r\nSubject: Hallo\r\n\r\nGuten Tag\r\n".encode()


class Ports:
    def __init__(self) -> None:
        self.http, self.smtp, self.lmtp, self.relay = (free_port() for _ in range(4))


@pytest.fixture
def ports() -> Ports:
    return Ports()


@pytest.fixture
def configuration(hub, ports, tmp_path):
    """The one file, as an operator writes it; JSON is YAML."""
    settings = hub.ground.settings
    document = {
        "database": settings.database.replace("channel_email@", "{role}@"),
        "blobs": settings.blobs,
        "keys_file": str(settings.keys_file),
        "tenants": {
            "musterstadt": {
                "name": "Stadt Musterstadt",
                "accounts": {"post": {"channel": "email", "address": POST}},
            }
        },
        "services": {
            "channel_email": {
                "http": f"127.0.0.1:{ports.http}",
                "smtp": f"127.0.0.1:{ports.smtp}",
                "lmtp": f"127.0.0.1:{ports.lmtp}",
                "relay": {"host": "127.0.0.1", "port": ports.relay},
            }
        },
    }
    path = tmp_path / "faden.yaml"
    path.write_text(json.dumps(document))
    return path


async def post(port: int) -> int:
    def send() -> int:
        with smtplib.SMTP("127.0.0.1", port, timeout=90) as session:
            session.ehlo()
            session.mail("erika@example.org")
            session.rcpt(POST)
            return session.data(MAIL)[0]

    return await asyncio.to_thread(send)


class Relay:
    def __init__(self) -> None:
        self.taken = []

    async def handle_DATA(self, _server, _session, envelope) -> str:  # noqa: N802 - their name
        self.taken.append(envelope)
        return "250 2.0.0 Ok: queued as 4711"

    @asynccontextmanager
    async def listen(self, port: int):
        loop = asyncio.get_running_loop()
        make = lambda: SMTP(self, enable_SMTPUTF8=True, loop=loop)  # noqa: E731
        server = await loop.create_server(make, "127.0.0.1", port)
        try:
            yield self
        finally:
            server.close()


async def ask_to_send(hub) -> MessageRequested:
    """Append a request as the store does, with a key that this channel may read."""
    request = MessageRequested(
        id=uuid4(),
        tenant="musterstadt",
        channel=Channel.EMAIL,
        account="post",
        conversation_id=uuid4(),
        requested_at=datetime.now(UTC),
        content=RequestedContent(
            recipient=ContactPoint(kind=ContactKind.EMAIL, value="erika@example.org"),
            subject="Ihr Antrag",
            text="Guten Tag, er ist fertig.",
            reply_token="abc123",
        ),
    )
    ring = hub.ground.ring
    key = ring.new_key()
    wire = to_wire(seal_event(request, key), "conversation_store")
    row = KeyRow(request.id, request.tenant, ring.wrap(key, request.id), "channel_email")
    connection = await asyncpg.connect(hub.owner)
    await event_log.append(connection, [wire], [row])
    await connection.close()
    return request


async def test_mail_comes_in_and_goes_out(hub, configuration, ports):
    async with (
        Relay().listen(ports.relay) as relay,
        serving(SERVICE, configuration, ports.http) as process,
    ):
        parts = ("database", "blobs", "space", "smtp", "lmtp")
        assert await readiness(ports.http, 200) == dict.fromkeys(parts, "ok")
        assert await post(ports.smtp) == 250
        request = await ask_to_send(hub)

        async def reported() -> bool:
            return await hub.count() == 3

        await eventually(reported)
        process.send_signal(signal.SIGINT)
        said, _ = await process.communicate()
    arrived, _, report = await hub.kept()
    assert (arrived.type, arrived.content.subject) == ("message.received", "Hallo")
    assert (report.type, report.message_id, report.status) == (
        "delivery.reported",
        request.id,
        "accepted",
    )
    assert report.content.external_id == f"{request.id}@musterstadt.example"
    [mail] = relay.taken
    assert mail.mail_from == f"bounce+{request.id}@musterstadt.example"
    assert mail.rcpt_tos == ["erika@example.org"]
    assert b"Reply-To: reply+abc123@musterstadt.example" in mail.content
    for personal in (b"erika", b"Hallo", b"Antrag"):
        assert personal not in said, "nothing personal is logged"


async def test_a_database_that_comes_back_needs_no_restart(hub, configuration, ports):
    async with (
        Relay().listen(ports.relay) as relay,
        serving(SERVICE, configuration, ports.http) as process,
    ):
        await hub.shut_out()
        await eventually(lambda: readiness(ports.http, 503))
        assert "database" in (await readiness(ports.http, 503))["database"]
        assert await post(ports.smtp) == 451
        await ask_to_send(hub)
        await hub.let_in()
        await eventually(lambda: readiness(ports.http, 200))
        assert await post(ports.smtp) == 250

        async def sent() -> bool:
            return len(relay.taken) == 1

        await eventually(sent)
        assert process.returncode is None


async def test_it_starts_while_the_database_is_away(hub, configuration, ports):
    await hub.shut_out()
    process = await start(SERVICE, configuration)
    await eventually(lambda: readiness(ports.http, 503))
    assert await post(ports.smtp) == 451
    await hub.let_in()
    await eventually(lambda: readiness(ports.http, 200))
    assert await post(ports.smtp) == 250
    process.send_signal(signal.SIGTERM)
    await process.communicate()


@pytest.mark.parametrize("taken", ["http", "smtp", "lmtp"])
async def test_a_port_in_use_is_said_with_its_setting(configuration, ports, taken):
    port = getattr(ports, taken)
    with socket.create_server(("127.0.0.1", port)):
        process = await start(SERVICE, configuration)
        _, said = await process.communicate()
    assert process.returncode == 2
    lines = said.decode().splitlines()
    assert len(lines) == 1
    assert f"services.channel_email.{taken}: 127.0.0.1:{port}: Address already in use" in lines[0]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"address"', '"adress"', "tenants.musterstadt.accounts.post"),
        ('"relay"', '"relais"', "services.channel_email.relais"),
        ("keys.json", "nowhere.json", "keys_file"),
    ],
)
def test_a_broken_file_is_said_in_one_line(configuration, old, new, says):
    configuration.write_text(configuration.read_text().replace(old, new))
    said = refusal(partial(run_channel, CHANNEL), configuration)
    assert says in said
    assert said.count("\n") == 1
