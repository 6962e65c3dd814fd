"""Kill and freeze what you like: what was acknowledged is in the timeline, once, in order."""

from tests.chaos import play

from local_hub.testing import Town


def test_killed_and_frozen_it_loses_nothing_and_doubles_nothing(town: Town):
    tally = play(town, kills=8, seed=1)
    assert tally.acknowledged > 50
    assert tally.is_whole, f"{tally}: {tally.blows}"
