"""Says in words what a service has counted, for operators; a figure without words is not shown."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

from hub_pages.said import mark
from workspace.proofs import Say

SHARE = 75  # of a hundred calls, within 30 seconds: the promise of 115
SayDay = Callable[[date], str]


@dataclass(frozen=True, slots=True)
class Told:
    name: str
    text: str
    tone: str = ""  # warning: somebody should look


def tell_figures(figures: list[dict[str, Any]], say: Say, say_day: SayDay) -> list[Told]:
    """Return what is known here of these, in their order."""
    return [
        _TELLS[one["name"]](one["counts"], _day(one.get("day"), say_day), say)
        for one in figures
        if one["name"] in _TELLS
    ]


def _day(text: str | None, say_day: SayDay) -> str:
    return say_day(date.fromisoformat(text)) if text else ""


_PROMISE = mark("Im Amt angenommen, %(day)s")
_IN_TIME = mark(
    "%(in_time)d von %(asked)d Anrufen binnen 30 Sekunden (%(share)d %%), %(missed)d nie"
)
_UNKNOWN = mark("Hooks für ein unbekanntes Konto")
_HOOKS = mark("%(hooks)d seit dem Start des Dienstes; vergleichen Sie die Adresse beim Anbieter")
_CALLBACKS = mark("Rückrufe")
_OPEN = mark("%(open)d offen, davon %(overdue)d überfällig")


def _promise(counts: Mapping[str, int], day: str, say: Say) -> Told:
    asked, in_time = counts.get("asked", 0), counts.get("in_time", 0)
    share = 100 * in_time // asked if asked else 100
    missed = asked - counts.get("answered", 0)
    said = {"in_time": in_time, "asked": asked, "share": share, "missed": missed}
    tone = "warning" if share < SHARE else ""
    return Told(say(_PROMISE) % {"day": day}, say(_IN_TIME) % said, tone)


def _callbacks(counts: Mapping[str, int], _day: str, say: Say) -> Told:
    said = {"open": counts.get("open", 0), "overdue": counts.get("overdue", 0)}
    return Told(say(_CALLBACKS), say(_OPEN) % said, "warning" if said["overdue"] else "")


def _strangers(counts: Mapping[str, int], _day: str, say: Say) -> Told:
    hooks = counts.get("hooks", 0)
    return Told(say(_UNKNOWN), say(_HOOKS) % {"hooks": hooks}, "warning")


_TELLS: Mapping[str, Callable[[Mapping[str, int], str, Say], Told]] = MappingProxyType(
    {"promise": _promise, "callbacks": _callbacks, "unknown_accounts": _strangers}
)
