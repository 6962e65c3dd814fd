"""Say what follows once a caller has asked for the desk: its number rings, or a queue; pure, total.

Where somebody stands is what the provider says when it asks what is heard meanwhile. The desk's
telephone rings for whoever is the next; it is made to by `receive.desk`, and that is a leg too.
"""

from collections.abc import Mapping
from dataclasses import replace

from channel_phone.parse.state import AT_DESK, Line, Said, State, Step

RINGS = 6  # looks of one who waits: then the word that the desk's telephone has stopped was lost
OVER = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
_TALKED = frozenset({"completed", "answered"})


def looked(state: State, said: Mapping[str, str], _country: str) -> State:
    """Go on to the desk if somebody is there."""
    if state.step is not Step.DESK:
        return state
    if said.get("Open") != "yes":
        return replace(state, step=Step.MENU, said=(Said.DESK_CLOSED,))
    if said.get("Queue") == "yes":
        return replace(state, step=Step.WAITING, said=(), line=Line())
    return replace(state, step=Step.DIALLING, said=(Said.CONNECTING,))


def dialled(state: State, said: Mapping[str, str], _country: str) -> State:
    if state.step not in (Step.DIALLING, Step.TALKING):
        return state
    if said.get("DialCallStatus") not in _TALKED:
        return replace(state, step=Step.MENU, said=(Said.DESK_BUSY,))
    return replace(state, step=Step.GOODBYE, said=(Said.TALKED,), answered=True)


def waiting(state: State, said: Mapping[str, str], _country: str) -> State:
    """Note where the caller stands; of a key the star alone means something here."""
    if state.step is not Step.WAITING:
        return state
    old, place = state.line, read_count(said.get("QueuePosition", ""))
    leaves = old.leaves or said.get("Digits") == "*"
    if place is None:
        return replace(state, line=replace(old, leaves=leaves))
    line = Line(
        place=place,
        size=read_count(said.get("CurrentQueueSize", "")) or 0,
        average=read_count(said.get("AvgQueueTime", "")) or 0,
        waited=read_count(said.get("QueueTime", "")) or 0,
        looks=old.looks + 1,
        moved=place != old.place,
        rings=max(0, old.rings - 1),
        leaves=leaves,
    )
    return replace(state, line=line, said=())


def rung(state: State, said: Mapping[str, str], _country: str) -> State:
    rings = RINGS if said.get("Rings") == "yes" else 0
    return replace(state, line=replace(state.line, rings=rings))


def unanswered(state: State, said: Mapping[str, str], _country: str) -> State:
    if said.get("CallStatus") not in OVER:
        return state
    return replace(state, line=replace(state.line, rings=0))


def connected(state: State, said: Mapping[str, str], _country: str) -> State:  # noqa: ARG001
    if state.step not in AT_DESK:
        return state
    return replace(state, step=Step.TALKING, said=(Said.CONNECTING,), answered=True)


def left(state: State, said: Mapping[str, str], _country: str) -> State:
    """Go on behind the queue; who hung up in it is not spoken to any more."""
    if state.step not in (Step.WAITING, Step.TALKING):
        return state
    match said.get("QueueResult"):
        case "bridged":
            return replace(state, step=Step.GOODBYE, said=(Said.TALKED,), answered=True)
        case "hangup":
            return replace(state, step=Step.GOODBYE, said=())
        case _:
            told = () if state.line.leaves else (Said.DESK_BUSY,)
            return replace(state, step=Step.MENU, said=told, line=Line())


def read_count(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else None
