"""Keeps who is connected to a listener, and says who goes first where it is too full: pure.

Whoever makes us wait goes before whoever we are working for, and of those the one that has waited
longest. So a newcomer always finds a place among silent ones, however many there are.
"""

from collections import OrderedDict
from enum import Enum
from typing import Generic, TypeVar

T = TypeVar("T")


class Phase(Enum):
    """In the order in which they have to go; nobody who is `BUSY` has to."""

    FRESH = "has never sent a whole header"
    IDLE = "between two requests"
    SENDING = "its body is under way"
    BUSY = "is being answered"


class Crowd(Generic[T]):
    def __init__(self, most: int) -> None:
        self._most = most
        self._phases: dict[Phase, OrderedDict[T, None]] = {one: OrderedDict() for one in Phase}
        self._of: dict[T, Phase] = {}

    def __len__(self) -> int:
        return len(self._of)

    @property
    def is_full(self) -> bool:
        return len(self._of) >= self._most

    def put(self, one: T, phase: Phase) -> None:
        """Take somebody in, or note that they are in another phase from now on."""
        before = self._of.get(one)
        if before is not None:
            del self._phases[before][one]
        self._of[one] = phase
        self._phases[phase][one] = None

    def leave(self, one: T) -> None:
        if phase := self._of.pop(one, None):
            del self._phases[phase][one]

    def everyone(self) -> list[T]:
        return list(self._of)

    def next_to_go(self) -> T | None:
        """Return who has to go for a newcomer; None: all are being answered."""
        for phase in (Phase.FRESH, Phase.IDLE, Phase.SENDING):
            if waiting := self._phases[phase]:
                return next(iter(waiting))
        return None
