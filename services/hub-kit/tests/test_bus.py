"""What every bus must do; each test runs on PostgreSQL alone and on a real Apache Kafka."""

import asyncio
import os
import random
import signal
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest

from hub_contract.errors import Permanent, Temporary
from hub_kit import event_log, set_aside
from hub_kit.kafka import make_producer
from hub_kit.testing import eventually


async def test_order_holds_per_key(harness):
    async def write(conversation: int) -> None:
        for place in range(1, 26):
            await harness.append([harness.event(conversation, place)])

    async with harness.reading(limit=50):
        await asyncio.gather(*(write(c) for c in range(1, 41)))
        await harness.until(1000)
    assert await harness.places() == {c: list(range(1, 26)) for c in range(1, 41)}
    assert await harness.given_twice() == 0


async def test_who_commits_late_is_not_lost(harness):
    """A number is taken at insert and seen at commit: readers wait for who began before."""

    async def write(writer: int) -> None:
        for place in range(1, 21):
            async with harness.pool.acquire() as connection, connection.transaction():
                await event_log.append(
                    connection, harness.wires([harness.event(writer, place)]), []
                )
                await asyncio.sleep(random.uniform(0, 0.01))

    async with harness.reading():
        async with harness.pool.acquire() as late, late.transaction():
            await event_log.append(late, harness.wires([harness.event(99, 1)]), [])
            await asyncio.gather(*(write(w) for w in range(1, 17)))
            assert await harness.count() == 0, "read past an open transaction"
        await harness.until(321)
    assert await harness.places() == {w: list(range(1, 21)) for w in range(1, 17)} | {99: [1]}


async def test_a_handler_that_must_wait_gets_it_again(harness):
    tries = []

    async def handle(connection, delivered):
        await harness.note("here", connection, delivered)
        tries.append(len(delivered))
        if len(tries) < 3:
            raise Temporary("the blob store is away")

    await harness.append([harness.event(1, 1), harness.event(1, 2)])
    async with harness.reading(handle):
        await harness.until(2)
    assert tries == [2, 2, 2]
    assert await harness.count("given") == 2, "what was written before the error stayed"
    assert await harness.places() == {1: [1, 2]}


async def test_a_process_that_dies_before_its_commit_has_done_nothing(harness):
    await harness.append([harness.event(c, p) for p in (1, 2, 3) for c in (1, 2)])
    with harness.child("dying", "die") as dying:
        await eventually(partial(ended, dying))
    assert await harness.count("given") == 0
    async with harness.reading():
        await harness.until(6)
    assert await harness.places() == {1: [1, 2, 3], 2: [1, 2, 3]}
    assert await harness.given_twice() == 0


async def ended(process) -> bool:
    return process.poll() is not None


async def test_another_member_goes_on_where_one_was_killed(harness):
    def events(*places):
        return [harness.event(c, p) for p in places for c in range(1, 21)]

    with harness.child("first") as first:
        await harness.append(events(1, 2, 3))
        await harness.until(60)
        with harness.child("second"):
            if harness.bootstrap:  # members share the lanes; on PostgreSQL the second stands by
                await eventually(partial(has_got_one, harness, "second"))
            first.kill()
            await harness.append(events(4, 5, 6))
            await eventually(partial(is_last, harness, events(6)))
    places = await harness.places()
    assert {c: places[c] for c in range(1, 21)} == {c: [1, 2, 3, 4, 5, 6] for c in range(1, 21)}
    assert await harness.given_twice() == 0


async def has_got_one(harness, name: str) -> bool:
    """Send an event to every lane, until this member was given one."""
    await harness.append([harness.event(int(uuid4()), 1) for _ in range(10)])
    await asyncio.sleep(0.1)
    return bool(await harness.fetch("select from handled where member = $1 limit 1", name))


async def is_last(harness, events) -> bool:
    ids = [event.id for event in events]
    rows = await harness.fetch("select from handled where event_id = any($1)", ids)
    return len(rows) == len(ids)


async def test_a_frozen_member_cannot_write_when_it_thaws(harness):
    events = [harness.event(c, p) for p in (1, 2, 3) for c in range(1, 11)]
    with harness.child("frozen", "freeze") as frozen:
        await harness.append(events)
        await eventually(partial(is_stopped, frozen.pid))
        assert await harness.count("given") == 0
        with harness.child("other"):
            await harness.until(30)
            frozen.send_signal(signal.SIGCONT)
            await eventually(partial(exists, harness.folder / "thawed"))
            await harness.append([harness.event(c, 4) for c in range(1, 11)])
            await harness.until(40)
    assert await harness.places() == {c: [1, 2, 3, 4] for c in range(1, 11)}
    assert await harness.given_twice() == 0, "the thawed member wrote as well"
    writers = await harness.fetch(
        "select distinct member from handled where place <= 3 order by member"
    )
    assert [row["member"] for row in writers] == ["other"]


async def is_stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


async def exists(path: Path) -> bool:
    return path.exists()


