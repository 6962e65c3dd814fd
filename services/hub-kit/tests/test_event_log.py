"""The log keeps everything once and its readers lose nothing, however late a writer commits."""

import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg
import pytest

from hub_contract.errors import Permanent
from hub_contract.topics import Wire, from_wire
from hub_kit import event_log
from hub_kit.blobs import read_blob
from hub_kit.database import transaction
from hub_kit.event_log import START, KeyRow
from hub_kit.sealing import open_event
from hub_kit.testing import eventually, read_accepted

TOPICS = ["a", "b", "rare"]


def wire(number: int, topic: str = "a") -> Wire:
    return Wire(
        topic=topic,
        key=f"key-{number % 7}",
        id=UUID(int=number),
        tenant="musterstadt",
        type="test",
        source="test",
        time=datetime(2025, 1, 1, tzinfo=UTC),
        traceparent="",
        body=str(number).encode(),
    )


def row_of(number: int, *, reader: str = "", tenant: str = "musterstadt") -> KeyRow:
    return KeyRow(UUID(int=number), tenant, b"wrapped %d" % number, reader)


async def read_on(connection, topics: Sequence[str] | None = None, limit: int = 1000) -> list[int]:
    """Read from the start, page after page, until nothing comes; return the numbers."""
    numbers, position = [], START
    while rows := await event_log.read(connection, position, limit, topics and list(topics)):
        numbers += [int(row.wire.body) for row in rows]
        position = rows[-1].position
    return numbers


async def test_what_is_appended_comes_back_as_it_was(channel):
    wires = [wire(n, TOPICS[n % 3]) for n in range(10)]
    async with channel.pool.acquire() as connection:
        assert await event_log.append(connection, wires, []) == {w.id for w in wires}
        rows = await event_log.read(connection, START, 100)
        assert [row.wire for row in rows] == wires
        assert await event_log.read(connection, rows[-1].position, 100) == []
        assert await event_log.read(connection, rows[5].position, 2) == rows[6:8]


async def test_twice_is_once_and_the_first_key_stays(channel, owner):
    async with channel.pool.acquire() as connection:
        await event_log.append(connection, [wire(1)], [row_of(1)])
        second = KeyRow(UUID(int=1), "musterstadt", b"of the second")
        news = await event_log.append(connection, [wire(1), wire(2), wire(2)], [second, row_of(2)])
        assert news == {UUID(int=2)}
        assert await read_on(connection) == [1, 2]
    keys = await owner.fetch("select wrapped from hub.message_key order by owner")
    assert [row["wrapped"] for row in keys] == [b"wrapped 1", b"wrapped 2"]


async def test_pages_in_any_size_give_every_wanted_row_in_order(channel):
    wires = [wire(n, "rare" if n % 20 == 7 else TOPICS[n % 2]) for n in range(60)]
    async with channel.pool.acquire() as connection:
        for start in range(0, 60, 4):
            await event_log.append(connection, wires[start : start + 4], [])
        for topics in (None, TOPICS, ["a", "b"], ["rare"], ["rare", "none"], ["none"]):
            expected = [int(w.body) for w in wires if topics is None or w.topic in topics]
            for limit in (1, 3, 7, 1000):
                assert await read_on(connection, topics, limit) == expected


async def test_nothing_is_read_past_a_transaction_that_is_still_open(channel):
    async with channel.pool.acquire() as late, channel.pool.acquire() as early:
        slow = late.transaction()
        await slow.start()
        await event_log.append(late, [wire(1)], [])
        await event_log.append(early, [wire(2)], [])
        assert await read_on(early) == [], "2 is committed, but 1 will come before it"
        await slow.commit()
        assert await read_on(early) == [1, 2]


async def test_a_transaction_that_is_undone_holds_nobody_back(channel):
    async with channel.pool.acquire() as late, channel.pool.acquire() as early:
        slow = late.transaction()
        await slow.start()
        await event_log.append(late, [wire(1)], [])
        await event_log.append(early, [wire(2)], [])
        await slow.rollback()
        assert await read_on(early) == [2]


WRITERS, EACH = 16, 25


