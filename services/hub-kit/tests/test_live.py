"""Live pages hear what comes from now on, all of it, in order, and only their own; on both buses."""

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from hub_contract.errors import Temporary
from hub_contract.events import EntryAppended
from hub_contract.topics import to_wire
from hub_kit import event_log
from hub_kit.bus import Record
from hub_kit.live import ROOM, Ear, Tail
from hub_kit.testing import eventually

TOWN = "musterstadt"


@asynccontextmanager
async def at_work(tail: Tail):
    """Let it run, and wait until it hears."""
    task = asyncio.create_task(tail.run())
    try:
        await eventually(lambda: is_live(tail))
        yield tail
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def is_live(tail: Tail) -> bool:
    try:
        await tail.check()
    except Temporary:
        return False
    return True


def tail_of(harness) -> Tail:
    return Tail(harness.reader().bus, harness.topic)


async def heard(ear: Ear, number: int) -> list[tuple[int, int]]:
    """Return conversation and place of so many events, and of what came with the last of them."""
    found = []
    async with asyncio.timeout(300):
        while len(found) < number:
            events = await ear.hear(1)
            assert events is not None, "told to look again"
            found += [(event.conversation_id.int, event.place) for event in events]
    return found


async def test_what_comes_from_now_on_is_heard_in_order(harness):
    await harness.append([harness.event(1, place) for place in range(1, 11)])
    tail = tail_of(harness)
    if harness.bootstrap:  # what stands in the log already may reach the broker after this
        async with harness.reading():
            await harness.until(10)
    async with at_work(tail), tail.listen(TOWN) as ear:
        for place in range(11, 61):
            await harness.append([harness.event(1, place), harness.event(2, place)])
        found = await heard(ear, 100)
        for conversation in (1, 2):
            assert [p for c, p in found if c == conversation] == list(range(11, 61))
        assert await ear.hear(0.2) == ()


async def test_each_hears_its_own(harness):
    tail = tail_of(harness)
    async with at_work(tail), AsyncExitStack() as stack:
        places = [(TOWN, None), (TOWN, UUID(int=2)), (TOWN, UUID(int=9)), ("kleindorf", None)]
        ears = [await stack.enter_async_context(tail.listen(*place)) for place in places]
        await harness.append([harness.event(c, p) for p in (1, 2) for c in (1, 2, 3)])
        assert sorted(await heard(ears[0], 6)) == [(c, p) for c in (1, 2, 3) for p in (1, 2)]
        assert await heard(ears[1], 2) == [(2, 1), (2, 2)]
        assert await ears[2].hear(0.1) == ()
        assert await ears[3].hear(0.1) == ()
        assert tail.listening == 4
    assert tail.listening == 0


async def test_every_process_hears_all(harness):
    tails = [tail_of(harness), tail_of(harness)]
    async with AsyncExitStack() as stack:
        for tail in tails:
            await stack.enter_async_context(at_work(tail))
        ears = [await stack.enter_async_context(tail.listen(TOWN)) for tail in tails]
        await harness.append([harness.event(1, place) for place in range(1, 21)])
        for ear in ears:
            assert await heard(ear, 20) == [(1, place) for place in range(1, 21)]


async def test_who_commits_late_is_heard(harness):
    tail = tail_of(harness)
    async with harness.pool.acquire() as late, late.transaction():
        await event_log.append(late, harness.wires([harness.event(7, 1)]), [])
        task = asyncio.create_task(tail.run())
        await eventually(lambda: is_live(tail))
        async with tail.listen(TOWN) as ear:
            await harness.append([harness.event(1, 1)])
            assert await ear.hear(0.2) in {(), None}
            await late.execute("commit")
            assert sorted(await heard(ear, 2)) == [(1, 1), (7, 1)]
            await late.execute("begin")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


class Scripted:
    """A bus that gives what the test says, and breaks where it says so."""

    def __init__(self, *script) -> None:
        self.script, self.opened, self.waits = list(script), 0, False

    @asynccontextmanager
    async def tail(self, topic):
        self.opened += 1
        yield self

    async def fetch(self, limit):
        if not self.script:
            self.waits = True
            await asyncio.sleep(3600)
        step = self.script.pop(0)
        if isinstance(step, Exception):
            raise step
        return step


def records(*places: int) -> list[Record]:
    """Return the events of these places of one conversation, as they come off a bus."""
    wires = [to_wire(event(place), "test") for place in places]
    return [Record(w.topic, w.key, str(n), "", w.body) for n, w in enumerate(wires)]


def event(place: int) -> EntryAppended:
    return EntryAppended(
        id=uuid4(),
        tenant=TOWN,
        conversation_id=UUID(int=1),
        entry_id=uuid4(),
        place=place,
        kind="message",
        direction="in",
        at=datetime.now(UTC),
    )


@asynccontextmanager
async def playing(tail: Tail, bus: Scripted):
    """Let the tail hear the whole script."""
    task = asyncio.create_task(tail.run())
    while bus.script or not bus.waits:  # noqa: ASYNC110 - the script is what is waited for
        await asyncio.sleep(0.01)
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def places(ear: Ear) -> list[int] | None:
    events = await ear.hear(0)
    return None if events is None else [one.place for one in events]


async def test_after_an_interruption_everyone_looks_again():
    bus = Scripted(records(1), Temporary("the database is away"), records(3))
    tail = Tail(bus)
    async with tail.listen(TOWN) as ear, tail.listen("kleindorf") as other, playing(tail, bus):
        assert bus.opened == 2
        assert (await places(ear), await places(other)) == (None, None)
        assert (await places(ear), await places(other)) == ([], []), "told once"


@pytest.mark.parametrize(("number", "expected"), [(ROOM, [*range(ROOM)]), (ROOM + 1, None)])
async def test_a_slow_page_looks_again_and_holds_nobody_up(number, expected):
    bus = Scripted()
    tail = Tail(bus)
    async with playing(tail, bus), tail.listen(TOWN) as slow, tail.listen(TOWN) as quick:
        for place in range(number):
            tail._spread(records(place))
            assert await places(quick) == [place]
        assert await places(slow) == expected
        tail._spread(records(7))
        assert await places(slow) == [7], "it goes on"


async def test_what_cannot_be_decoded_is_passed_over():
    [good] = records(5)
    bus = Scripted()
    tail = Tail(bus)
    async with playing(tail, bus), tail.listen(TOWN) as ear:
        tail._spread([replace(good, body=b"\xff no event"), good])
        assert await places(ear) == [5]


@pytest.mark.parametrize("change", ["read", "rang"])
async def test_what_only_desks_show_is_told_to_desks_alone(change):
    said = event(3).model_copy(update={"change": change})
    wire = to_wire(said, "test")
    bus = Scripted()
    tail = Tail(bus)
    async with (
        playing(tail, bus),
        tail.listen(TOWN) as desk,
        tail.listen(TOWN, said.conversation_id) as citizen,
    ):
        tail._spread([Record(wire.topic, wire.key, "1", "", wire.body)])
        assert (await places(desk), await places(citizen)) == ([3], [])


async def test_it_says_why_nothing_is_live():
    tail = Tail(Scripted())
    with pytest.raises(Temporary, match="is not listening yet"):
        await tail.check()
