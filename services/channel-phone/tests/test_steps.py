"""The table of a call: every step with every key, with silence, and with everything else."""

from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pytest

from channel_phone.parse.at_desk import RINGS
from channel_phone.parse.legs import Leg, What
from channel_phone.parse.state import ASKED, AT_DESK, Line, Said, State, Step
from channel_phone.parse.steps import KEYS, MISSES, TRIES, TURNS, advance
from channel_phone.render import VOICES, Voice, speak, speak_meanwhile
from hub_contract.references import make_reference
from hub_contract.words import CallbackDay, CallbackPart, ContactKind, ContactPoint
from hub_pages.language import read_words
from hub_pages.times import BERLIN

NOW = datetime(2026, 5, 12, 9, 0, tzinfo=UTC)
ERIKA = ContactPoint(kind=ContactKind.PHONE, value="+491715550101")
VOICE = Voice(
    name="Stadt Musterstadt",
    greeting=("", ""),
    desk="+49711123911",
    message_seconds=60,
    zone=BERLIN,
    queue="musterstadt.phone",
    queue_seconds=600,
    words=lambda _: read_words("de", []).gettext,
    place=lambda what: f"http://hub.example/{what}",
)


def after(state: State, what: What, **said: str) -> State:
    return advance(state, Leg(NOW, what, said), "DE")


def keyed(step: Step, digits: str, **more) -> State:
    return after(State(step=step, caller=ERIKA, **more), What.KEYS, Digits=digits)


# step, key -> the next step
TABLE = {
    Step.LANGUAGE: {"1": Step.MENU, "2": Step.MENU},
    Step.MENU: {"0": Step.DESK, "1": Step.REFERENCE, "2": Step.DAY, "3": Step.MESSAGE},
    Step.DAY: {"1": Step.PART, "2": Step.PART, "3": Step.PART},
    Step.PART: {"1": Step.MENU, "2": Step.MENU, "3": Step.MENU},
    Step.REFERENCE: {},
    Step.SECRET: {},
    Step.NUMBER: {},
    Step.MESSAGE: {},
    Step.INBOX: {},
    Step.DESK: {},
    Step.DIALLING: {},
    Step.WAITING: {},
    Step.TALKING: {},
    Step.GOODBYE: {},
}


@pytest.mark.parametrize("key", [*"0123456789", "*", "#", "x"])
@pytest.mark.parametrize("step", list(Step))
def test_every_step_and_every_key(step, key):
    state = keyed(step, key)
    back = key == "*" and step in ASKED and step not in (Step.LANGUAGE, Step.SECRET)
    expected = Step.MENU if back else TABLE[step].get(key, step)
    assert state.step is expected
    assert (state.said == (Said.NOT_UNDERSTOOD,)) == (
        step in KEYS and expected is step and not back
    )


@pytest.mark.parametrize("step", sorted(ASKED))
def test_silence_is_told_twice_and_then_it_ends(step):
    state = State(step=step)
    for _ in range(MISSES - 1):
        state = after(state, What.KEYS)
        assert (state.step, state.said) == (step, (Said.NOT_HEARD,))
    state = after(state, What.KEYS, Digits="")
    assert (state.step, state.said) == (Step.GOODBYE, (Said.NEVER_HEARD,))


@pytest.mark.parametrize("step", list(Step))
def test_hanging_up_ends_it_wherever_it_is(step):
    state = after(State(step=step), What.STATUS, CallStatus="completed", CallDuration="9")
    assert (state.ended, state.seconds, state.step) == (True, 9, step)
    assert not after(State(step=step), What.STATUS, CallStatus="in-progress").ended


@pytest.mark.parametrize(
    "what",
    [
        *(What.RECORDED, What.DIALLED, What.INBOX, What.DESK),
        *(What.WAITING, What.CONNECTED, What.LEFT),
    ],
)
@pytest.mark.parametrize("step", list(Step))
def test_what_was_not_asked_for_changes_nothing(step, what):
    asked = {
        What.RECORDED: {Step.MESSAGE},
        What.DIALLED: {Step.DIALLING, Step.TALKING},
        What.INBOX: {Step.INBOX},
        What.DESK: {Step.DESK},
        What.WAITING: {Step.WAITING},
        What.CONNECTED: AT_DESK,
        What.LEFT: {Step.WAITING, Step.TALKING},
    }
    state = State(step=step)
    assert (after(state, what, QueuePosition="1") == state) is (step not in asked[what])


@pytest.mark.parametrize("step", list(Step))
def test_something_is_heard_at_every_step(step):
    heard = speak(State(step=step, said=(Said.NOT_HEARD,)), VOICE).decode()
    assert ("<Say" in heard) is (step not in (Step.INBOX, Step.DESK, Step.WAITING))
    assert heard.count("<Say") == heard.count(f'language="{VOICES["de"]}"') + heard.count("en-GB")


@pytest.mark.parametrize("said", list(Said))
def test_every_answer_has_words(said):
    state = State(step=Step.MENU, said=(said,), groups=("2:281",), inbox={"State": "arrived"})
    heard = speak(state, VOICE).decode()
    assert heard.count("<Say") == 2
    assert "%(" not in heard


def test_success_forgives_misses():
    state = after(State(misses=MISSES - 1), What.KEYS, Digits="1")
    assert (state.step, state.misses) == (Step.MENU, 0)


def test_nobody_keeps_us_for_ever():
    state = State(step=Step.MENU, turns=TURNS)
    assert after(state, What.KEYS, Digits="2").said == (Said.TOO_LONG,)


