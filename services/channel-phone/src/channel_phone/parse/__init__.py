"""Turn the legs of a call into its entry: pure, total, for `receive` and `faden parse`.

Rule 1. Never raise; a call of which nothing can be read is kept with its original, and marked.
Rule 2. One call is one event, however often it is parsed: its id is that of the provider's.
Rule 3. No sentences are made here: what happened is said in codes, and has words where it is read.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from channel_phone.parse.context import Context
from channel_phone.parse.legs import Leg, read_legs
from channel_phone.parse.state import State
from channel_phone.parse.steps import follow
from hub_contract.contact_points import contact_point
from hub_contract.events import Arrival, CallContent, CallRang, MessageContent, MessageReceived
from hub_contract.ids import call_id, rang_id, received_id
from hub_contract.problems import Problem, ProblemCode
from hub_contract.words import (
    Attachment,
    CallbackWish,
    CallOutcome,
    CallStatus,
    Channel,
    ContactKind,
    Evidence,
    MessageKind,
    Recipient,
    RecipientRole,
)
from hub_kit import files

__all__ = ["Context", "parse", "parse_ring"]
_FAULTS = {"too_large": ProblemCode.FILE_TOO_LARGE, "missing": ProblemCode.FILE_MISSING}


def parse(
    original: bytes, context: Context, received_at: datetime, audio: tuple[bytes, str] = (b"", "")
) -> Arrival:
    """Return the entry of a call; `audio` is what was recorded, or why it is not there."""
    legs = read_legs(original)
    state, sid = follow(legs, context.country), _sid(legs)
    digest = "" if sid else hashlib.sha256(original).hexdigest()
    is_message = bool(state.recording)
    event = MessageReceived(
        id=received_id(context.tenant, Channel.PHONE, context.account, sid, digest),
        tenant=context.tenant,
        channel=Channel.PHONE,
        account=context.account,
        kind=MessageKind.VOICEMAIL if is_message else MessageKind.CALL,
        received_at=received_at,
        readable=bool(legs),
        partial=bool(legs) and not state.ended,
        outcome=_outcome(state),
        seconds=_seconds(state, legs),
        size=len(original),
        content=_content(state, legs, context, audio),
    )
    return Arrival(event, original, (audio[0],) if audio[0] else ())


def parse_ring(original: bytes, context: Context, at: datetime, status: CallStatus) -> Arrival:
    """Return that a call rings, or has ended, for whoever sits at a desk now."""
    legs = read_legs(original)
    state, sid = follow(legs, context.country), _sid(legs)
    of_call = (context.tenant, Channel.PHONE, context.account, sid)
    content = CallContent(caller=state.caller, reference=state.reference, external_id=sid)
    event = CallRang(
        id=rang_id(*of_call, status),
        tenant=context.tenant,
        channel=Channel.PHONE,
        account=context.account,
        call_id=call_id(*of_call),
        status=status,
        at=at,
        content=content,
    )
    return Arrival(event)


def _sid(legs: Sequence[Leg]) -> str:
    return next((leg.said["CallSid"] for leg in legs if leg.said.get("CallSid")), "")


def _outcome(state: State) -> CallOutcome:
    if state.recording:
        return CallOutcome.VOICEMAIL
    # Who has heard how far it is was answered, if by a machine.
    was_answered = state.answered or state.opened == "pass"
    return CallOutcome.ANSWERED if was_answered else CallOutcome.MISSED


def _seconds(state: State, legs: Sequence[Leg]) -> int | None:
    if state.seconds is not None or not legs:
        return state.seconds
    return max(0, int((legs[-1].at - legs[0].at).total_seconds()))


def _content(
    state: State, legs: Sequence[Leg], context: Context, audio: tuple[bytes, str]
) -> MessageContent:
    called = legs[0].said.get("To", "") if legs else ""
    to = contact_point(ContactKind.PHONE, called, context.country) if called else None
    wish = CallbackWish(day=state.day, part=state.part, number=state.number)
    return MessageContent(
        sender=state.caller,
        recipients=(Recipient(role=RecipientRole.TO, point=to),) if to else (),
        external_id=_sid(legs),
        references=(state.reference,) if state.reference else (),
        language=state.language if state.begun else "",
        attachments=_audio(audio[0]),
        evidence=tuple(_evidence(state)),
        problems=(Problem(code=_FAULTS[audio[1]], about="audio"),) if audio[1] else (),
        callback=wish if state.wished else None,
    )


def _audio(data: bytes) -> tuple[Attachment, ...]:
    if not data:
        return ()
    media_type = files.type_by_content(data) or files.UNKNOWN
    name = f"1{files.ending_of(media_type)}"
    return (Attachment(file_name=name, media_type=media_type, size=len(data)),)


def _evidence(state: State) -> list[Evidence]:
    """Return what was checked: the number as the network says it, the portal's secret, consent."""
    found = [Evidence(kind="caller-id", result="unchecked" if state.caller else "none")]
    if state.opened:
        found.append(Evidence(kind="portal-secret", result=state.opened))
    if state.recording:
        found.append(Evidence(kind="recording-consent", result="pass", by="keypad"))
    return found