class Follower:
    """Polls the log while it is written to."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self.connection = connection
        self.seen: list[int] = []
        self.position = START

    async def look(self) -> None:
        rows = await event_log.read(self.connection, self.position, 50)
        self.seen += [int(row.wire.body) for row in rows]
        self.position = rows[-1].position if rows else self.position


class Naive(Follower):
    """How it is usually written; it loses what commits late."""

    async def look(self) -> None:
        rows = await self.connection.fetch(
            "select seq, body from hub.event_log where seq > $1 order by seq limit 50",
            int(self.position or 0),
        )
        self.seen += [int(row["body"]) for row in rows]
        self.position = str(rows[-1]["seq"]) if rows else self.position


async def write(dsn: str, writer: int) -> None:
    chance = random.Random(writer)
    connection = await asyncpg.connect(dsn)
    for place in range(EACH):
        async with connection.transaction():
            await event_log.append(connection, [wire(writer * EACH + place)], [])
            await asyncio.sleep(chance.choice([0, 0, 0.001, 0.02]))
    await connection.close()


async def test_sixteen_writers_that_commit_late_lose_nothing(database):
    followers = [Follower(await asyncpg.connect(database)), Naive(await asyncpg.connect(database))]
    writing = asyncio.gather(*(write(database, n) for n in range(WRITERS)))
    while not writing.done():
        await asyncio.gather(*(follower.look() for follower in followers))
    await writing
    for _ in range(2 * WRITERS * EACH // 50):
        await asyncio.gather(*(follower.look() for follower in followers))
    good, naive = followers
    assert sorted(good.seen) == list(range(WRITERS * EACH)), "everything, and once"
    for writer in range(WRITERS):
        own = [number for number in good.seen if number // EACH == writer]
        assert own == sorted(own), "in the order of each writer"
    assert len(naive.seen) < WRITERS * EACH, "this test can fail: the usual way loses rows"
    for follower in followers:
        await follower.connection.close()


async def test_a_key_is_read_by_the_role_it_is_for_and_by_the_keeper_of_its_tenant(channel, keeper):
    rows = [
        row_of(1),
        row_of(2, reader="probe_channel"),
        row_of(3, reader="channel_fax"),
        row_of(4, tenant="kleindorf"),
    ]
    owners = [row.owner for row in rows]
    async with transaction(channel.pool) as connection:
        await event_log.append(connection, [wire(n) for n in range(1, 5)], rows)
        assert await event_log.read_keys(connection, owners) == {UUID(int=2): b"wrapped 2"}
        assert await event_log.read_keys(connection, [uuid4()]) == {}
    async with transaction(keeper.pool, "musterstadt") as connection:
        keys = await event_log.read_keys(connection, owners)
        assert {owner.int for owner in keys} == {1, 2, 3}
    async with transaction(keeper.pool) as connection:
        assert await event_log.read_keys(connection, owners) == {}


async def test_an_erased_key_makes_its_message_unreadable_everywhere(
    channel, keeper, owner, arrive
):
    kept, erased = await channel.accept.all([arrive(1, files=(b"file",)), arrive(2)])
    ids = [kept.event_id, erased.event_id]
    async with transaction(keeper.pool, "kleindorf") as connection:
        assert await event_log.erase_keys(connection, ids) == 0, "a tenant erases its own only"
    async with transaction(keeper.pool, "musterstadt") as connection:
        assert await event_log.erase_keys(connection, [erased.event_id]) == 1
        assert await event_log.erase_keys(connection, [erased.event_id]) == 0
        keys = await event_log.read_keys(connection, ids)
    assert set(keys) == {kept.event_id}
    assert await owner.fetchval("select count(*) from hub.message_key") == 1
    # What is left of it, in the log and among the blobs, opens with no key that exists.
    rows = await read_accepted(channel.pool, START, ["faden.message.received"])
    events = [from_wire(row.wire.body) for row in rows]
    key = channel.ring.unwrap(keys[kept.event_id], kept.event_id)
    opened = open_event(events[0], key)
    assert await read_blob(channel.blobs, opened.original, key) == b"original Guten Tag"
    with pytest.raises(Permanent):
        open_event(events[1], key)
    with pytest.raises(Permanent):
        await read_blob(channel.blobs, events[1].original, key)


async def test_a_reader_of_a_rare_topic_walks_over_no_others(database, owner):
    """Else every look would cost as much as all that came since its last event."""
    await owner.execute(
        """insert into hub.event_log
             (event_id, tenant, topic, key, type, source, at, traceparent, body)
           select gen_random_uuid(), '', case n when 1 then 'rare' else 'a' end, '', '', '', now(),
                  '', '' from generate_series(1, 20000) n"""
    )
    await owner.execute("analyze hub.event_log")
    sql = event_log._READ_SOME.replace("$1", "'0'").replace("$2", "0").replace("$3", "1000")
    sql = sql.replace("$4", "'{rare}'")

    async def horizon_passed() -> bool:
        return bool(await event_log.read(owner, START, 1, ["rare"]))

    await eventually(horizon_passed)
    plan = "\n".join(row[0] for row in await owner.fetch("explain (analyze) " + sql))
    assert "Rows Removed by Filter" not in plan
