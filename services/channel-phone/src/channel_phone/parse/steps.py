"""Say what follows from each thing that happens in a call: one table, pure and total.

Rule 1. A step and a key lead to the next step, as the table says; any other key is told, nothing is
        repeated, and the third time that in a row nothing came that means anything, we say goodbye.
Rule 2. The star leads back to the menu from wherever somebody is asked.
Rule 3. Where something must be looked up (the inbox, the desk's hours), the state says so, and what
        was found comes as one more leg. So the legs alone say how a call went.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from channel_phone.parse.at_desk import (
    OVER,
    connected,
    dialled,
    left,
    looked,
    read_count,
    rung,
    unanswered,
    waiting,
)
from channel_phone.parse.legs import Leg, What
from channel_phone.parse.reference import GROUP, SIZE, wrong_groups
from channel_phone.parse.state import ASKED, Said, State, Step
from hub_contract.contact_points import contact_point
from hub_contract.phone_number import ANONYMOUS, names_somebody
from hub_contract.references import is_reference
from hub_contract.words import CallbackDay, CallbackPart, ContactKind, ContactPoint

MISSES = 3  # in a row
TRIES = 3  # of wrong numbers and secrets, in a row; the portal counts its own
TURNS = 80  # of one call
SECRET = 6  # digits

Change = Mapping[str, Any]
KEYS: Mapping[Step, Mapping[str, Change]] = MappingProxyType(
    {
        Step.LANGUAGE: {
            "1": {"step": Step.MENU, "language": "de"},
            "2": {"step": Step.MENU, "language": "en"},
        },
        Step.MENU: {
            "1": {"step": Step.REFERENCE, "tries": 0},
            "2": {"step": Step.DAY},
            "3": {"step": Step.MESSAGE, "awaits_recording": True},
            "0": {"step": Step.DESK},
        },
        Step.DAY: {
            "1": {"step": Step.PART, "day": CallbackDay.TODAY},
            "2": {"step": Step.PART, "day": CallbackDay.TOMORROW},
            "3": {"step": Step.PART, "day": CallbackDay.NONE},
        },
        Step.PART: {
            "1": {"step": Step.NUMBER, "part": CallbackPart.MORNING},
            "2": {"step": Step.NUMBER, "part": CallbackPart.AFTERNOON},
            "3": {"step": Step.NUMBER, "part": CallbackPart.ANY},
        },
    }
)
_BACK: Change = {"step": Step.MENU, "awaits_recording": False}
_FOUND: Mapping[str, Change] = {
    "open": {"said": (Said.INBOX_STATE,), "opened": "pass"},
    "wrong": {"said": (Said.NO_MATCH,), "opened": "fail"},
    "shut": {"said": (Said.SHUT,), "opened": "fail"},
    "away": {"said": (Said.PORTAL_AWAY,)},
}


def follow(legs: Iterable[Leg], country: str) -> State:
    """Return where a call is after all these legs."""
    state = State()
    for leg in legs:
        state = advance(state, leg, country)
    return state


def advance(state: State, leg: Leg, country: str) -> State:
    """Return where the call is after this leg."""
    return _AFTER[leg.what](state, leg.said, country)


def _begin(state: State, said: Mapping[str, str], country: str) -> State:
    return replace(state, caller=_caller(said, country))


def _caller(said: Mapping[str, str], country: str) -> ContactPoint | None:
    """Return who calls; None where the number is withheld, or is none."""
    number = said.get("From", "")
    point = contact_point(ContactKind.PHONE, number, country)
    if point.value == ANONYMOUS or not names_somebody(number):
        return None
    return point.model_copy(update={"name": said.get("CallerName", "")})


def _keyed(state: State, said: Mapping[str, str], country: str) -> State:
    """Return what follows from keys that were pressed, or were not."""
    if state.step not in ASKED:
        return state
    digits = said.get("Digits", "")
    state = replace(state, said=(), turns=state.turns + 1)
    if state.turns > TURNS:
        return replace(state, step=Step.GOODBYE, said=(Said.TOO_LONG,))
    if not digits:
        return _missed(state, Said.NOT_HEARD)
    if digits.startswith("*") and state.step not in (Step.LANGUAGE, Step.SECRET):
        return replace(state, **_BACK, begun=True, misses=0)
    if state.step in KEYS:
        return _chosen(state, digits)
    return _LONGER[state.step](replace(state, misses=0), digits, country)


def _missed(state: State, said: Said) -> State:
    misses = state.misses + 1
    if misses < MISSES:
        return replace(state, misses=misses, said=(said,))
    return replace(state, step=Step.GOODBYE, said=(Said.NEVER_HEARD,))


def _chosen(state: State, digit: str) -> State:
    change = KEYS[state.step].get(digit)
    if change is None:
        return _missed(state, Said.NOT_UNDERSTOOD)
    state = replace(state, **change, begun=True, misses=0)
    # Who has let us see the number is not asked for it.
    return _wished(state, state.number) if state.step is Step.NUMBER and state.caller else state


def _reference(state: State, digits: str, _country: str) -> State:
    if is_reference(digits):
        return replace(state, step=Step.SECRET, reference=digits, groups=())
    tries = state.tries + 1
    groups = tuple(f"{n + 1}:{digits[n * GROUP :][:GROUP]}" for n in wrong_groups(digits))
    said = Said.REFERENCE_SHORT
    if len(digits) == SIZE:
        said = Said.GROUPS_WRONG if 0 < len(groups) < SIZE // GROUP else Said.REFERENCE_WRONG
    step = Step.REFERENCE if tries < TRIES else Step.MENU
    return replace(state, step=step, tries=tries, groups=groups, said=(said,))


def _secret(state: State, digits: str, _country: str) -> State:
    if len(digits) == SECRET:
        return replace(state, step=Step.INBOX)
    tries = state.tries + 1
    step = Step.SECRET if tries < TRIES else Step.MENU
    return replace(state, step=step, tries=tries, said=(Said.SECRET_SHORT,))


def _number(state: State, digits: str, country: str) -> State:
    point = contact_point(ContactKind.PHONE, digits, country)
    if point.as_written:
        return _missed(state, Said.NUMBER_WRONG)
    return _wished(state, point)


def _wished(state: State, number: ContactPoint | None) -> State:
    return replace(state, step=Step.MENU, wished=True, number=number, said=(Said.WISH_NOTED,))


def _spoken_over(state: State, digits: str, _country: str) -> State:  # noqa: ARG001
    return state  # keys while the tape runs: `recorded` says what came of it


_LONGER: Mapping[Step, Callable[[State, str, str], State]] = {
    Step.REFERENCE: _reference,
    Step.SECRET: _secret,
    Step.NUMBER: _number,
    Step.MESSAGE: _spoken_over,
}


def _recorded(state: State, said: Mapping[str, str], _country: str) -> State:
    if state.step is not Step.MESSAGE:
        return state
    if not said.get("RecordingUrl"):
        return replace(state, **_BACK, said=(Said.NOTHING_RECORDED,))
    # The audio is there when the provider says so, a moment later.
    return replace(state, step=Step.GOODBYE, recording=dict(said), said=(Said.RECORDED,))


def _recording(state: State, said: Mapping[str, str], _country: str) -> State:
    """Note the audio; an answer that nothing was said (`absent`) is one too."""
    there = bool(said.get("RecordingUrl")) and said.get("RecordingStatus", "completed") != "absent"
    found = dict(said) if there else state.recording
    return replace(state, recording=found, awaits_recording=False)


def _over(state: State, said: Mapping[str, str], _country: str) -> State:
    if said.get("CallStatus") not in OVER:
        return state
    seconds = read_count(said.get("CallDuration", ""))
    return replace(state, ended=True, seconds=seconds)


def _inbox(state: State, said: Mapping[str, str], _country: str) -> State:
    if state.step is not Step.INBOX:
        return state
    found = said.get("Found", "")
    tries = state.tries + 1 if found == "wrong" else 0
    step = Step.SECRET if 0 < tries < TRIES else Step.MENU
    change = _FOUND.get(found, _FOUND["away"])
    return replace(state, **change, step=step, tries=tries, inbox=dict(said))


_AFTER: Mapping[What, Callable[[State, Mapping[str, str], str], State]] = {
    What.BEGIN: _begin,
    What.KEYS: _keyed,
    What.RECORDED: _recorded,
    What.RECORDING: _recording,
    What.DIALLED: dialled,
    What.WAITING: waiting,
    What.UNANSWERED: unanswered,
    What.CONNECTED: connected,
    What.LEFT: left,
    What.RUNG: rung,
    What.STATUS: _over,
    What.INBOX: _inbox,
    What.DESK: looked,
}
