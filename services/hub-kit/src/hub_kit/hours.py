"""When an authority is at work, by its own clock: `mon-fri 08:00-16:00`."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import NamedTuple
from zoneinfo import ZoneInfo

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(r"([a-z]{3})(?:-([a-z]{3}))? ([0-2]\d:[0-5]\d)-([0-2]\d:[0-5]\d)")


class Hours(NamedTuple):
    """On these days of the week (0 is Monday), from and until."""

    days: frozenset[int]
    begins: time
    ends: time


def read_hours(text: str) -> Hours:
    """Read `mon-fri 08:00-16:00` or `sat 09:00-12:00`; `ValueError` says how to write it."""
    found = _HOURS.fullmatch(text)
    first, last = (found[1], found[2] or found[1]) if found else ("", "")
    if not found or first not in _DAYS or last not in _DAYS:
        raise ValueError(f"{text!r}: write mon-fri 08:00-16:00")
    begins, ends = time.fromisoformat(found[3]), time.fromisoformat(found[4])
    days = frozenset(range(_DAYS.index(first), _DAYS.index(last) + 1))
    if not days or begins >= ends:
        raise ValueError(f"{text!r}: ends before it begins; write mon-fri 08:00-16:00")
    return Hours(days, begins, ends)


class Office(NamedTuple):
    """The clock and the hours of an authority."""

    zone: ZoneInfo = ZoneInfo("Europe/Berlin")
    hours: tuple[Hours, ...] = (read_hours("mon-fri 08:00-16:00"),)

    def open_on(self, day: date) -> Iterator[tuple[time, time]]:
        """Yield from when until when somebody is there on this day, the earliest first."""
        yield from sorted((h.begins, h.ends) for h in self.hours if day.weekday() in h.days)

    def at(self, day: date, clock: time) -> datetime:
        """Return the moment, in UTC: two moments of one zone compare by their clocks alone.

        A time that the clock skips in spring is the moment it would have been; of one that comes
        twice in autumn the first is meant.
        """
        return datetime.combine(day, clock, self.zone).astimezone(UTC)
