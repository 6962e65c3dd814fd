"""Write down what a caller hears, as TwiML: pure, for `receive`. Answers are not called out yet.

https://www.twilio.com/docs/voice/twiml. By the library's own classes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo
from typing import NoReturn

from twilio.twiml.voice_response import Gather, VoiceResponse  # type: ignore[import-untyped]

from channel_phone.parse.legs import What
from channel_phone.parse.state import State, Step
from channel_phone.render.sentences import (
    CHOOSE_ENGLISH,
    CHOOSE_GERMAN,
    GREETING,
    NOBODY_LEFT,
    STAY,
    Say,
    answer,
    place_in_line,
    question,
)
from hub_contract.delivery import Reason
from hub_contract.errors import Permanent
from hub_contract.events import MessageRequested, RequestedContent
from hub_contract.words import ContactKind

VOICES = {"de": "de-DE", "en": "en-GB"}
_KEYS = {  # how many digits end the wait, after how many seconds of silence, and by which key
    Step.LANGUAGE: (1, 6, ""),
    Step.MENU: (1, 8, ""),
    Step.REFERENCE: (12, 10, "#"),
    Step.SECRET: (6, 10, "#"),
    Step.DAY: (1, 8, ""),
    Step.PART: (1, 8, ""),
    Step.NUMBER: (20, 10, "#"),
}
RINGS = 30  # seconds at the desk
_LOOKS = 10  # seconds between two looks of one who waits
_REMINDED = 6  # looks after which the place is said again, though it is the same
_BRIDGES = 5  # seconds until the desk is told that nobody waits any more
_SILENCE = 5  # seconds that end a message


@dataclass(frozen=True)
class Voice:
    """What one of our numbers says, and where Twilio calls next: `place` makes the address."""

    name: str
    greeting: tuple[str, str]  # German, English; empty: the name alone
    desk: str
    message_seconds: int
    zone: tzinfo
    queue: str  # the name of the desk's at the provider
    queue_seconds: int  # that somebody waits there at most
    words: Callable[[str], Say]  # by language
    place: Callable[[What], str]


def speak(state: State, voice: Voice) -> bytes:
    """Return what the caller hears now, and what the keypad is asked for."""
    response = VoiceResponse()
    match state.step:
        case Step.MESSAGE:
            _record(response, state, voice)
        case Step.DIALLING:
            _tell(response, state, voice)
            dial = response.dial(action=voice.place(What.DIALLED), timeout=RINGS)
            dial.number(
                voice.desk,
                status_callback=voice.place(What.CONNECTED),
                status_callback_event="answered",
            )
        case Step.WAITING:
            response.enqueue(
                voice.queue,
                action=voice.place(What.LEFT),
                wait_url=voice.place(What.WAITING),
            )
        case Step.GOODBYE | Step.TALKING:
            _tell(response, state, voice)
            response.hangup()
        case step if step in _KEYS:
            _ask(response, state, voice)
        case _:  # something is looked up: ask again in a moment
            response.redirect(voice.place(What.KEYS), method="POST")
    return str(response).encode()


def speak_meanwhile(state: State, voice: Voice) -> bytes:
    """Return what is heard in the queue until Twilio asks again, or the way out of it.

    Which verbs may stand here: https://www.twilio.com/docs/voice/twiml/enqueue#attributes-waiturl
    """
    response, line = VoiceResponse(), state.line
    if line.leaves or line.waited >= voice.queue_seconds:
        response.leave()
        return str(response).encode()
    gather = Gather(
        action=voice.place(What.WAITING),
        method="POST",
        input="dtmf",
        num_digits=1,
        timeout=_LOOKS,
        finish_on_key="",
    )
    if line.moved or line.looks % _REMINDED == 1:
        say, language = voice.words(state.language), VOICES[state.language]
        gather.say(place_in_line(line, say), language=language)
        gather.say(say(STAY), language=language)
    response.append(gather)
    response.redirect(voice.place(What.WAITING), method="POST")
    return str(response).encode()


def connect(state: State, voice: Voice) -> bytes:
    """Return what a caller hears at the end of the queue, before she is through to the desk."""
    response = VoiceResponse()
    _tell(response, state, voice)
    return str(response).encode()


def take_next(queue: str, connected: str, taken: str) -> bytes:
    """Return what the desk's telephone does once it is answered: it gets who is the next."""
    response = VoiceResponse()
    response.dial(action=taken, timeout=_BRIDGES).queue(queue, url=connected)
    return str(response).encode()


def end_of_desk(status: str, say: Say) -> bytes:
    """Return what the desk hears behind a call: nothing, or that nobody waited."""
    response = VoiceResponse()
    if status not in ("completed", "answered"):
        response.say(say(NOBODY_LEFT), language=VOICES["de"])
    response.hangup()
    return str(response).encode()


def _ask(response: VoiceResponse, state: State, voice: Voice) -> None:
    digits, seconds, last = _KEYS[state.step]
    gather = Gather(
        action=voice.place(What.KEYS),
        method="POST",
        input="dtmf",
        num_digits=digits,
        timeout=seconds,
        finish_on_key=last,
        action_on_empty_result=True,
    )
    if state.step is Step.LANGUAGE:
        _choose_language(gather, state, voice)
    else:
        _tell(gather, state, voice)
    response.append(gather)


def _choose_language(gather: Gather, state: State, voice: Voice) -> None:
    german, english = voice.greeting
    if not state.turns:
        own = voice.words("de")(GREETING) % {"name": voice.name}
        gather.say(german or own, language=VOICES["de"])
    for said in state.said:
        gather.say(answer(said, state, voice.words("de"), voice.zone), language=VOICES["de"])
    gather.say(CHOOSE_GERMAN, language=VOICES["de"])
    if english and not state.turns:
        gather.say(english, language=VOICES["en"])
    gather.say(CHOOSE_ENGLISH, language=VOICES["en"])


def _tell(into: VoiceResponse | Gather, state: State, voice: Voice) -> None:
    say = voice.words(state.language)
    told = [answer(said, state, say, voice.zone) for said in state.said]
    asked = question(state, say, has_desk=bool(voice.desk))
    for text in filter(None, (*told, asked)):
        into.say(text, language=VOICES[state.language])


def _record(response: VoiceResponse, state: State, voice: Voice) -> None:
    _tell(response, state, voice)
    response.record(
        action=voice.place(What.RECORDED),
        method="POST",
        max_length=voice.message_seconds,
        timeout=_SILENCE,
        finish_on_key="#",
        play_beep=True,
        trim="do-not-trim",
        recording_status_callback=voice.place(What.RECORDING),
        recording_status_callback_event="completed absent",
    )
    # Where nothing was said, Twilio goes on here.
    response.redirect(voice.place(What.RECORDED), method="POST")


def render(request: MessageRequested) -> NoReturn:
    """Raise `Permanent`: calling out is not built yet, and no way leads here."""
    content = request.content
    if not isinstance(content, RequestedContent):
        raise Permanent(f"content of {request.id} is sealed: open it before rendering")
    if content.recipient.kind is not ContactKind.PHONE:
        raise Permanent("recipient: no number that can be called", reason=Reason.ADDRESS_UNKNOWN)
    raise Permanent("channel: makes no calls yet; choose another way", reason=Reason.OTHER)
