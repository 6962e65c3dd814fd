"""Say how soon the desk answered a call: pure, from its legs alone.

115 promises that three of four calls are answered within 30 seconds. The menu is no answer, and the
time in it is the caller's own: what is counted begins when she asks for the desk while somebody is
there. Who hangs up before an answer was not answered in time.
"""

from collections.abc import Iterable
from typing import NamedTuple

from channel_phone.parse.legs import Leg, What

WITHIN = 30.0  # seconds
SHARE = 75  # of a hundred calls


class Waited(NamedTuple):
    """What became of one who asked for the desk; `seconds`: until it answered, None: it did not."""

    seconds: float | None

    @property
    def in_time(self) -> bool:
        return self.seconds is not None and self.seconds <= WITHIN


def read_wait(legs: Iterable[Leg]) -> Waited | None:
    """Return how long the desk let this call wait, of several times the first; None: not asked."""
    since = None
    for leg in legs:
        if leg.what is What.DESK and leg.said.get("Open") == "yes" and since is None:
            since = leg.at
        if leg.what is What.CONNECTED and since is not None:
            return Waited(max(0.0, (leg.at - since).total_seconds()))
    return Waited(None) if since is not None else None
