"""Where a call is, in words: what is asked now, what is said before it, what is known so far."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from hub_contract.words import CallbackDay, CallbackPart, ContactPoint


class Step(StrEnum):
    """What the caller is asked; in the last six nobody is."""

    LANGUAGE = "language"
    MENU = "menu"
    REFERENCE = "reference"
    SECRET = "secret"  # noqa: S105 - the six digits of the portal
    DAY = "day"  # on which to call back
    PART = "part"  # of that day
    NUMBER = "number"  # to call back, where the caller's is withheld
    MESSAGE = "message"  # after the tone
    INBOX = "inbox"  # we ask the portal
    DESK = "desk"  # we look whether somebody answers there
    DIALLING = "dialling"  # the caller hears the desk's number ring
    WAITING = "waiting"  # the caller stands in the desk's queue
    TALKING = "talking"  # with the desk
    GOODBYE = "goodbye"


AT_DESK = frozenset({Step.DIALLING, Step.WAITING, Step.TALKING})
ASKED = frozenset(Step) - AT_DESK - {Step.INBOX, Step.DESK, Step.GOODBYE}


class Said(StrEnum):
    """What is said before the next question."""

    NOT_HEARD = "not_heard"  # nothing was keyed in
    NOT_UNDERSTOOD = "not_understood"
    NEVER_HEARD = "never_heard"  # three times nothing: goodbye
    TOO_LONG = "too_long"  # the call: goodbye
    REFERENCE_SHORT = "reference_short"
    REFERENCE_WRONG = "reference_wrong"
    GROUPS_WRONG = "groups_wrong"  # and these look so
    SECRET_SHORT = "secret_short"  # noqa: S105
    NO_MATCH = "no_match"
    SHUT = "shut"  # too many wrong ones
    PORTAL_AWAY = "portal_away"
    INBOX_STATE = "inbox_state"
    NUMBER_WRONG = "number_wrong"
    WISH_NOTED = "wish_noted"
    NOTHING_RECORDED = "nothing_recorded"
    RECORDED = "recorded"
    DESK_CLOSED = "desk_closed"
    CONNECTING = "connecting"
    DESK_BUSY = "desk_busy"
    TALKED = "talked"


@dataclass(frozen=True, slots=True)
class Line:
    """Where a caller stands in the desk's queue, as the provider says it."""

    place: int = 0  # 1: the next; 0: not said
    size: int = 0  # how many stand there
    average: int = 0  # seconds that others have waited
    waited: int = 0  # seconds, so far
    looks: int = 0  # how often the provider has asked what is heard meanwhile
    moved: bool = False  # the place is another one than before
    rings: int = 0  # looks for which the desk's telephone counts as ringing
    leaves: bool = False  # the star was pressed


@dataclass(frozen=True, slots=True)
class State:
    """A call so far; every hook makes the next one of it (`steps.advance`)."""

    step: Step = Step.LANGUAGE
    language: str = "de"
    said: tuple[Said, ...] = ()
    begun: bool = False  # something was keyed in, so there is no greeting any more
    misses: int = 0  # keys that never came or meant nothing, one after another
    tries: int = 0  # references and secrets that were wrong, one after another
    turns: int = 0
    caller: ContactPoint | None = None
    reference: str = ""
    groups: tuple[str, ...] = ()  # of a mistyped reference: those that look wrong, as 2:291
    inbox: Mapping[str, str] = field(default_factory=dict)  # what the portal said last
    opened: str = ""  # pass, fail: what became of number and secret
    day: CallbackDay = CallbackDay.NONE
    part: CallbackPart = CallbackPart.ANY
    number: ContactPoint | None = None
    wished: bool = False
    recording: Mapping[str, str] = field(default_factory=dict)
    awaits_recording: bool = False
    line: Line = Line()
    answered: bool = False  # somebody at the desk has
    ended: bool = False
    seconds: int | None = None  # of the whole call, as the provider says
