"""`faden services check`: what a definition cannot keep, though it can be read.

Each finding has a stable code; a definition with one is not published.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import islice, product
from typing import Any

from hub_contract.channels import CHANNELS, Reader
from hub_contract.words import Assurance, Channel
from hub_forms.condition import Condition, variable
from hub_forms.define import (
    Base,
    ChoiceField,
    Confirmation,
    DateField,
    Document,
    NumberField,
    Payment,
    PublicService,
    Signature,
    TextField,
)
from hub_forms.words import Kind, Words

_TRIED = 20_000  # combinations of values, to see whether a condition can hold
# What a channel cannot carry, whatever a definition wishes.
_NO_FILES = frozenset({Channel.SMS, Channel.PHONE})
_ON_PAPER = frozenset({Channel.PAPER, Channel.FAX})
# The most that a channel alone proves of who writes (with a code or a log-in more).
_MOST_SURE = {Channel.WEB: Assurance.HIGH, Channel.PAPER: Assurance.LOW, Channel.FAX: Assurance.LOW}
_RANK = {one: rank for rank, one in enumerate(Assurance)}
# Channels on which sensitive things are never asked for (A14).
OPEN_CHANNELS = frozenset({Channel.SMS, Channel.FAX, Channel.EMAIL})


@dataclass(frozen=True, slots=True)
class Finding:
    code: str  # stable: words_missing, unreachable, never_met, channel_cannot, contradicts, ...
    field: str
    says: str

    def __str__(self) -> str:
        return f"{self.field}: {self.says} ({self.code})"


def lint(service: PublicService, today: date) -> list[Finding]:
    """Return everything that this definition cannot keep; empty: it may be published."""
    return [
        *_words(service),
        *_reachable(service, today),
        *_channels(service),
        *_payment(service),
    ]


def _words(service: PublicService) -> Iterator[Finding]:
    for place, words in _texts(service):
        if words.plain is None:
            yield Finding("words_missing", place, "has no text in plain language; write `plain`")
    for one in service.requirements:
        if isinstance(one, TextField | NumberField | DateField) and not one.example:
            yield Finding(
                "example_missing", one.key, "has no example; write what people shall type"
            )


def _texts(service: PublicService) -> Iterator[tuple[str, Words]]:
    yield "title", service.title
    yield "about", service.about
    for one in service.requirements:
        yield f"requirements.{one.key}.label", one.label
        if one.help:
            yield f"requirements.{one.key}.help", one.help
        if isinstance(one, Confirmation):
            yield f"requirements.{one.key}.text", one.text
    for check in service.checks:
        yield f"checks.{check.key}.says", check.says


def _reachable(service: PublicService, today: date) -> Iterator[Finding]:
    for one in service.requirements:
        if one.when and not can_hold(service, one.when, today, wanted=True):
            says = f"`{one.when.text}` holds for no answers; nobody is ever asked"
            yield Finding("unreachable", f"requirements.{one.key}.when", says)
        if one.when and variable(one.key) in one.when.names:
            says = "asks for its own answer, which cannot be there yet"
            yield Finding("own_answer", f"requirements.{one.key}.when", says)
    for check in service.checks:
        if not can_hold(service, check.rule, today, wanted=True):
            says = f"`{check.rule.text}` holds for no answers; nobody can ever finish"
            yield Finding("contradicts", f"checks.{check.key}.rule", says)
        elif not can_hold(service, check.rule, today, wanted=False):
            says = f"`{check.rule.text}` holds for all answers; it checks nothing"
            yield Finding("checks_nothing", f"checks.{check.key}.rule", says)


def can_hold(service: PublicService, condition: Condition, today: date, *, wanted: bool) -> bool:
    """Say whether some answers make it so; of values only those at the edges are tried."""
    asked = [one for one in service.requirements if variable(one.key) in condition.names]
    choices = [[None, *_samples(one, today, condition)] for one in asked]
    for values in islice(product(*choices), _TRIED):
        answers = dict(zip((one.key for one in asked), values, strict=True))
        if condition.holds(answers, today) is wanted:
            return True
    return False


def _samples(  # noqa: PLR0911 - a table of kinds
    one: Base, today: date, condition: Condition
) -> list[Any]:
    """Return values of each kind that a rule may tell apart."""
    match one:
        case ChoiceField(kind=Kind.CHOICE):
            return [option.key for option in one.options]
        case ChoiceField():
            keys = [option.key for option in one.options]
            return [[], *([key] for key in keys), keys]
        case NumberField():
            return _numbers(one, condition)
        case DateField():
            days = (-40_000, -10_000, -400, -30, -1, 0, 1, 30, 400, 10_000)
            return [today + timedelta(days=day) for day in days]
        case Document() | Signature() | Confirmation() | Payment():
            return [True, False]
    if getattr(one, "kind", "") == Kind.YES_NO:
        return [True, False]
    return [*_literals(condition), "", "x"] if one.kind != Kind.GROUP else [[], [{}], [{}] * 3]  # type: ignore[attr-defined]


def _numbers(one: NumberField, condition: Condition) -> list[float]:
    """Return the edges of the field, and what stands in the condition with its neighbours."""
    named = [Decimal(word) for word in _tokens(condition.text) if _is_number(word)]
    edges = [edge for edge in (one.least, one.most) if edge is not None]
    near = [value + step for value in (*named, *edges, Decimal(0)) for step in (-1, 0, 1)]
    low, high = one.least, one.most
    return [
        float(value)
        for value in near
        if (low is None or value >= low) and (high is None or value <= high)
    ]


def _literals(condition: Condition) -> list[str]:
    parts = condition.text.replace('"', "'").split("'")
    return parts[1::2]


def _tokens(text: str) -> list[str]:
    return "".join(c if c.isdigit() or c == "." else " " for c in text).split()


def _is_number(word: str) -> bool:
    return word.replace(".", "", 1).isdecimal()


def _channels(service: PublicService) -> Iterator[Finding]:
    for one in service.requirements:
        field = f"requirements.{one.key}.channels"
        ways = [way for way in service.ways_of(one) if can_meet(service, one, way)]
        if not ways and not one.optional:
            yield Finding("never_met", field, "no channel can meet it; allow one that can")
        for way in one.channels:
            if way in service.channels.come and not can_meet(service, one, way):
                says = f"`{way}` cannot meet it; leave it out, or lower what it needs"
                yield Finding("channel_cannot", field, says)


def can_meet(service: PublicService, one: Base, way: Channel) -> bool:
    """Say whether a channel can ever bring what this asks for, as sure as it must be."""
    needed = max(_RANK[one.assurance], _RANK[service.assurance])
    if needed > _RANK[_MOST_SURE.get(way, Assurance.LOW)]:
        return False
    match one:
        case Document():
            return way not in _NO_FILES
        case Signature(written=True):
            return way is Channel.PAPER
        case Signature():
            return way in _ON_PAPER or way is Channel.WEB
        case Payment():
            return CHANNELS[way].read_by is Reader.PERSON  # a link is followed, or a transfer made
    return not (one.sensitive and way in OPEN_CHANNELS)


def _payment(service: PublicService) -> Iterator[Finding]:
    asked = sum(one.amount for one in service.requirements if isinstance(one, Payment))
    if asked and service.fee and asked != service.fee.amount:
        says = f"is {service.fee.amount}, but {asked} are asked for; make both the same"
        yield Finding("fee_differs", "fee.amount", says)
