"""Says by when somebody is to be called back: pure, by the authority's own clock and hours.

Rule 1. A wish is kept where it can be: "today" after the last hour is the next day that is open.
Rule 2. A window is never shorter than SHORTEST: who calls at 15:58 is not due at 16:00.
Rule 3. Who named neither day nor part is called soon: within SOON of hours that are open.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from hub_contract.words import CallbackDay, CallbackPart
from hub_kit.hours import Office

NOON = time(12)
SHORTEST = timedelta(minutes=15)
SOON = timedelta(hours=2)
_LOOKS = 370  # days; there are hours in each week, but perhaps not in the part that is wished for
_PARTS = {
    CallbackPart.MORNING: (time.min, NOON),
    CallbackPart.AFTERNOON: (NOON, time.max),
    CallbackPart.ANY: (time.min, time.max),
}


class Window(NamedTuple):
    """From when, and by when, both in UTC."""

    begins: datetime
    due: datetime


def window(
    asked: datetime, office: Office, day: CallbackDay, part: CallbackPart = CallbackPart.ANY
) -> Window:
    """Return the first window that fits the wish; one that never does is a wish for any part."""
    asked = asked.astimezone(UTC)
    first = asked.astimezone(office.zone).date()
    if day is CallbackDay.TOMORROW:
        first += timedelta(days=1)
    found = next(_windows(asked, first, office, part), None)
    if found is None:
        return window(asked, office, day)
    if day is CallbackDay.NONE and part is CallbackPart.ANY:
        return Window(found.begins, min(found.due, found.begins + SOON))
    return found


def again(tried: datetime, office: Office, part: CallbackPart) -> Window:
    """Return when to try once more, an hour later at the soonest."""
    return window(tried + timedelta(hours=1), office, CallbackDay.NONE, part)


def _windows(asked: datetime, first: date, office: Office, part: CallbackPart) -> Iterator[Window]:
    earliest, latest = _PARTS[part]
    for number in range(_LOOKS if part is CallbackPart.ANY else 14):
        day = first + timedelta(days=number)
        for begins, ends in office.open_on(day):
            since = max(asked, office.at(day, max(begins, earliest)))
            until = office.at(day, min(ends, latest))
            if until - since >= SHORTEST:
                yield Window(since, until)