WISHES = {
    ("1", "1"): (CallbackDay.TODAY, CallbackPart.MORNING),
    ("2", "2"): (CallbackDay.TOMORROW, CallbackPart.AFTERNOON),
    ("3", "3"): (CallbackDay.NONE, CallbackPart.ANY),
}


@pytest.mark.parametrize("keys", WISHES, ids="-".join)
def test_a_wish_is_noted(keys):
    state = State(step=Step.DAY, caller=ERIKA)
    for key in keys:
        state = after(state, What.KEYS, Digits=key)
    assert state.wished
    assert (state.day, state.part) == WISHES[keys]


def test_a_mistyped_reference_is_told_by_its_groups():
    """One digit of one group: that group is among those that are named."""
    right = "384291770608"
    for place in range(12):
        digits = f"{right[:place]}{(int(right[place]) + 1) % 10}{right[place + 1 :]}"
        state = keyed(Step.REFERENCE, digits)
        assert state.step is Step.REFERENCE
        named = [group[0] for group in state.groups]
        assert (str(place // 3 + 1) in named) or digits.startswith("0")


@pytest.mark.parametrize("digits", ["38429177060", "1", "38429177060812"])
def test_too_few_digits_are_told(digits):
    assert keyed(Step.REFERENCE, digits).said == (Said.REFERENCE_SHORT,)


def test_after_three_wrong_references_she_is_at_the_menu():
    state = State(step=Step.REFERENCE)
    for tried in range(1, TRIES + 1):
        state = after(state, What.KEYS, Digits="123456789012")
        assert state.step is (Step.REFERENCE if tried < TRIES else Step.MENU)


def test_a_wrong_secret_may_be_tried_again():
    state = keyed(Step.REFERENCE, make_reference())
    for tried in range(1, TRIES + 1):
        state = after(state, What.KEYS, Digits="471100")
        assert state.step is Step.INBOX
        state = after(state, What.INBOX, Found="wrong")
        assert state.step is (Step.SECRET if tried < TRIES else Step.MENU)
    assert state.opened == "fail"


@pytest.mark.parametrize("digits", ["4711", "4711001"])
def test_a_secret_has_six_digits(digits):
    assert keyed(Step.SECRET, digits).said == (Said.SECRET_SHORT,)


LEAVES = {
    "bridged": (Step.GOODBYE, (Said.TALKED,)),
    "hangup": (Step.GOODBYE, ()),
    "leave": (Step.MENU, (Said.DESK_BUSY,)),
    "queue-full": (Step.MENU, (Said.DESK_BUSY,)),
    "system-error": (Step.MENU, (Said.DESK_BUSY,)),
    "a result of next year": (Step.MENU, (Said.DESK_BUSY,)),
}


@pytest.mark.parametrize("result", LEAVES)
def test_how_one_leaves_the_queue(result):
    state = after(State(step=Step.WAITING), What.LEFT, QueueResult=result)
    assert (state.step, state.said) == LEAVES[result]


def test_who_leaves_by_the_star_is_told_nothing():
    state = after(State(step=Step.WAITING), What.WAITING, Digits="*")
    assert "<Leave" in speak_meanwhile(state, VOICE).decode()
    state = after(state, What.LEFT, QueueResult="leave")
    assert (state.step, state.said, state.line) == (Step.MENU, (), Line())


def look(place: str, **more: str) -> dict[str, str]:
    said = {"QueuePosition": place, "CurrentQueueSize": "14", "AvgQueueTime": "0"}
    return said | {"QueueTime": "0", **more}


PLACES = {
    "next": (look("1"), "Sie sind als Nächstes an der Reihe. Bitte bleiben Sie dran."),
    "third": (look("3"), "Sie sind an dritter Stelle von 14. Bitte"),
    "tenth": (look("10"), "Sie sind an zehnter Stelle von 14. Bitte"),
    "far": (look("12"), "Vor Ihnen warten 11 Anrufe. Bitte"),
    "a minute": (look("2", AvgQueueTime="70"), "Zuletzt dauerte es etwa eine Minute. Bitte"),
    "minutes": (look("2", AvgQueueTime="170"), "Zuletzt dauerte es etwa 3 Minuten. Bitte"),
    "nonsense": (look("1", AvgQueueTime="soon", CurrentQueueSize="-1"), "Sie sind als Nächstes"),
}


@pytest.mark.parametrize("name", PLACES)
def test_where_one_stands_is_said(name):
    said, words = PLACES[name]
    heard = speak_meanwhile(after(State(step=Step.WAITING), What.WAITING, **said), VOICE).decode()
    assert words in " ".join(one.text for one in ET.fromstring(heard).iter("Say"))


def test_the_place_is_said_again_only_where_it_moves_or_after_a_minute():
    state, told = State(step=Step.WAITING), []
    for place in ("2", "2", "2", "1", "1", "1", "1", "1"):
        state = after(state, What.WAITING, **look(place))
        told.append("<Say" in speak_meanwhile(state, VOICE).decode())
    assert told == [True, False, False, True, False, False, True, False]


def test_nobody_waits_for_ever():
    state = after(State(step=Step.WAITING), What.WAITING, **look("1", QueueTime="600"))
    assert "<Leave" in speak_meanwhile(state, VOICE).decode()


def test_a_lost_word_that_the_desk_has_stopped_ringing_is_made_up_for():
    state = after(State(step=Step.WAITING), What.RUNG, Rings="yes")
    assert state.line.rings == RINGS
    assert after(state, What.UNANSWERED, CallStatus="busy").line.rings == 0
    for _ in range(RINGS):
        state = after(state, What.WAITING, **look("1"))
    assert state.line.rings == 0
