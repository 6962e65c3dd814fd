"""Write an invitation out (iTIP, RFC 5546): what, when, where, who; values only, in every language.

What kind of invitation it is, and how it comes again, is evidence, which pages have words for.
Times are those of the calendar's own zone, named beside them: nothing is converted.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from icalendar import vDDDTypes
from icalendar.parser import Contentlines
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from channel_email.parse.decode import clean
from channel_email.parse.limits import APPOINTMENTS, CALENDAR
from hub_contract.words import Evidence

CALENDAR_TYPES = frozenset({"text/calendar", "application/ics", "text/x-vcalendar"})
_METHODS = {
    "REQUEST": "request",
    "CANCEL": "cancel",
    "REPLY": "reply",
    "COUNTER": "counter",
    "DECLINECOUNTER": "declinecounter",
    "ADD": "request",
    "REFRESH": "refresh",
}
_OTHER_METHOD = "publish"  # it tells of an appointment, and asks for nothing
_ANSWERS = {"ACCEPTED": "accepted", "DECLINED": "declined", "TENTATIVE": "tentative"}
_REPEATED = {"DAILY": "daily", "WEEKLY": "weekly", "MONTHLY": "monthly", "YEARLY": "yearly"}
_FREQUENCY = re.compile(r"(?:^|;)FREQ=([A-Z]{1,20})", re.IGNORECASE)
_UNTIL = re.compile(r"(?:^|;)UNTIL=(\d{4})(\d\d)(\d\d)", re.IGNORECASE)
_SHOWN = frozenset({"SUMMARY", "DESCRIPTION", "LOCATION", "STATUS", "ORGANIZER", "ATTENDEE"})
_ALL_DAY = "X-MICROSOFT-CDO-ALLDAYEVENT"  # Outlook's, from midnight to midnight
_TIMES = frozenset({"DTSTART", "DTEND", "DUE", "DURATION", "RRULE", _ALL_DAY})
_WANTED = frozenset({"BEGIN", "END", "METHOD"}) | _SHOWN | _TIMES
_NAME = re.compile(r"[A-Za-z-]{1,40}")
_MOST_PEOPLE = 50
_LONGEST = 1_000  # characters of one value

_Values = dict[str, list[tuple[Mapping[str, str], str]]]


@dataclass(frozen=True, slots=True)
class Appointment:
    text: str  # what, when, where, who: a line each
    description: str = ""
    evidence: tuple[Evidence, ...] = ()


def is_calendar(media_type: str, name: str) -> bool:
    return media_type in CALENDAR_TYPES or name.lower().endswith((".ics", ".vcs"))


def read_calendar(text: str, method: str = "") -> list[Appointment]:
    """Return the appointments of a calendar; [] where there are none. Never raises; linear.

    `method` is what the part says of it, where the calendar itself does not.
    """
    found: list[_Values] = []
    for name, values in _blocks(text[:CALENDAR]):
        if name == "VCALENDAR":
            method = (_value(values, "METHOD") or method).upper()
        elif len(found) < APPOINTMENTS:
            found.append(values)
    return [one for one in (_written(values, method) for values in found) if one.text]


def _blocks(text: str) -> Iterator[tuple[str, _Values]]:
    """Yield the properties of the calendar and of each event, as far as they go."""
    calendar: _Values = {}
    events: list[_Values] = []
    inside: list[str] = []
    for name, parameters, value in _properties(text):
        if name == "BEGIN":
            inside.append(value.upper())
            if inside[-1] in ("VEVENT", "VTODO"):
                events.append({})
        elif name == "END":
            del inside[-1:]
        elif inside and inside[-1] in ("VEVENT", "VTODO"):
            events[-1].setdefault(name, []).append((parameters, value))
        elif inside == ["VCALENDAR"]:
            calendar.setdefault(name, []).append((parameters, value))
    yield "VCALENDAR", calendar
    yield from (("VEVENT", event) for event in events)


def _properties(text: str) -> Iterator[tuple[str, Mapping[str, str], str]]:
    for line in Contentlines.from_ical(text):  # type: ignore[no-untyped-call]
        name = _NAME.match(line)
        if name is None or name.group().upper() not in _WANTED:
            continue
        try:
            _, parameters, value = line.parts()
        except ValueError:  # some mailer has broken this line; the others are there
            continue
        yield name.group().upper(), parameters, clean(value)[: 10 * _LONGEST]


def _value(values: _Values, name: str) -> str:
    return values[name][0][1].strip() if name in values else ""


def _written(values: _Values, method: str) -> Appointment:
    what = [_value(values, "SUMMARY"), _when(values), _value(values, "LOCATION")]
    lines = [" ".join(line.split())[:_LONGEST] for line in what]
    text = "\n".join(filter(None, [*lines, *_people(values)]))
    return Appointment(
        text if any(lines) else "",
        _value(values, "DESCRIPTION"),
        tuple(_evidence(values, method)),
    )


def _evidence(values: _Values, method: str) -> Iterator[Evidence]:
    cancelled = _value(values, "STATUS").upper() == "CANCELLED"
    kind = "cancel" if cancelled else _METHODS.get(method, _OTHER_METHOD)
    if kind == "reply" and "ATTENDEE" in values:
        said = str(values["ATTENDEE"][0][0].get("PARTSTAT", "")).upper()
        kind = _ANSWERS.get(said, kind)
    yield Evidence(kind="appointment", result=kind)
    if (rule := _value(values, "RRULE")) and (found := _FREQUENCY.search(rule)):
        yield Evidence(kind="recurrence", result=_REPEATED.get(found[1].upper(), "often"))
        if until := _UNTIL.search(rule):
            yield Evidence(kind="recurrence-until", result="-".join(until.groups()))


def _people(values: _Values) -> Iterable[str]:
    """Return the organizer and those who are asked, each once."""
    named = [*values.get("ORGANIZER", [])[:1], *values.get("ATTENDEE", [])[:_MOST_PEOPLE]]
    return dict.fromkeys(filter(None, (_person(*one) for one in named)))


def _person(parameters: Mapping[str, str], value: str) -> str:
    address = value[7:] if value[:7].lower() == "mailto:" else ""
    name = clean(str(parameters.get("CN", ""))).strip(" '\"")
    if not address or name == address:
        return (name or address)[:_LONGEST]
    return (f"{name} <{address}>" if name else address)[:_LONGEST]


def _when(values: _Values) -> str:
    """Return «2026-03-12 10:00 – 11:00 (Europe/Berlin)», or days, the last one included."""
    begin, zone = _moment(values, "DTSTART")
    end, until_zone = _moment(values, "DTEND" if "DTEND" in values else "DUE")
    if begin is None:
        return _said(end, until_zone)
    try:
        if end is None:
            end, until_zone = begin + _duration(values), zone
        elif not isinstance(end, datetime):
            end -= timedelta(days=1)  # the first day that is free again
    except OverflowError:
        end = begin
    if isinstance(begin, datetime) != isinstance(end, datetime) or end <= begin:
        return _said(begin, zone)
    if zone != until_zone:
        return f"{_said(begin, zone)} – {_said(end, until_zone)}"
    if isinstance(begin, datetime) and isinstance(end, datetime) and begin.date() == end.date():
        return f"{_said(begin)} – {end:%H:%M}{_in(zone)}"
    return f"{_said(begin)} – {_said(end, zone)}"


def _said(moment: date | None, zone: str = "") -> str:
    if moment is None:
        return ""
    day = f"{moment.year:04}-{moment:%m-%d}"
    return f"{day} {moment:%H:%M}{_in(zone)}" if isinstance(moment, datetime) else day


def _in(zone: str) -> str:
    return f" ({zone})" if zone else ""


def _moment(values: _Values, name: str) -> tuple[date | None, str]:
    """Return a day or a local time, and the name of its zone."""
    if name not in values:
        return None, ""
    parameters, value = values[name][0]
    try:
        read = vDDDTypes.from_ical(value.strip())  # type: ignore[no-untyped-call]
    except (ValueError, OverflowError):
        return None, ""
    if isinstance(read, datetime) and _value(values, _ALL_DAY).upper() == "TRUE":
        return read.date(), ""
    if isinstance(read, datetime):
        zone = "UTC" if read.tzinfo else _zone(str(parameters.get("TZID", "")))
        return read.replace(tzinfo=None), zone
    return (read, "") if isinstance(read, date) else (None, "")


def _zone(name: str) -> str:
    name = clean(name).strip(" /\"'")
    return WINDOWS_TO_OLSON.get(name, name)[:60]


def _duration(values: _Values) -> timedelta:
    try:
        read = vDDDTypes.from_ical(_value(values, "DURATION"))  # type: ignore[no-untyped-call]
    except (ValueError, OverflowError):
        return timedelta()
    return read if isinstance(read, timedelta) else timedelta()
