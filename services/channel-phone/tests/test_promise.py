"""How soon the desk answered, from the legs of a call alone."""

from datetime import UTC, datetime, timedelta

import pytest

from channel_phone.parse.legs import Leg, What
from channel_phone.parse.promise import read_wait

NOW = datetime(2026, 5, 12, 9, 0, tzinfo=UTC)
OPEN, SHUT = {"Open": "yes"}, {"Open": "no"}
WAITS = {
    "never asked": ([(What.BEGIN, 0, {})], None, False),
    "nobody is there": ([(What.DESK, 9, SHUT)], None, False),
    "at once": ([(What.DESK, 9, OPEN), (What.CONNECTED, 12, {})], 3.0, True),
    "just in time": ([(What.DESK, 0, OPEN), (What.CONNECTED, 30, {})], 30.0, True),
    "too late": ([(What.DESK, 0, OPEN), (What.CONNECTED, 31, {})], 31.0, False),
    "hung up": ([(What.DESK, 0, OPEN), (What.STATUS, 5, {})], "never", False),
    "twice": (
        [(What.DESK, 0, OPEN), (What.LEFT, 9, {}), (What.DESK, 20, OPEN), (What.CONNECTED, 40, {})],
        40.0,
        False,
    ),
    "a clock that was set back": ([(What.DESK, 9, OPEN), (What.CONNECTED, 2, {})], 0.0, True),
}


@pytest.mark.parametrize("name", WAITS)
def test_how_long_one_waited(name):
    legs, seconds, in_time = WAITS[name]
    waited = read_wait(Leg(NOW + timedelta(seconds=at), what, said) for what, at, said in legs)
    if seconds is None:
        assert waited is None
    else:
        assert waited is not None
        assert (waited.seconds, waited.in_time) == (
            None if seconds == "never" else seconds,
            in_time,
        )
