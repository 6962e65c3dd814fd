"""Write down what a caller hears, as TwiML: pure, for `receive`; `outgoing` has the calls we make.

https://www.twilio.com/docs/voice/twiml. By the library's own classes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo

from twilio.twiml.voice_response import Gather, VoiceResponse  # type: ignore[import-untyped]

from channel_phone.parse.legs import What
from channel_phone.parse.state import State, Step
from channel_phone.render.sentences import (
    CHOOSE_ENGLISH,
    CHOOSE_GERMAN,
    GREETING,
    Say,
    answer,
    question,
)

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
_RINGS = 30  # seconds at the desk
_SILENCE = 5  # seconds that end a message


@dataclass(frozen=True)
class Voice:
    """What one of our numbers says, and where Twilio calls next: `place` makes the address."""

    name: str
    greeting: tuple[str, str]  # German, English; empty: the name alone
    desk: str
    message_seconds: int
    zone: tzinfo
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
            dial = response.dial(action=voice.place(What.DIALLED), timeout=_RINGS)
            dial.number(voice.desk)
        case Step.GOODBYE:
            _tell(response, state, voice)
            response.hangup()
        case step if step in _KEYS:
            _ask(response, state, voice)
        case _:  # something is looked up: ask again in a moment
            response.redirect(voice.place(What.KEYS), method="POST")
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
