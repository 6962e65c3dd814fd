"""What is shared out: places in a crowd, seats, turns, the pace of bytes, file handles."""

import asyncio
import resource

import pytest

from hub_kit import handles
from hub_kit.asker import asker
from hub_kit.crowd import Crowd, Phase
from hub_kit.guard import Guard, ListenerLimits
from hub_kit.pace import Pace
from hub_kit.seats import Full, Seats, Slots


@pytest.mark.parametrize(
    ("there", "first"),
    [
        ([("a", Phase.FRESH), ("b", Phase.FRESH)], "a"),
        ([("a", Phase.IDLE), ("b", Phase.FRESH)], "b"),
        ([("a", Phase.SENDING), ("b", Phase.IDLE)], "b"),
        ([("a", Phase.BUSY), ("b", Phase.SENDING)], "b"),
        ([("a", Phase.BUSY)], None),
        ([("a", Phase.FRESH), ("b", Phase.FRESH), ("a", Phase.BUSY)], "b"),
        ([("a", Phase.IDLE), ("b", Phase.IDLE), ("a", Phase.IDLE)], "b"),
        ([], None),
    ],
)
def test_who_makes_us_wait_longest_goes_first(there, first):
    crowd: Crowd[str] = Crowd(2)
    for one, phase in there:
        crowd.put(one, phase)
    assert crowd.next_to_go() == first
    assert crowd.is_full == (len({one for one, _ in there}) == 2)
    for one, _ in there:
        crowd.leave(one)
    assert len(crowd) == 0
    assert crowd.next_to_go() is None


@pytest.mark.parametrize(
    ("bytes_each_second", "seconds"),
    [
        ([0] * 20, 11),
        ([99] * 2000, 1001),  # a bit too slow uses its grace up a bit at a time
        ([100] * 2000, None),
        ([100_000] + [0] * 20, 12),  # what was sent fast is not lived on for ever
        ([0] * 9 + [100_000] + [0] * 20, 21),
        ([0] * 9 + [900] + [0] * 10, 20),
    ],
)
def test_the_pace_of_bytes(bytes_each_second, seconds):
    pace, total = Pace(rate=100, grace=10), 0
    for second, size in enumerate(bytes_each_second, 1):
        total += size
        if not pace.holds(1.0, total):
            assert second == seconds
            return
    assert seconds is None


def test_a_share_is_all_that_one_asker_gets():
    seats = Seats(each=2, most=3)
    seats.take("a", 2)
    with pytest.raises(Full, match="share") as mine:
        seats.take("a")
    seats.take("b")
    with pytest.raises(Full, match="all") as all_of_it:
        seats.take("c")
    assert (mine.value.mine, all_of_it.value.mine) == (True, False)
    seats.give("a", 2)
    seats.take("c", 2)
    assert (seats.taken, seats.of("a"), seats.of("c")) == (3, 0, 2)


def test_a_seat_is_lent_and_given_back():
    seats = Seats(each=1, most=100)
    with seats.seat("a"), pytest.raises(Full), seats.seat("a"):
        raise AssertionError
    with pytest.raises(LookupError), seats.seat("a"):
        raise LookupError
    assert seats.taken == 0


async def test_turns_are_waited_for_by_their_own_asker_alone():
    slots = Slots(1)
    async with slots.slot("a", 60):
        async with slots.slot("b", 60):
            with pytest.raises(Full):
                async with slots.slot("a", 0.01):
                    raise AssertionError
        waiting = asyncio.create_task(_one_turn(slots))
        await asyncio.sleep(0)
        assert not waiting.done()
    await waiting
    assert not slots._slots


async def _one_turn(slots) -> None:
    async with slots.slot("a", 60):
        pass


@pytest.mark.parametrize(
    ("soft", "hard", "now"),
    [
        (1024, 20_000, 20_000),
        (1024, 1024, 1024),
        (1024, resource.RLIM_INFINITY, 65_536),
        (1024, 1_000_000, 65_536),
        (200_000, 1_000_000, 200_000),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, 65_536),
    ],
)
def test_handles_are_raised_as_far_as_they_go(monkeypatch, soft, hard, now):
    said = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda _, both: said.append(both))
    assert handles.raise_handles() == now
    assert said in ([], [(now, hard)])
    assert bool(said) == (soft != resource.RLIM_INFINITY and soft < now)


@pytest.mark.parametrize(
    ("limits", "number", "each", "most"),
    [
        ({}, 20_000, 512, 8192),
        ({}, 1024, 224, 448),  # half of what there is, at the most
        ({}, 64, 8, 16),
        ({"connections_each": 0}, 1024, 448, 448),  # inside, one peer stands for all
        ({"connections": 100}, 20_000, 50, 100),
    ],
)
def test_connections_fit_into_the_handles(limits, number, each, most):
    guard = Guard("test", ListenerLimits(**limits), number)
    assert (guard._each, guard._most) == (each, most)


@pytest.mark.parametrize(
    ("peer", "counts_as"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("unix", "unix"),
        ("", ""),
    ],
)
def test_who_counts_as_one(peer, counts_as):
    assert asker(peer) == counts_as


async def test_who_was_frozen_blames_nobody(monkeypatch):
    """After a stop of minutes, time goes on from where it was: what came meanwhile is read first."""
    guard, ticks = Guard("test", ListenerLimits(), 1024), []

    class One:
        who = ""

        def tick(self, seconds: float) -> None:
            ticks.append(seconds)

        def drop(self) -> None:
            raise AssertionError

    one = One()
    assert guard.admit(one, "192.0.2.1") is None
    guard._ticked -= 300
    guard._tick()
    assert ticks == [2.0]
    guard.leave(one)
    guard._tick()
    assert guard._timer is None, "nobody is there, so nothing ticks"
