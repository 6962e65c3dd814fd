"""Read when the sender claims to have written, for the timeline."""

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz

_DATE = re.compile(
    r"(\d{1,2})[\s-]+([^\W\d]{3})[^\W\d]*\.?,?[\s-]+(\d{2,4}),?\s+"
    r"(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?\s*([+-]\s?\d{4}|[A-Z]{1,5})?",
)
_MONTHS = {
    name: number
    for number, names in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
        start=1,
    )
    for name in [names]
} | {"mai": 5, "okt": 10, "dez": 12, "mär": 3, "mrz": 3, "mae": 3}
# RFC 5322 §4.3 knows the American ones; German mailers write theirs too.
_ZONES = {
    "UT": 0, "UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "WEST": 60, "BST": 60,
    "CET": 60, "MEZ": 60, "CEST": 120, "MESZ": 120, "MEST": 120, "EET": 120, "EEST": 180,
    "EST": -300, "EDT": -240, "CST": -360, "CDT": -300, "MST": -420, "MDT": -360,
    "PST": -480, "PDT": -420,
}  # fmt: skip
_FIRST_YEAR = 1990
_LONGEST = 300  # characters
_AHEAD = timedelta(days=1)  # clocks are wrong, and so are time zones


def read_date(value: str, received_at: datetime) -> datetime | None:
    """Return the moment of a Date header, or None where it has none that can be true."""
    value = value[:_LONGEST]
    moment = _read(value) or _read_other(value)
    if moment is None or moment.year < _FIRST_YEAR or moment > received_at + _AHEAD:
        return None
    return moment


def _read(value: str) -> datetime | None:
    match = _DATE.search(value)
    month = _MONTHS.get(match[2].lower()) if match else None
    if not match or not month:
        return None
    year = int(match[3])
    if year < 100:
        year += 2000 if year < 70 else 1900
    hour, minute, second = int(match[4]), int(match[5]), min(int(match[6] or 0), 59)
    try:
        return datetime(
            year, month, int(match[1]), hour, minute, second, tzinfo=_zone(match[7] or "")
        )
    except ValueError:
        return None


def _zone(text: str) -> timezone:
    """Return the time zone; one that says nothing we know is UTC (RFC 5322 §4.3)."""
    if text[:1] in ("+", "-"):
        digits = text[1:].strip()
        minutes = int(digits[:2]) * 60 + int(digits[2:])
        minutes = -minutes if text[0] == "-" else minutes
    else:
        minutes = _ZONES.get(text, 0)
    return timezone(timedelta(minutes=minutes)) if abs(minutes) < 1440 else UTC


def _read_other(value: str) -> datetime | None:
    """Read ISO dates and what else Python's own reader understands."""
    try:
        moment = datetime.fromisoformat(value.strip())
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except ValueError:
        pass
    try:
        numbers = parsedate_tz(value)
        if not numbers:
            return None
        zone = timezone(timedelta(seconds=numbers[9] or 0))
        return datetime(*numbers[:6], tzinfo=zone)
    except (ValueError, TypeError, IndexError, OverflowError):  # it has raised each of them
        return None
