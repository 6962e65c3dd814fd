"""What every channel keeps, whatever it speaks: one table of channels, the same questions to all.

A new channel is a new row in CHANNELS; until it is there, the first test fails.
"""

import asyncio
import os
import sys
import tomllib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from aiosmtpd.smtp import SMTP

import channel_email.parse
import channel_web.parse
from channel_email.send import RelaySender
from channel_email.settings import Account as EmailAccount
from channel_email.settings import Accounts as EmailAccounts
from channel_email.settings import EmailAccount as Mailbox
from channel_email.settings import Relay, Tls
from channel_web.parse.form import read_contact
from channel_web.parse.uploads import Upload
from channel_web.receive.inbox import Inboxes
from channel_web.send import PortalSender
from channel_web.settings import Account as WebAccount
from channel_web.settings import Accounts as WebAccounts
from channel_web.settings import WebAccount as PortalAccount
from hub_contract.delivery import Delivery, Reason
from hub_contract.errors import Permanent
from hub_contract.events import (
    Arrival,
    DeliveryReported,
    MessageContent,
    MessageReceived,
    MessageRequested,
    RequestedContent,
)
from hub_contract.topics import REQUESTED, from_wire, key_of, to_wire
from hub_contract.words import Channel, ContactKind, ContactPoint, MessageKind
from hub_kit import event_log
from hub_kit.consume import Consumer
from hub_kit.event_log import KeyRow
from hub_kit.ground import Ground
from hub_kit.outgoing import Outgoing, Sender, take_in
from hub_kit.sealing import open_event, seal_event
from hub_kit.testing import eventually, fresh_database, open_ground

ROOT = Path(__file__).parents[1]
A, B = "musterstadt", "kleindorf"
CANARY = "Zwiebelturm-4711"
FILES = ("settings", "parse", "render", "receive", "send", "app")
UGLY = [
    "",
    " ",
    "\0\ud800\u202e",
    "<script>alert(1)</script>",
    "x" * 100_000,
    "\r\n.\r\n",
    "--\n\n\n",
    "=?utf-8?B?////?=",
]


@dataclass(frozen=True)
class Spoken:
    """How one channel is talked to: words in, and where words of ours can go."""

    channel: Channel
    arrive: Callable[[str, str, datetime], Arrival]  # (text, tenant, when): with one file
    sending: Callable[[Ground], AbstractAsyncContextManager[tuple[Sender, ContactPoint]]]
    unreachable: ContactPoint  # of a kind that this channel has no way to
    account: str


def mail(text: str, tenant: str, at: datetime) -> Arrival:
    raw = (
        "From: Erika <erika@example.org>\r\nTo: post@musterstadt.example\r\n"
        "Message-ID: <1@example.org>\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n"
        f"{text}\r\n--b\r\nContent-Type: text/csv; name=a.csv\r\n\r\n1;2\r\n--b--\r\n"
    )
    context = channel_email.parse.Context(tenant, "post", at)
    return channel_email.parse.parse(raw.encode("utf-8", "surrogatepass"), context)


INBOX = channel_web.parse.Inbox(uuid4(), "938429177007")


def form(text: str, tenant: str, at: datetime) -> Arrival:
    written, _ = read_contact({"text": text, "subject": text})
    sent = channel_web.parse.Sent(
        "token", MessageKind.FORM, written, (Upload("a.csv", "text/csv", b"1;2"),)
    )
    context = channel_web.parse.Context(tenant, "portal", INBOX, at, begins=True)
    return channel_web.parse.parse(sent, context)


class PretendRelay:
    async def handle_DATA(self, *_: object) -> str:  # noqa: N802 - their name
        return "250 2.0.0 Ok"


@asynccontextmanager
async def by_mail(_: Ground) -> AsyncIterator[tuple[Sender, ContactPoint]]:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(PretendRelay(), loop=loop), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    relay = Relay(host="127.0.0.1", port=port, tls=Tls.NONE)
    mailbox = Mailbox(address="post@musterstadt.example")
    accounts = EmailAccounts([EmailAccount(A, "post", "Stadt Musterstadt", mailbox)])
    sender = RelaySender(accounts, relay, "hub.example")
    try:
        yield sender, ContactPoint(kind=ContactKind.EMAIL, value="erika@example.org")
    finally:
        await sender.close()
        server.close()


