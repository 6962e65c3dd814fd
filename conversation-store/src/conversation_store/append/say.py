"""Says what goes to a citizen by rule: help, how far something is, where an answer lies. Pure.

Short, and in the letters of an SMS: each further one is paid for.
"""

from datetime import datetime
from enum import StrEnum
from functools import cache
from gettext import NullTranslations
from pathlib import Path
from typing import NamedTuple

from conversation_store.authorities import Authority
from hub_contract.references import show_reference
from hub_pages.language import LANGUAGES, read_words
from hub_pages.said import mark
from hub_pages.times import say_date

_WORDS = Path(__file__).parent.parent / "words"
_WRITE = mark("%(authority)s: Schreiben Sie uns Ihr Anliegen als SMS an diese Nummer.")
_CALL = mark("Telefon %(phone)s.")
_CALL_AT = mark("Telefon %(phone)s, %(hours)s.")
_ASK = mark("Stand Ihres Anliegens: STATUS und die Vorgangsnummer.")
_HINT = mark(
    "%(authority)s: Wir haben Ihnen geantwortet. Vorgangsnummer %(reference)s, zu lesen auf:"
    " %(page)s"
)
_STOP = mark("Keine SMS mehr: STOPP.")


class Progress(StrEnum):
    """How far something is, as far as one may say it in one sentence."""

    ARRIVED = "arrived"
    ANSWERED = "answered"
    NEEDED = "needed"  # something of the citizen
    DONE = "done"
    UNKNOWN = "unknown"  # not there, or not for this number: nobody hears which
    UNNAMED = "unnamed"  # nothing is known of this number


_PROGRESS = {
    Progress.ARRIVED: mark(
        "%(authority)s: Ihr Anliegen %(reference)s liegt uns seit dem %(day)s vor. Wir melden uns."
    ),
    Progress.ANSWERED: mark(
        "%(authority)s: Zu Ihrem Anliegen %(reference)s haben wir Ihnen am %(day)s geantwortet."
    ),
    Progress.NEEDED: mark(
        "%(authority)s: Zu Ihrem Anliegen %(reference)s brauchen wir noch etwas von Ihnen. Bitte"
        " lesen Sie unsere letzte Nachricht."
    ),
    Progress.DONE: mark("%(authority)s: Ihr Anliegen %(reference)s ist abgeschlossen."),
    Progress.UNKNOWN: mark(
        "%(authority)s: Unter dieser Vorgangsnummer finden wir nichts von Ihnen. Bitte prüfen Sie"
        " die zwölf Ziffern."
    ),
    Progress.UNNAMED: mark(
        "%(authority)s: Bitte senden Sie STATUS und Ihre Vorgangsnummer, das sind zwölf Ziffern."
    ),
}


class State(NamedTuple):
    """How far a conversation is."""

    progress: Progress
    reference: str = ""
    day: datetime | None = None


def say_help(authority: Authority, language: str) -> str:
    """Return who this is, how to reach a person, and how to be left alone."""
    call = _CALL_AT if authority.hours else _CALL
    parts = [_WRITE, *([call] if authority.phone else []), _ASK, _STOP]
    values = {
        "authority": authority.name,
        "phone": authority.phone,
        "hours": authority.hours.read(language) if authority.hours else "",
    }
    say = _translations(language).gettext
    return " ".join(say(part) % values for part in parts)


def say_state(authority: Authority, state: State, language: str) -> str:
    """Return how far it is; of what is unknown, nothing but that."""
    values = {
        "authority": authority.name,
        "reference": show_reference(state.reference) if state.reference else "",
        "day": say_date(state.day, language) if state.day else "",
    }
    return _translations(language).gettext(_PROGRESS[state.progress]) % values


def say_hint(authority: Authority, reference: str, language: str) -> str:
    """Return what goes in place of an answer that stays in the citizen's inbox."""
    values = {
        "authority": authority.name,
        "reference": show_reference(reference),
        "page": authority.page,
    }
    return _translations(language).gettext(_HINT) % values


@cache
def _translations(language: str) -> NullTranslations:
    return read_words(language if language in LANGUAGES else LANGUAGES[0], [_WORDS])
