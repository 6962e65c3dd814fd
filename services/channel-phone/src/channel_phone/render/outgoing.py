"""Write down what is heard in a call that we make, and what the provider is asked for: pure.

https://www.twilio.com/docs/voice/api/call-resource, https://www.twilio.com/docs/voice/twiml/dial
"""

from collections.abc import Callable
from dataclasses import dataclass

from twilio.twiml.voice_response import Gather, VoiceResponse  # type: ignore[import-untyped]

from channel_phone.parse.outgoing import Out, Progress
from channel_phone.render.sentences import Say, mark
from hub_contract.delivery import Delivery, Reason
from hub_contract.errors import Permanent
from hub_contract.events import MessageRequested, RequestedContent
from hub_contract.words import ContactKind, ContactPoint

RINGS = 30  # seconds at either telephone
_WAITS = 10  # seconds for a key
_GERMAN = "de-DE"  # agents hear German
WHOM = mark("Rückruf an %(number)s. Drücken Sie eine Taste, dann verbinden wir Sie.")
NO_KEY = mark("Es wurde keine Taste gedrückt. Der Rückruf bleibt offen.")
_ENDS = {
    Reason.NONE: mark("Das Gespräch ist beendet."),
    Reason.BUSY: mark("Dort ist besetzt."),
    Reason.NO_ANSWER: mark("Dort nimmt niemand ab."),
    Reason.UNREACHABLE: mark("Diese Nummer ist nicht erreichbar."),
}
_END_OTHER = mark("Es kam kein Gespräch zustande.")
Place = Callable[[Out], str]  # the address that the provider calls next


@dataclass(frozen=True, slots=True)
class Plan:
    """Who is connected with whom; numbers in E.164."""

    agent: str
    citizen: str


def render(request: MessageRequested) -> Plan:
    """Return who is to be connected; `Permanent` where nobody can be.

    Only people speak: a request without a telephone that rings first goes to no machine.
    """
    content = request.content
    if not isinstance(content, RequestedContent):
        raise Permanent(f"content of {request.id} is sealed: open it before rendering")
    if not _can_be_called(content.recipient):
        raise Permanent("recipient: no number that can be called", reason=Reason.ADDRESS_UNKNOWN)
    if content.rings_first is None:
        raise Permanent("channel: reads no texts out; choose another way", reason=Reason.OTHER)
    if not _can_be_called(content.rings_first):
        raise Permanent("rings_first: no number that can be called", reason=Reason.OTHER)
    return Plan(content.rings_first.value, content.recipient.value)


def _can_be_called(point: ContactPoint) -> bool:
    return point.kind is ContactKind.PHONE and point.value.startswith("+") and not point.as_written


def fields_of(plan: Plan, own: str, place: Place) -> dict[str, str | list[str]]:
    """Return the form that asks for the call."""
    return {
        "To": plan.agent,
        "From": own,
        "Url": place(Out.AGENT),
        "Method": "POST",
        "StatusCallback": place(Out.STATUS),
        "StatusCallbackEvent": ["answered", "completed"],
        "Timeout": str(RINGS),
    }


def announce(plan: Plan, say: Say, place: Place) -> bytes:
    """Tell the agent who will be called, and wait for a key."""
    response = VoiceResponse()
    gather = Gather(
        action=place(Out.CONNECT),
        method="POST",
        input="dtmf",
        num_digits=1,
        timeout=_WAITS,
        finish_on_key="",
        action_on_empty_result=True,
    )
    spoken = " ".join(plan.citizen.removeprefix("+"))
    gather.say(say(WHOM) % {"number": f"plus {spoken}"}, language=_GERMAN)
    response.append(gather)
    return str(response).encode()


def connect(plan: Plan, own: str, progress: Progress, say: Say, place: Place) -> bytes:
    """Ring the citizen, if somebody has pressed a key."""
    response = VoiceResponse()
    if not progress.took:
        response.say(say(NO_KEY), language=_GERMAN)
        response.hangup()
        return str(response).encode()
    dial = response.dial(
        action=place(Out.TALKED), method="POST", caller_id=own, timeout=RINGS, answer_on_bridge=True
    )
    dial.number(
        plan.citizen,
        status_callback=place(Out.CITIZEN),
        status_callback_event="ringing answered completed",
        status_callback_method="POST",
    )
    return str(response).encode()


def conclude(progress: Progress, say: Say) -> bytes:
    """Tell the agent what came of it."""
    response = VoiceResponse()
    status, reason, _ = progress.word
    words = _ENDS.get(reason, _END_OTHER) if status is Delivery.FAILED else _ENDS[Reason.NONE]
    response.say(say(words), language=_GERMAN)
    response.hangup()
    return str(response).encode()