@asynccontextmanager
async def by_portal(ground: Ground) -> AsyncIterator[tuple[Sender, ContactPoint]]:
    portal = PortalAccount(address="www.musterstadt.example")
    account = WebAccount(A, "portal", "Stadt Musterstadt", portal, has_email=False)
    slip = await Inboxes(ground.pool, ground.ring).open(A, "t" * 32, "de")
    point = ContactPoint(kind=ContactKind.PORTAL, value=str(slip.inbox.portal_id))
    yield PortalSender(WebAccounts([account]), ground.pool), point


PORTAL_POINT = ContactPoint(kind=ContactKind.PORTAL, value=str(uuid4()))
MAIL_POINT = ContactPoint(kind=ContactKind.EMAIL, value="erika@example.org")
CHANNELS = {
    "channel_email": Spoken(Channel.EMAIL, mail, by_mail, PORTAL_POINT, "post"),
    "channel_web": Spoken(Channel.WEB, form, by_portal, MAIL_POINT, "portal"),
}
NOW = datetime(2026, 5, 12, 9, 0, tzinfo=UTC)


@pytest.fixture(params=CHANNELS)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def spoken(name: str) -> Spoken:
    return CHANNELS[name]


@dataclass
class Here:
    ground: Ground
    owner: str

    async def rows(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.owner)
        try:
            return list(await connection.fetch(sql, *arguments))
        finally:
            await connection.close()

    async def kept(self, *types: str) -> list:
        sql = """select body, wrapped from hub.event_log join hub.message_key on owner = event_id
                 where type = any($1::text[]) order by seq"""
        ring = self.ground.ring
        sealed = [(from_wire(row["body"]), row["wrapped"]) for row in await self.rows(sql, types)]
        return [open_event(event, ring.unwrap(wrapped, event.id)) for event, wrapped in sealed]


@pytest.fixture
async def here(cluster, tmp_path, name: str) -> AsyncIterator[Here]:
    services = {name: Path(str(import_module(name).__file__)).parent / "migrations"}
    async with (
        fresh_database(cluster, services) as dsn,
        open_ground(name, dsn, tmp_path) as ground,
    ):
        yield Here(ground, dsn)


def content(arrival: Arrival) -> tuple[MessageReceived, MessageContent]:
    assert isinstance(arrival.event, MessageReceived)
    assert isinstance(arrival.event.content, MessageContent)
    return arrival.event, arrival.event.content


def request(spoken: Spoken, recipient: ContactPoint, **more: object) -> MessageRequested:
    fields = {
        "id": uuid4(),
        "tenant": A,
        "channel": spoken.channel,
        "account": spoken.account,
        "conversation_id": uuid4(),
        "requested_at": NOW,
        "content": RequestedContent(
            recipient=recipient, subject="Ihr Antrag", text=CANARY, reply_token="abc"
        ),
    }
    return MessageRequested(**fields | more)


def workspace() -> Sequence[str]:
    document = tomllib.loads((ROOT / "pyproject.toml").read_text())
    members = document["tool"]["uv"]["workspace"]["members"]
    return [Path(member).name.replace("-", "_") for member in members]


def test_every_channel_is_asked_here():
    assert {one for one in workspace() if one.startswith("channel_")} == CHANNELS.keys()


def test_it_has_the_same_files_and_says_how_to_add_the_next_one(name):
    for file in FILES:
        assert import_module(f"{name}.{file}").__doc__, file
    readme = Path(str(import_module(name).__file__)).parents[2] / "README.md"
    headings = [line for line in readme.read_text().splitlines() if line.startswith("## ")]
    assert headings[-1] == "## How to add the next one"


def test_what_arrives_is_said_in_the_words_of_the_contract(spoken):
    arrival = spoken.arrive(CANARY, A, NOW)
    event, said = content(arrival)
    assert (event.channel, event.account, event.tenant) == (spoken.channel, spoken.account, A)
    assert event.received_at == NOW
    assert CANARY in said.body.text
    assert said.sender is not None
    assert said.sender.value
    assert len(arrival.files) == len(said.attachments) == 1
    assert [len(file) for file in arrival.files] == [one.size for one in said.attachments]
    assert arrival.original


