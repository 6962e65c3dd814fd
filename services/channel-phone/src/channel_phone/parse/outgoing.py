"""Says how far a call is that we make, from what its hooks have said: pure and total.

The agent's telephone rings first. Only who presses a key there is put through, so that no mailbox
takes the call. The legs, a line each as in `legs`, are the original of the report on the call.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from uuid import UUID

from channel_phone.parse.context import Context
from channel_phone.parse.legs import read_lines
from hub_contract.delivery import Delivery, Reason
from hub_contract.events import Arrival, DeliveryContent, DeliveryReported
from hub_contract.ids import reported_id
from hub_contract.words import Channel


class Out(StrEnum):
    """What a leg tells of; each is a path of the account's hook, behind `/out/`."""

    AGENT = "agent"  # the agent has answered
    CONNECT = "connect"  # and pressed a key, or none
    CITIZEN = "citizen"  # how far the citizen's telephone is
    TALKED = "talked"  # the citizen's part is over
    STATUS = "status"  # how far the whole call is


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a call is; `dialled` and `status` are the provider's words."""

    agent_answered: bool = False
    took: bool = False  # a key was pressed
    citizen_answered: bool = False
    dialled: str = ""  # what became of the citizen's part
    seconds: int | None = None  # that both talked
    status: str = ""  # what became of the whole call; empty: it goes on

    @property
    def ended(self) -> bool:
        return bool(self.status)

    @property
    def word(self) -> tuple[Delivery, Reason, str]:
        """Return delivery word, reason and code, as far as is known by now."""
        if self.dialled:
            return _BECAME.get(self.dialled, (Delivery.FAILED, Reason.OTHER, self.dialled[:100]))
        if self.citizen_answered:
            return _TALKED if self.ended else _UNDER_WAY
        if not self.ended:
            return _UNDER_WAY if self.agent_answered else _TAKEN
        if self.took:
            return Delivery.FAILED, Reason.OTHER, "agent_hung_up"
        if self.agent_answered:
            return Delivery.FAILED, Reason.OTHER, "agent_not_there"
        return Delivery.FAILED, Reason.OTHER, f"agent_{self.status[:50]}"


_TAKEN = (Delivery.ACCEPTED, Reason.NONE, "")
_UNDER_WAY = (Delivery.SENT, Reason.NONE, "")
_TALKED = (Delivery.DELIVERED, Reason.NONE, "")
# https://www.twilio.com/docs/voice/twiml/dial#dialcallstatus
_BECAME: Mapping[str, tuple[Delivery, Reason, str]] = MappingProxyType(
    {
        "completed": _TALKED,
        "answered": _TALKED,
        "busy": (Delivery.FAILED, Reason.BUSY, "busy"),
        "no-answer": (Delivery.FAILED, Reason.NO_ANSWER, "no-answer"),
        "failed": (Delivery.FAILED, Reason.UNREACHABLE, "failed"),
        "canceled": (Delivery.FAILED, Reason.OTHER, "agent_hung_up"),
    }
)
OVER = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})  # of a whole call
_KINDS = {what.value: what for what in Out}


def progress_of(original: bytes) -> Progress:
    """Return how far a call is after all these legs, in whatever order they came."""
    found = Progress()
    for leg in read_lines(original, _KINDS):
        found = replace(found, **_after(found, leg.what, leg.said))
    return found


def _after(found: Progress, what: Out, said: Mapping[str, str]) -> dict[str, Any]:
    status = said.get("CallStatus", "")
    match what:
        case Out.AGENT:
            return {"agent_answered": True}
        case Out.CONNECT:
            return {"agent_answered": True, "took": found.took or bool(said.get("Digits"))}
        case Out.CITIZEN:
            answered = found.citizen_answered or status == "in-progress"
            seconds = _count(said.get("CallDuration")) if status == "completed" else None
            return {
                "citizen_answered": answered,
                "seconds": found.seconds if seconds is None else seconds,
            }
        case Out.TALKED:
            seconds = _count(said.get("DialCallDuration"))
            return {
                "dialled": said.get("DialCallStatus", "") or found.dialled,
                "seconds": found.seconds if seconds is None else seconds,
            }
        case Out.STATUS:
            return {"status": status if status in OVER else found.status}


def _count(text: str | None) -> int | None:
    fits = text and text.isascii() and text.isdigit() and len(text) < 7
    return int(text) if text and fits else None


def is_new(original: bytes, line: bytes) -> bool:
    """Say whether this leg does not stand there yet, whenever it was said."""
    return _bare(line) not in map(_bare, original.splitlines(keepends=True))


def _bare(line: bytes) -> bytes:
    return line.partition(b" ")[2]


def report(original: bytes, context: Context, call: UUID, sid: str, at: datetime) -> Arrival:
    """Return how far this call is, with its legs; said twice it is one report."""
    progress = progress_of(original)
    status, reason, code = progress.word
    seconds = progress.seconds if status is Delivery.DELIVERED else None
    facts = (sid, code, "" if seconds is None else str(seconds))
    who = (context.tenant, Channel.PHONE, context.account)
    event = DeliveryReported(
        id=reported_id(*who, call, status, *facts),
        tenant=context.tenant,
        channel=Channel.PHONE,
        account=context.account,
        message_id=call,
        status=status,
        reason=reason,
        code=code,
        at=at,
        seconds=seconds,
        content=DeliveryContent(external_id=sid),
    )
    return Arrival(event, original)
