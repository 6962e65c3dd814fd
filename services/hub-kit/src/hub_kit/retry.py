"""How long a channel waits before the next try, and when it gives up."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds; the last pause is the longest, and repeats until trying is given up."""

    give_up_after: float
    pauses: tuple[float, ...]

    def pause(self, attempt: int, asked: float = 0) -> float:
        """Return how long to wait after this failed attempt, counted from 1.

        What the peer `asked` for is granted up to our longest pause: one that asks for a year may
        be wrong, and a message that waits is looked at again.
        """
        own = self.pauses[min(attempt, len(self.pauses)) - 1]
        return min(max(own, asked), self.pauses[-1])


# What mail servers have taught people to expect: quick at first, then patient.
DAYS = Patience(5 * 24 * 3_600, (5, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600))