def test_twice_is_once_and_another_is_another(spoken):
    ids = {
        spoken.arrive(text, tenant, at).event.id
        for text, tenant, at in (
            (CANARY, A, NOW),
            (CANARY, A, datetime.now(UTC)),
            ("anders", A, NOW),
            (CANARY, B, NOW),
        )
    }
    assert len(ids) == 3


@pytest.mark.parametrize("text", UGLY, ids=range(len(UGLY)))
def test_whatever_is_written_arrives_and_travels(spoken, text):
    event, _ = content(spoken.arrive(text, A, NOW))
    assert event.model_dump_json().encode("utf-8")


async def test_it_is_kept_once_and_nobody_reads_it(here, spoken):
    arrival = spoken.arrive(CANARY, A, NOW)
    first, again = await asyncio.gather(here.ground.accept(arrival), here.ground.accept(arrival))
    assert {first.new, again.new} == {True, False}
    [kept] = await here.kept("message.received")
    assert CANARY in kept.content.body.text
    [row] = await here.rows("select * from hub.event_log")
    assert CANARY not in str(dict(row))
    assert kept.content.sender.value not in str(dict(row))
    for path in here.ground.blobs.root.rglob("*"):
        assert path.is_dir() or CANARY.encode() not in path.read_bytes()


async def ask(here: Here, name: str, asked: MessageRequested) -> None:
    """Append a request as the store does, with a key that this channel may read."""
    ring = here.ground.ring
    key = ring.new_key()
    wire = to_wire(seal_event(asked, key), "conversation_store")
    row = KeyRow(asked.id, asked.tenant, ring.wrap(key, asked.id), name)
    connection = await asyncpg.connect(here.owner)
    await event_log.append(connection, [wire], [row])
    await connection.close()


async def test_an_answer_goes_out_once_and_is_reported(here, name, spoken):
    async with spoken.sending(here.ground) as (sender, recipient):
        asked = request(spoken, recipient)
        ground = here.ground
        topic = REQUESTED[spoken.channel].name
        consumer = Consumer(name, [topic], ground.bus, ground.pool, take_in)
        outgoing = Outgoing(ground.pool, ground.blobs, ground.ring, sender, name)
        tasks = [asyncio.create_task(one.run()) for one in (consumer, outgoing)]
        try:
            await ask(here, name, asked)

            async def reported() -> bool:
                return len(await here.kept("delivery.reported")) == 1

            await eventually(reported)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    [report] = await here.kept("delivery.reported")
    assert isinstance(report, DeliveryReported)
    assert report.message_id == asked.id
    assert report.status in (Delivery.ACCEPTED, Delivery.SENT, Delivery.DELIVERED)
    assert report.channel is spoken.channel
    assert key_of(report) == f"{A}/{asked.id}"
    assert await here.rows(f"select 1 from {name}.outgoing where state = 'done'")


async def test_what_cannot_go_this_way_is_permanent_and_quotes_nobody(here, spoken):
    async with spoken.sending(here.ground) as (sender, recipient):
        for asked, reason in (
            (request(spoken, spoken.unreachable), Reason.ADDRESS_UNKNOWN),
            (request(spoken, recipient, account="nobody-has-this"), Reason.NOT_CONFIGURED),
            (request(spoken, recipient, tenant=B), Reason.NOT_CONFIGURED),
        ):
            with pytest.raises(Permanent) as said:
                await sender.send(asked, ())
            assert said.value.reason is reason
            assert spoken.unreachable.value not in str(said.value)
            assert recipient.value not in str(said.value)


async def test_its_role_touches_its_own_tables_only(here, name):
    async with here.ground.pool.acquire() as connection:
        for table in ("cursor", "parked", "dead_letter", "outgoing", "checkpoint"):
            assert await connection.fetchval(f"select count(*) from {table}") == 0
        for sql in ("delete from hub.event_log", "delete from hub.message_key"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(sql)


async def test_a_missing_file_of_settings_is_one_line_and_code_two(name, tmp_path):
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        f"{name}.app",
        env={**os.environ, "HUB_CONFIG": str(tmp_path / "nowhere.yaml")},
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    assert process.returncode == 2
    assert said.count(b"\n") == 1
    assert b"nowhere.yaml" in said
