"""What every channel keeps, whatever it speaks: the same questions to all that are installed.

A new channel is found by its entry point; its driver says how it is talked to.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from hub_contract.channels import CHANNELS
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
from hub_contract.words import Channel, ContactPoint
from hub_kit import event_log, processes, to_read
from hub_kit.channel import find_channel, run_channel
from hub_kit.conformance import Driver, drivers, folder_of
from hub_kit.consume import Consumer
from hub_kit.database import connect
from hub_kit.event_log import KeyRow
from hub_kit.ground import Ground
from hub_kit.outgoing import Outgoing, take_in
from hub_kit.read_later import ReadLater
from hub_kit.sealing import open_event, seal_event
from hub_kit.testing import eventually, fresh_database, open_ground

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


DRIVERS = drivers()
NOW = datetime(2026, 5, 12, 9, 0, tzinfo=UTC)


@pytest.fixture(params=DRIVERS)
def key(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def name(key: str) -> str:
    return key.partition("/")[0]


@pytest.fixture
def channel(name: str) -> Channel:
    return Channel(name.removeprefix("channel_"))


@pytest.fixture
def driver(key: str) -> Driver:
    return DRIVERS[key]


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


def request(
    driver: Driver, channel: Channel, recipient: ContactPoint, **more: object
) -> MessageRequested:
    fields = {
        "id": uuid4(),
        "tenant": A,
        "channel": channel,
        "account": driver.account,
        "conversation_id": uuid4(),
        "requested_at": NOW,
        "content": RequestedContent(
            recipient=recipient, subject="Ihr Antrag", text=CANARY, reply_token="abc"
        ),
    }
    return MessageRequested(**fields | more)


def test_it_has_the_same_files_and_says_how_to_add_the_next_one(name):
    for file in FILES:
        assert import_module(f"{name}.{file}").__doc__, file
    readme = folder_of(name) / "README.md"
    headings = [line for line in readme.read_text().splitlines() if line.startswith("## ")]
    assert headings[-1] == "## How to add the next one"


def test_what_arrives_is_said_in_the_words_of_the_contract(driver, channel):
    arrival = driver.arrive(CANARY, A, NOW)
    event, said = content(arrival)
    assert (event.channel, event.account, event.tenant) == (channel, driver.account, A)
    assert event.received_at == NOW
    assert CANARY in driver.words(said)
    assert bool(said.sender and said.sender.value) is driver.knows_sender
    assert len(arrival.files) == len(said.attachments) == driver.files
    assert [len(file) for file in arrival.files] == [one.size for one in said.attachments]
    assert arrival.original


def test_twice_is_once_and_another_is_another(driver):
    ids = {
        driver.arrive(text, tenant, at).event.id
        for text, tenant, at in (
            (CANARY, A, NOW),
            (CANARY, A, datetime.now(UTC)),
            ("anders", A, NOW),
            (CANARY, B, NOW),
        )
    }
    assert len(ids) == 3


@pytest.mark.parametrize("text", UGLY, ids=range(len(UGLY)))
def test_whatever_is_written_arrives_and_travels(driver, text):
    event, _ = content(driver.arrive(text, A, NOW))
    assert event.model_dump_json().encode("utf-8")


async def test_it_is_kept_once_and_nobody_reads_it(here, driver):
    arrival = driver.arrive(CANARY, A, NOW)
    first, again = await asyncio.gather(here.ground.accept(arrival), here.ground.accept(arrival))
    assert {first.new, again.new} == {True, False}
    [kept] = await here.kept("message.received")
    assert CANARY in driver.words(kept.content)
    [row] = await here.rows("select * from hub.event_log")
    assert CANARY not in str(dict(row))
    assert not driver.knows_sender or kept.content.sender.value not in str(dict(row))
    for path in here.ground.blobs.root.rglob("*"):
        assert path.is_dir() or CANARY.encode() not in path.read_bytes()


async def test_its_pages_are_read_once_whatever_becomes_of_the_reader(here, driver):
    """What is not read by machine is not noted either."""
    if driver.reader:
        here.ground.accept.read_later()
    arrival = driver.arrive(CANARY, A, NOW)
    await here.ground.accept.all([arrival, arrival])
    [entry] = await here.kept("message.received")
    assert entry.to_be_read == (driver.reader is not None)
    if driver.reader is None:
        return
    async with connect(here.ground.pool) as connection:
        [_] = await to_read.take(connection, 1, lease=0)  # as a process leaves it that was killed
    reads = ReadLater(here.ground, driver.reader)
    await asyncio.gather(reads.work_off(), reads.work_off())
    await here.ground.accept(arrival)
    assert await reads.work_off() == 0
    [said] = await here.kept("message.read")
    assert (said.message_id, said.tenant, said.channel) == (entry.id, entry.tenant, entry.channel)


async def ask(here: Here, name: str, asked: MessageRequested) -> None:
    """Append a request as the store does, with a key that this channel may read."""
    ring = here.ground.ring
    key = ring.new_key()
    wire = to_wire(seal_event(asked, key), "conversation_store")
    row = KeyRow(asked.id, asked.tenant, ring.wrap(key, asked.id), name)
    connection = await asyncpg.connect(here.owner)
    await event_log.append(connection, [wire], [row])
    await connection.close()


async def test_an_answer_goes_out_once_and_is_reported(here, name, driver, channel):
    async with driver.sending(here.ground) as (sender, recipient):
        asked = request(driver, channel, recipient)
        ground = here.ground
        topic = REQUESTED[channel].name
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
    went_out = report.status in (Delivery.ACCEPTED, Delivery.SENT, Delivery.DELIVERED)
    assert went_out is CHANNELS[channel].answers
    assert went_out or report.status is Delivery.FAILED
    assert report.channel is channel
    assert key_of(report) == f"{A}/{asked.id}"
    assert await here.rows(f"select 1 from {name}.outgoing where state = 'done'")


async def test_what_cannot_go_this_way_is_permanent_and_quotes_nobody(here, driver, channel):
    async with driver.sending(here.ground) as (sender, recipient):
        for asked, reason in (
            (request(driver, channel, driver.unreachable), Reason.ADDRESS_UNKNOWN),
            (request(driver, channel, recipient, account="nobody-has-this"), Reason.NOT_CONFIGURED),
            (request(driver, channel, recipient, tenant=B), Reason.NOT_CONFIGURED),
        ):
            with pytest.raises(Permanent) as said:
                await sender.send(asked, ())
            assert said.value.reason is reason
            assert driver.unreachable.value not in str(said.value)
            assert recipient.value not in str(said.value)


async def test_its_role_touches_its_own_tables_only(here, name):
    async with here.ground.pool.acquire() as connection:
        for table in ("cursor", "parked", "dead_letter", "outgoing", "checkpoint"):
            assert await connection.fetchval(f"select count(*) from {table}") == 0
        for sql in ("delete from hub.event_log", "delete from hub.message_key"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(sql)


def test_a_missing_file_of_settings_is_one_line_and_code_two(channel, tmp_path):
    main = partial(run_channel, find_channel(channel))
    [line] = processes.refusal(main, tmp_path / "nowhere.yaml").splitlines()
    assert "nowhere.yaml" in line
