"""Says times as people say them, with the exact one on hover."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_skeleton
from markupsafe import Markup

from hub_pages.language import OWN, read_words
from hub_pages.said import mark

BERLIN = ZoneInfo("Europe/Berlin")
_LOCALES = {"de": "de_DE", "en": "en_GB"}
_WORDS = {
    "now": mark("gerade eben"),
    "minute": mark("vor 1 Minute"),
    "minutes": mark("vor {} Minuten"),
    "today": mark("heute {}"),
    "yesterday": mark("gestern {}"),
    "tomorrow": mark("morgen {}"),
    "day": mark("heute"),
    "last day": mark("gestern"),
    "next day": mark("morgen"),
    "exact": mark("{}, {} Uhr"),
    "for no time": mark("gerade"),
    "for hours": mark("{} Std."),
    "for minutes": mark("{} Min."),
    "for days": mark("{} Tage"),
    "for day": mark("1 Tag"),
}


@cache
def _words(language: str) -> dict[str, str]:
    say = read_words(language, [OWN]).gettext
    return {word: say(text) for word, text in _WORDS.items()}


def say_time(moment: datetime, now: datetime, language: str, zone: ZoneInfo = BERLIN) -> str:
    """Return «gerade eben», «vor 5 Minuten», «heute 14:05», «gestern 09:12», «12. Mai 2026»."""
    words = _words(language)
    passed = now - moment
    if timedelta(seconds=-60) < passed < timedelta(minutes=1):
        return words["now"]
    if timedelta(0) < passed < timedelta(hours=1):
        minutes = int(passed.total_seconds() // 60)
        return words["minute"] if minutes == 1 else words["minutes"].format(minutes)
    there, today = moment.astimezone(zone), now.astimezone(zone).date()
    near = {0: "today", -1: "yesterday", 1: "tomorrow"}.get((there.date() - today).days)
    if near:
        return words[near].format(_clock(there))
    return _date(there.date(), language)


def say_until(moment: datetime, now: datetime, language: str, zone: ZoneInfo = BERLIN) -> str:
    """Return a time to come, for a list: «15:00», «morgen 12:00», «Fr., 6. März 12:00»."""
    there, today = moment.astimezone(zone), now.astimezone(zone).date()
    days = (there.date() - today).days
    if days == 0:
        return _clock(there)
    if days == 1:
        return _words(language)["tomorrow"].format(_clock(there))
    day = format_skeleton("MMMEd", there, locale=_LOCALES[language])
    return f"{day} {_clock(there)}"


def say_day(day: date, today: date, language: str) -> str:
    """Return the line between two days: «heute», «gestern», «Dienstag, 12. Mai 2026»."""
    near = {0: "day", -1: "last day", 1: "next day"}.get((day - today).days)
    return _words(language)[near] if near else _date(day, language, "full")


def say_date(moment: datetime, language: str, zone: ZoneInfo = BERLIN) -> str:
    """Return «12. Mai 2026»."""
    return _date(moment.astimezone(zone).date(), language)


def say_exactly(moment: datetime, language: str, zone: ZoneInfo = BERLIN) -> str:
    """Return «Dienstag, 12. Mai 2026, 14:05 Uhr»."""
    there = moment.astimezone(zone)
    return _words(language)["exact"].format(_date(there.date(), language, "full"), _clock(there))


def say_how_long(since: datetime, now: datetime, language: str, _zone: ZoneInfo = BERLIN) -> str:
    """Return how long something has waited, short enough for a list: «5 Min.», «3 Std.»."""
    words = _words(language)
    minutes = max(0, int((now - since).total_seconds() // 60))
    if minutes == 0:
        return words["for no time"]
    if minutes < 60:
        return words["for minutes"].format(minutes)
    if minutes < 24 * 60:
        return words["for hours"].format(minutes // 60)
    days = minutes // (24 * 60)
    return words["for day"] if days == 1 else words["for days"].format(days)


def time_element(
    say: Callable[..., str], moment: datetime, now: datetime, language: str, zone: ZoneInfo = BERLIN
) -> Markup:
    """Return a <time> element that says it in words, and exactly for machines and on hover."""
    # Nothing here comes from outside, and a page has a hundred of them: no escaping.
    exact = f"{moment.astimezone(UTC):%Y-%m-%dT%H:%MZ}"
    title, words = say_exactly(moment, language, zone), say(moment, now, language, zone)
    return Markup(f'<time datetime="{exact}" title="{title}">{words}</time>')  # noqa: S704


def _clock(moment: datetime) -> str:
    return f"{moment:%H:%M}"


@lru_cache(maxsize=4096)  # Babel reads its patterns anew each time
def _date(day: date, language: str, style: Literal["long", "full"] = "long") -> str:
    return format_date(day, style, locale=_LOCALES[language])
