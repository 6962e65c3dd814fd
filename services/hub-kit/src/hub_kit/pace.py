"""Measures whether bytes go at a minimum rate, with a grace for those whose line stalls."""

from dataclasses import dataclass, field


@dataclass
class Pace:
    """`rate` in bytes a second; `grace` seconds of silence are forgiven, then what is earned.

    A bucket of seconds: time drains it, bytes fill it, and it never holds more than the grace. So
    who sent fast before cannot live on it for hours.
    """

    rate: float
    grace: float
    _left: float = field(init=False)
    _before: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self._left = self.grace

    def holds(self, seconds: float, total: int) -> bool:
        """Count these seconds, in which `total` bytes were reached; say whether that is enough."""
        went, self._before = total - self._before, total
        self._left = min(self.grace, self._left - seconds + went / self.rate)
        return self._left >= 0

    def begin(self, total: int) -> None:
        """Begin anew, with the whole grace."""
        self._left, self._before = self.grace, total
