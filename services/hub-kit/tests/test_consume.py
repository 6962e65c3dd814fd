"""The reader's loop: what waits, what is parked, what is replayed, and what operators are told."""

import asyncio
from contextlib import asynccontextmanager
from functools import partial

import pytest
from structlog.testing import capture_logs

from hub_contract.errors import Permanent, Temporary
from hub_contract.topics import key_of, to_json
from hub_kit import consume, set_aside
from hub_kit.bus import Record
from hub_kit.testing import eventually


async def fail_in_python(connection):
    raise KeyError("erika@example.org")


async def fail_in_the_driver(connection):
    await connection.execute("select $1::int", "not a number: erika@example.org")


async def fail_in_a_statement(connection):
    await connection.execute("select 1 / 0")


async def fail_at_commit(connection):
    await connection.execute("insert into checked_late values (1), (1)")


async def fail_for_ever(connection):
    raise Permanent("this account is closed")


@pytest.mark.parametrize(
    ("fail", "reason"),
    [
        (fail_in_python, "KeyError at test_consume.py:"),
        (fail_in_the_driver, "database: DataError"),
        (fail_in_a_statement, "database: DivisionByZeroError"),
        (fail_at_commit, "UniqueViolationError at protocol.pyx:"),
        (fail_for_ever, "this account is closed"),
    ],
)
async def test_only_what_fails_is_parked_and_the_rest_handled_once(log_harness, fail, reason):
    bad = {log_harness.event(c, 3).id for c in (2, 50, 99)}

    async def handle(connection, delivered):
        await log_harness.note("here", connection, delivered)
        if any(d.event.id in bad for d in delivered):
            await fail(connection)

    await log_harness.append([log_harness.event(c, p) for p in range(1, 5) for c in range(1, 101)])
    async with log_harness.reading(handle):
        await log_harness.until(394)
        await log_harness.until(6, "parked")
    places = await log_harness.places()
    assert places == {c: [1, 2] if c in {2, 50, 99} else [1, 2, 3, 4] for c in range(1, 101)}
    assert await log_harness.given_twice() == 0
    waiting = await set_aside.waiting(log_harness.pool)
    assert [row["events"] for row in waiting] == [2, 2, 2]
    assert all(row["reason"].startswith(reason) for row in waiting)
    assert "erika" not in str(waiting)


async def test_a_long_queue_is_drained_in_order_also_what_comes_meanwhile(log_harness):
    broken = True

    async def handle(connection, delivered):
        await log_harness.note("here", connection, delivered)
        if broken:
            raise Permanent("broken")

    async with log_harness.reading(handle):
        for start in (1, 101, 201):
            await log_harness.append([log_harness.event(1, p) for p in range(start, start + 100)])
        await log_harness.until(300, "parked")
        broken = False
        async with log_harness.pool.acquire() as connection:
            assert await set_aside.ask_replay(connection, key="no such key") == 0
            assert await set_aside.ask_replay(connection) == 300
        for place in range(301, 341):
            await log_harness.append([log_harness.event(1, place)])
        await log_harness.until(340)
    assert await log_harness.places() == {1: list(range(1, 341))}
    assert await log_harness.given_twice() == 0
    assert await log_harness.count("parked") == 0


async def test_members_that_replay_at_once_do_it_once(log_harness):
    broken = True

    async def handle(connection, delivered):
        await log_harness.note("here", connection, delivered)
        if broken:
            raise Permanent("broken")

    await log_harness.append([log_harness.event(c, p) for p in (1, 2, 3) for c in (1, 2, 3)])
    async with log_harness.reading(handle):
        await log_harness.until(9, "parked")
    broken = False
    async with log_harness.pool.acquire() as connection:
        await set_aside.ask_replay(connection)
    readers = [log_harness.reader(handle) for _ in range(4)]
    await asyncio.gather(
        *(set_aside.replay(log_harness.pool, reader.name, reader._again) for reader in readers)
    )
    assert await log_harness.places() == {1: [1, 2, 3], 2: [1, 2, 3], 3: [1, 2, 3]}
    assert await log_harness.given_twice() == 0


class Away:
    """A bus that cannot be joined for now."""

    @asynccontextmanager
    async def subscribe(self, *arguments):
        raise Temporary("kafka: nobody there")
        yield


async def test_a_reader_says_once_why_it_waits_and_is_not_ready(log_harness, monkeypatch):
    monkeypatch.setattr(consume, "PAUSE", 0.01)
    reader = log_harness.reader()
    reader.bus, reader.progress = Away(), -1000.0
    with capture_logs() as logs:
        task = asyncio.create_task(reader.run())
        await eventually(partial(is_not_ready, reader))
        await asyncio.sleep(0.2)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert [line["reason"] for line in logs] == ["kafka: nobody there"]


async def is_not_ready(reader) -> bool:
    with pytest.raises(Temporary) as caught:
        await reader.check()
    return str(caught.value) == "kafka: nobody there"


async def test_a_reader_that_reads_is_ready(log_harness):
    async with log_harness.reading() as reader:
        reader.progress = -1000.0
        await log_harness.append([log_harness.event(1, 1)])
        await log_harness.until(1)
        await eventually(partial(is_ready, reader))


async def is_ready(reader) -> bool:
    try:
        await reader.check()
    except Temporary:
        return False
    return True


class Lanes:
    """A bus that gives a little of every lane at once, as Kafka does; a lane a conversation."""

    def __init__(self, events) -> None:
        self.lanes = {
            str(lane): [Record("t", key_of(e), "", "", to_json(e)) for e in own]
            for lane, own in events.items()
        }
        self.places = {}

    @asynccontextmanager
    async def subscribe(self, _group, _topics, positions):
        self.positions = positions
        yield self

    async def fetch(self, _limit):
        batches = []
        for lane, records in self.lanes.items():
            at = self.places.setdefault(lane, int(await self.positions(lane) or 0))
            if some := records[at : at + 3]:
                before = str(at) if at else ""
                batches.append(consume.Batch(lane, before, str(at + len(some)), tuple(some)))
        if not batches:
            await asyncio.sleep(0.01)
        return batches

    async def done(self, batch):
        self.places[batch.lane] = int(batch.after)

    async def rewind(self, lane):
        self.places.pop(lane, None)


async def test_lanes_share_a_transaction_until_one_of_them_fails(log_harness):
    bad = log_harness.event(2, 5).id
    given = []

    async def handle(connection, delivered):
        given.append({d.event.conversation_id.int for d in delivered})
        await log_harness.note("here", connection, delivered)
        if any(d.event.id == bad for d in delivered):
            raise Permanent("broken")

    reader = log_harness.reader(handle)
    reader.bus = Lanes({c: [log_harness.event(c, p) for p in range(1, 8)] for c in (1, 2, 3)})
    task = asyncio.create_task(reader.run())
    await log_harness.until(18)
    await log_harness.until(3, "parked")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await log_harness.places() == {1: [*range(1, 8)], 2: [1, 2, 3, 4], 3: [*range(1, 8)]}
    assert await log_harness.given_twice() == 0
    assert given[:2] == [{1, 2, 3}, {1, 2, 3}], "together, and once more in vain"
    assert {2} in given, "then lane by lane"
    assert given[-1] == {1, 3}, "together again, while the rest of the failing one waits"