class Failing:
    """A handler that fails for the second event of conversation 1, until it is mended."""

    def __init__(self, harness, error: Exception) -> None:
        self.harness, self.error, self.mended = harness, error, False

    async def __call__(self, connection, delivered):
        await self.harness.note("here", connection, delivered)
        if any(d.event.id == self.bad.id for d in delivered) and not self.mended:
            raise self.error

    @property
    def bad(self):
        return self.harness.event(1, 2)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Permanent("no such requirement"), "no such requirement"),
        (ValueError("erika@example.org"), "ValueError at test_bus.py:"),
    ],
)
async def test_what_fails_parks_its_key_and_nothing_else(harness, error, reason):
    failing = Failing(harness, error)
    await harness.append([harness.event(c, p) for p in (1, 2, 3) for c in (1, 2, 3, 4)])
    async with harness.reading(failing):
        await harness.until(10)
        await harness.until(2, "parked")
        assert await harness.places() == {1: [1], 2: [1, 2, 3], 3: [1, 2, 3], 4: [1, 2, 3]}
        await harness.append([harness.event(1, 4), harness.event(2, 4)])
        await harness.until(3, "parked")
        await harness.until(11)

        await replay(harness)
        await eventually(partial(asked_none, harness))
        assert await harness.count("parked") == 3, "it failed again, and waits in order"
        [parked] = await set_aside.waiting(harness.pool)
        assert (parked["events"], parked["key"]) == (
            3,
            f"musterstadt/{failing.bad.conversation_id}",
        )
        assert parked["reason"].startswith(reason)
        assert "erika" not in str(await harness.fetch("select reason from parked"))

        failing.mended = True
        await replay(harness)
        await harness.until(14)
        await harness.append([harness.event(1, 5)])
        await harness.until(15)
    assert (await harness.places())[1] == [1, 2, 3, 4, 5]
    assert await harness.count("parked") == 0
    assert await harness.given_twice() == 0


async def replay(harness) -> None:
    async with harness.pool.acquire() as connection:
        assert await set_aside.ask_replay(connection) > 0


async def asked_none(harness) -> bool:
    asked = "select 1 from parked where replay_asked union all select 1 from dead_letter where replay_asked"
    return not await harness.fetch(asked)


async def test_what_cannot_be_decoded_is_a_dead_letter_with_its_bytes(harness):
    broken, later = b"\xff\x00 no event", b'{"type": "entry.dreamt", "id": "1"}'
    await put(harness, "1\0", broken)
    await put(harness, "2", later)
    await harness.append([harness.event(1, 1)])
    async with harness.reading():
        await harness.until(1)
        await harness.until(2, "dead_letter")
        dead = await harness.fetch("select * from dead_letter order by reason")
        assert {bytes(row["body"]) for row in dead} == {broken, later}
        assert all(row["topic"] == harness.topic and row["position"] for row in dead)
        assert {row["reason"].partition(":")[0] for row in dead} == {"undecodable event"}
        assert any("union_tag_invalid" in row["reason"] for row in dead)

        # A newer version of the service may understand it: here the bytes are put right instead.
        await harness.fetch(
            "update dead_letter set body = $1 where body = $2",
            harness.wires([harness.event(2, 1)])[0].body,
            later,
        )
        await replay(harness)
        await harness.until(2)
        await eventually(partial(asked_none, harness))
    assert [bytes(row["body"]) for row in await harness.fetch("select body from dead_letter")] == [
        broken
    ]


async def put(harness, key: str, body: bytes) -> None:
    """Put bytes on the bus that are no event of ours."""
    if not harness.bootstrap:
        [wire] = harness.wires([harness.event(int(uuid4()), 1)])
        await harness.append_wires([replace(wire, key=key.replace("\0", ""), body=body)])
        return
    producer = make_producer(harness.bootstrap)
    await producer.start()
    headers = [("traceparent", b"\xff\0")]
    await producer.send_and_wait(harness.topic, body, key.encode(), headers=headers)
    await producer.stop()


async def test_a_position_set_back_is_read_again_and_twice_is_once(harness):
    async with harness.reading():
        await harness.append([harness.event(c, p) for p in (1, 2) for c in range(1, 6)])
        await harness.until(10)
        half = await harness.fetch("select lane, position from cursor")
        await harness.append([harness.event(c, p) for p in (3, 4) for c in range(1, 6)])
        await harness.until(20)
        await set_back(harness, {row["lane"]: row["position"] for row in half})
        await harness.until(30, "given")
        await set_back(harness, {row["lane"]: "" for row in half})
        await harness.until(50, "given")
    assert await harness.places() == {c: [1, 2, 3, 4] for c in range(1, 6)}


async def set_back(harness, positions: dict[str, str]) -> None:
    for lane, position in positions.items():
        await harness.fetch("update cursor set position = $2 where lane = $1", lane, position)


async def test_ten_thousand_events_survive_killed_processes(harness):
    conversations, places = range(1, 101), range(1, 101)
    if harness.relay:
        harness.relay.cancel()
    acknowledged = 0

    async def write() -> None:
        nonlocal acknowledged
        for place in places:
            await harness.append([harness.event(c, place) for c in conversations])
            acknowledged += len(conversations)
            await asyncio.sleep(0.05)

    writing = asyncio.create_task(write())
    kinds = [partial(harness.child, "one"), *([harness.relay_child] if harness.relay else [])]
    with ExitStack() as stack:
        running = {kind: stack.enter_context(kind()) for kind in kinds}
        for _ in range(3):
            for kind in random.sample(kinds, len(kinds)):
                before = await harness.count()
                await harness.until(before + random.randint(1, 500))
                os.kill(running[kind].pid, signal.SIGKILL)
                running[kind] = stack.enter_context(kind())
        await writing
        await harness.until(acknowledged)
    assert acknowledged == 10_000
    assert await harness.count() == acknowledged
    assert await harness.places() == {c: list(places) for c in conversations}
