"""What is accepted is kept once, sealed, and reaches a reader in order."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

import channel_email
from hub_contract.events import Arrival, MessageContent, MessageReceived
from hub_contract.ids import received_id
from hub_contract.words import Attachment, Body, Channel, ContactKind, ContactPoint
from hub_kit import event_log
from hub_kit.blobs import read_blob
from hub_kit.consume import Consumer
from hub_kit.sealing import open_event
from hub_kit.testing import eventually, fresh_database, open_ground

SERVICES = {"channel_email": Path(channel_email.__file__).parent / "migrations"}
CANARY = "geheim-4711"


@pytest.fixture
async def ground(cluster, tmp_path):
    async with (
        fresh_database(cluster, SERVICES) as dsn,
        open_ground("channel_email", dsn, tmp_path) as ground,
    ):
        yield ground


def arrival(number: int, text: str = CANARY, files: tuple[bytes, ...] = ()) -> Arrival:
    event = MessageReceived(
        id=received_id("musterstadt", "email", "post", f"<{number}@example.org>"),
        tenant="musterstadt",
        channel=Channel.EMAIL,
        account="post",
        received_at=datetime.now(UTC),
        content=MessageContent(
            sender=ContactPoint(kind=ContactKind.EMAIL, value="erika@example.org"),
            subject=str(number),
            body=Body(text=text),
            attachments=tuple(
                Attachment(file_name="a.bin", media_type="application/x", size=len(f))
                for f in files
            ),
        ),
    )
    return Arrival(event, original=b"original " + text.encode(), files=files)


async def test_many_at_once_are_kept_once_and_read_in_order(ground):
    twice = [arrival(n) for n in (*range(100), *range(100))]
    accepted = await ground.accept.all(twice)
    assert sum(a.new for a in accepted) == 100
    again = await ground.accept(arrival(5))
    assert not again.new
    seen: list[str] = []

    async def handle(connection, delivered):
        keys = await event_log.read_keys(connection, [d.event.id for d in delivered])
        assert keys == {}, "a channel may not read the keys of what citizens wrote"
        seen.extend(str(d.event.id) for d in delivered)

    reader = Consumer("reader", ["faden.message.received"], ground.bus, ground.pool, handle)
    task = asyncio.create_task(reader.run())

    async def all_seen() -> bool:
        return len(seen) >= 100

    await eventually(all_seen)
    task.cancel()
    assert seen == [str(a.event_id) for a in accepted[:100]]
    objects = [p for p in (Path(ground.settings.blobs)).rglob("*") if p.is_file()]
    assert len(objects) == 100, "the bytes of repeated arrivals are deleted again"
    assert all(CANARY.encode() not in p.read_bytes() for p in objects)


async def test_bytes_come_back_and_long_words_wait_in_the_blob_store(ground, cluster):
    one = arrival(1, text=CANARY * 1000, files=(b"\x00pdf", b"png"))
    await ground.accept(one)
    import asyncpg

    dsn = ground.settings.database.replace("channel_email@", "postgres@")
    owner = await asyncpg.connect(dsn)
    row = await owner.fetchrow("select body from hub.event_log")
    wrapped = await owner.fetchval("select wrapped from hub.message_key")
    await owner.close()
    assert CANARY.encode() not in row["body"]
    from hub_contract.topics import from_wire

    sealed = from_wire(row["body"])
    key = ground.ring.unwrap(wrapped, sealed.id)
    event = open_event(sealed, key)
    files = [await read_blob(ground.blobs, a.blob, key) for a in event.content.attachments]
    assert files == [b"\x00pdf", b"png"]
    assert await read_blob(ground.blobs, event.original, key) == one.original
    whole = Body.model_validate_json(await read_blob(ground.blobs, event.content.whole, key))
    assert whole.text == CANARY * 1000
    assert len(event.content.body.text) == 2000
