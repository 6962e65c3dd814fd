"""How far a channel has fetched, what it could not fetch, and whose turn it is."""

import pytest

from hub_kit.checkpoint import Checkpoints, Source
from hub_kit.testing import eventually
from hub_kit.turns import Turns

SOURCE = Source("log", "town/line", "log/town/line/1")
RENEWED = Source("log", "town/line", "log/town/line/2")


@pytest.fixture
def checkpoints(channel) -> Checkpoints:
    return Checkpoints(channel.pool)


async def test_it_moves_forward_never_back(checkpoints):
    assert await checkpoints.last(SOURCE) == 0
    for number, last in ((9, 9), (10, 10), (9, 10)):
        await checkpoints.move(SOURCE, number)
        assert await checkpoints.last(SOURCE) == last
    assert await checkpoints.last(RENEWED) == 0


async def test_what_cannot_be_fetched_is_due_when_an_operator_asks(channel, checkpoints):
    await checkpoints.bury(SOURCE, 12, "gone")
    await checkpoints.bury(SOURCE, 7, "too large")
    assert await checkpoints.due(SOURCE) == []
    await channel.pool.execute("update dead_letter set replay_asked = true")
    assert await checkpoints.due(SOURCE) == [7, 12]
    await checkpoints.still_dead(SOURCE, 7, "still too large")
    await checkpoints.forget(SOURCE, 12)
    assert await checkpoints.due(SOURCE) == []
    rows = await channel.pool.fetch("select position, reason from dead_letter")
    assert [tuple(row) for row in rows] == [("7", "still too large")]


async def test_under_another_name_what_was_buried_is_forgotten(channel, checkpoints):
    await checkpoints.bury(SOURCE, 7, "gone")
    assert await checkpoints.due(RENEWED) == []
    assert await channel.pool.fetchval("select count(*) from dead_letter") == 0


async def test_one_copy_has_the_turn_until_it_ends(channel):
    first, second = Turns(channel.pool), Turns(channel.pool)
    assert await first.take("town/line")
    assert await first.take("town/line")
    assert not await second.take("town/line")
    assert await second.take("town/other")
    await first.close()
    await eventually(lambda: second.take("town/line"))
    await second.close()
