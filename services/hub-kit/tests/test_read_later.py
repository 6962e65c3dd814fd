"""What was taken in is read, whatever becomes of its reader; and it never waits for that."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from hub_contract.errors import Permanent, Temporary
from hub_contract.events import Arrival, MessageRead, ReadContent
from hub_contract.ids import read_id
from hub_contract.problems import ProblemCode
from hub_contract.topics import from_wire
from hub_contract.words import Attachment, Body, FileCheck, Page
from hub_kit import to_read
from hub_kit.accept import Accept
from hub_kit.blobs import read_blob
from hub_kit.database import connect, transaction
from hub_kit.event_log import erase_keys
from hub_kit.read_later import TRIES, ReadLater
from hub_kit.retry import Patience
from hub_kit.sealing import fetch_content, open_event
from hub_kit.testing import eventually

CANARY = "geheim-4711"
SOON = Patience(0, (0,))


@pytest.fixture
def reading(channel):
    """The ground of a channel that reads what it takes in."""
    channel.accept.read_later()
    return channel


class Reader:
    """Reads two pages in anything, the second one blank, after it has failed as often as asked."""

    def __init__(self, *faults: Exception, words: bytes = b"[]") -> None:
        self.faults, self.words, self.seen = list(faults), words, []

    async def __call__(self, event, raw: bytes) -> Arrival:
        self.seen.append((event.content.subject, raw))
        if self.faults:
            raise self.faults.pop(0)
        pages = (Page(number=1, width=8, height=9), Page(number=2, width=8, height=9, blank=True))
        copy = Attachment(file_name="durchsuchbar.pdf", media_type="application/pdf", size=3)
        said = MessageRead(
            id=read_id(event.tenant, event.id),
            tenant=event.tenant,
            channel=event.channel,
            account=event.account,
            message_id=event.id,
            at=datetime.now(UTC),
            content=ReadContent(body=Body(text=CANARY * 1_000), attachments=(copy,), pages=pages),
        )
        return Arrival(said, files=(b"pdf", b"s1", b"l1", self.words, b"s2", b"l2", b""))


async def work_off(ground, reader, **more) -> int:
    return await ReadLater(ground, reader, pauses=SOON, **more).work_off()


async def readings(owner, ground) -> list:
    """Return what was read, opened, each with its key."""
    rows = await owner.fetch(
        "select body, wrapped from hub.event_log join hub.message_key on owner = event_id"
        " where type = 'message.read' order by xid, seq"
    )
    found = []
    for row in rows:
        event = from_wire(row["body"])
        key = ground.ring.unwrap(row["wrapped"], event.id)
        found.append((open_event(await fetch_content(event, ground.blobs, key), key), key))
    return found


async def waiting(ground) -> int:
    async with connect(ground.pool) as connection:
        return (await to_read.count(connection)).documents


async def kill_while_reading(ground) -> None:
    """Leave behind what a process leaves that was killed: a claim whose lease runs out."""
    async with connect(ground.pool) as connection:
        [_] = await to_read.take(connection, 1, 0)


async def test_what_was_read_comes_back_sealed_and_whole(reading, owner, arrive, tmp_path):
    await reading.accept(arrive(1, "Fax", pages=2))
    assert await waiting(reading) == 1
    reader = Reader()
    assert await work_off(reading, reader) == 1
    assert reader.seen == [("1", b"original Fax")]
    [(event, key)] = await readings(owner, reading)
    said = event.content
    blobs = [
        said.attachments[0].blob,
        *(b for p in said.pages for b in (p.small, p.large, p.words)),
    ]
    assert blobs[-1] is None, "there are no words on a blank page"
    assert [await read_blob(reading.blobs, blob, key) for blob in blobs[:-1]] == [
        *(b"pdf", b"s1", b"l1", b"[]", b"s2", b"l2")
    ]
    whole = Body.model_validate_json(await read_blob(reading.blobs, said.whole, key))
    assert (whole.text, len(said.body.text)) == (CANARY * 1_000, 2_000)
    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("blobs/**/*") if path.is_file())
    assert CANARY.encode() not in stored
    assert await waiting(reading) == 0


@pytest.mark.parametrize(
    ("more", "noted"),
    [({}, True), ({"readable": False}, False)],
    ids=["readable", "unreadable to parse already"],
)
async def test_only_what_can_be_read_is_noted(reading, owner, arrive, more, noted):
    await reading.accept(arrive(1, **more))
    event = from_wire(await owner.fetchval("select body from hub.event_log"))
    assert (event.to_be_read, await waiting(reading)) == (noted, noted)
    reader = await owner.fetchval("select reader from hub.message_key")
    assert reader == ("probe_channel" if noted else ""), "only who must open it may"


async def test_a_channel_without_a_reader_notes_nothing(channel, arrive):
    await channel.accept(arrive(1))
    assert await waiting(channel) == 0


async def test_twice_is_once(reading, owner, arrive):
    await reading.accept.all([arrive(1), arrive(1)])
    await work_off(reading, Reader())
    await reading.accept(arrive(1))
    assert await waiting(reading) == 0
    # Killed between the event and the end of its claim: it is read once more.
    body = await owner.fetchval("select body from hub.event_log where type = 'message.received'")
    await owner.execute(
        "insert into probe_channel.to_read (event_id, traceparent, body, pages)"
        " values ($1, '', $2, 1)",
        *(from_wire(body).id, body),
    )
    assert await work_off(reading, Reader()) == 1
    assert len(await readings(owner, reading)) == 1


async def test_a_reader_killed_in_the_middle_is_followed_by_another(reading, owner, arrive):
    await reading.accept(arrive(1))
    await kill_while_reading(reading)
    assert await work_off(reading, Reader()) == 1
    [(event, _)] = await readings(owner, reading)
    assert event.readable


async def test_what_kills_its_reader_each_time_is_given_up(reading, owner, arrive):
    await reading.accept(arrive(1))
    for _ in range(TRIES):
        await kill_while_reading(reading)
    reader = Reader()
    assert await work_off(reading, reader) == 1
    [(event, _)] = await readings(owner, reading)
    assert (reader.seen, event.readable, await waiting(reading)) == ([], False, 0)
    assert [(p.code, p.about) for p in event.content.problems] == [("unreadable", "crashed")]


@pytest.mark.parametrize(
    ("faults", "about"),
    [
        ([ValueError(CANARY)] * TRIES, "ValueError"),
        ([Temporary("full")] * TRIES, "Temporary"),
        ([Permanent("no document")], "Permanent"),
        ([ValueError()] * (TRIES - 1), None),
    ],
    ids=["fails", "is full", "cannot", "recovers"],
)
async def test_a_reader_that_fails_is_tried_again(reading, owner, arrive, faults, about):
    await reading.accept(arrive(1))
    reader = Reader(*faults)
    await work_off(reading, reader)
    [(event, _)] = await readings(owner, reading)
    assert len(reader.seen) == (1 if about == "Permanent" else TRIES)
    assert event.readable == (about is None)
    assert [p.about for p in event.content.problems] == ([about] if about else [])


async def test_a_reader_that_hangs_is_stopped(reading, owner, arrive):
    await reading.accept(arrive(1))

    async def hang(*_):
        await asyncio.Event().wait()

    await work_off(reading, hang, longest=0.01)
    [(event, _)] = await readings(owner, reading)
    assert [p.code for p in event.content.problems] == ["overrun"]


async def test_what_the_reader_says_must_fit(reading, owner, arrive):
    await reading.accept(arrive(1))

    async def short(event, raw):
        whole = await Reader()(event, raw)
        return Arrival(whole.event, files=whole.files[:-1])

    await work_off(reading, short)
    [(event, _)] = await readings(owner, reading)
    assert not event.readable


async def test_what_was_erased_meanwhile_is_dropped(reading, owner, arrive, keeper):
    accepted = await reading.accept(arrive(1))
    async with transaction(keeper.pool, "musterstadt") as connection:
        await erase_keys(connection, [accepted.event_id])
    reader = Reader()
    assert await work_off(reading, reader) == 1
    assert (reader.seen, await readings(owner, reading), await waiting(reading)) == ([], [], 0)


async def test_that_the_hub_is_away_is_no_try(reading, owner, arrive, tmp_path, monkeypatch):
    await reading.accept(arrive(1))

    async def away(*_):
        raise Temporary("blobs: away")

    with monkeypatch.context() as patch:
        patch.setattr(reading.blobs, "get", away)
        assert await work_off(reading, Reader()) == 1
    assert await owner.fetchval("select attempts from probe_channel.to_read") == 0


async def test_copies_share_the_work(reading, arrive):
    await reading.accept.all([arrive(n, f"Fax {n}") for n in range(20)])
    readers = Reader(), Reader()
    tasks = [asyncio.create_task(ReadLater(reading, reader).run()) for reader in readers]

    async def done() -> bool:
        return await waiting(reading) == 0

    await eventually(done)
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    seen = sorted(subject for reader in readers for subject, _ in reader.seen)
    assert seen == sorted(str(n) for n in range(20))


async def test_an_event_and_its_note_are_one(reading, owner, arrive, monkeypatch):
    """Where the note cannot be written, nothing was taken in, and the peer sends it again."""
    await owner.execute("alter table probe_channel.to_read rename to gone")
    accept = Accept(reading.pool, reading.blobs, reading.ring, "probe_channel")
    accept.read_later()
    with pytest.raises(Temporary):
        await accept(arrive(1))
    assert await owner.fetchval("select count(*) from hub.event_log") == 0
    await owner.execute("alter table probe_channel.gone rename to to_read")
    await accept(arrive(1))
    assert await waiting(reading) == 1


async def test_nothing_of_ours_opens_what_holds_harmful_software(reading, owner, arrive):
    arrival = arrive(1, "Fax", pages=2)
    marked = arrival.event.content.model_copy(update={"original_check": FileCheck.FOUND})
    harmful = arrival.event.model_copy(update={"content": marked})
    await reading.accept(Arrival(harmful, arrival.original, arrival.files))
    reader = Reader()
    assert await work_off(reading, reader) == 1
    assert reader.seen == []
    [(event, _)] = await readings(owner, reading)
    assert not event.readable
    assert [one.code for one in event.content.problems] == [ProblemCode.HARMFUL]
