"""Says what becomes of a call-back when somebody has tried it: pure and total.

Rule 1. Attempts only grow, and what has ended stays so.
Rule 2. Who was not reached is tried again, MOST times; then another way is proposed.
"""

from enum import StrEnum
from typing import NamedTuple

MOST = 3


class State(StrEnum):
    OPEN = "open"
    NOT_REACHED = "not_reached"  # tried, and to be tried again
    REACHED = "reached"
    DONE = "done"  # by another way
    WITHDRAWN = "withdrawn"


class Result(StrEnum):
    REACHED = "reached"
    NOT_REACHED = "not_reached"
    ENGAGED = "engaged"
    NUMBER_WRONG = "number_wrong"
    WRITES = "writes"  # reached, and wants to write instead
    DONE = "done"  # answered by another way
    WITHDRAWN = "withdrawn"  # no longer wanted


_BECOMES = {
    Result.REACHED: State.REACHED,
    Result.NOT_REACHED: State.NOT_REACHED,
    Result.ENGAGED: State.NOT_REACHED,
    Result.NUMBER_WRONG: State.WITHDRAWN,
    Result.WRITES: State.DONE,
    Result.DONE: State.DONE,
    Result.WITHDRAWN: State.WITHDRAWN,
}
_TRIES = frozenset(
    {Result.REACHED, Result.NOT_REACHED, Result.ENGAGED, Result.NUMBER_WRONG, Result.WRITES}
)
DUE = frozenset({State.OPEN, State.NOT_REACHED})


class Stand(NamedTuple):
    """How far a call-back is."""

    state: State = State.OPEN
    attempts: int = 0

    @property
    def is_due(self) -> bool:
        return self.state in DUE

    @property
    def needs_other_way(self) -> bool:
        return self.is_due and self.attempts >= MOST


def advance(stand: Stand, result: Result) -> Stand:
    """Return how far it is then."""
    if not stand.is_due:
        return stand
    return Stand(_BECOMES[result], stand.attempts + (result in _TRIES))
