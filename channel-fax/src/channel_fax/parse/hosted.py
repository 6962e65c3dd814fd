"""Turn what a hosted provider says of a fax into an event: pure, total.

Rule 1. What came in is taken for what its bytes are, whatever the provider says of their type.
Rule 2. A fax has the provider's name for ever: told by a hook or found in the log, it is the same.
Rule 3. A status is about a message of ours, whose id the provider gives back; else it says nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from channel_fax.parse import parse
from channel_fax.parse.context import Call, Context
from channel_fax.providers.said import Media
from hub_contract.delivery import Delivery, Reason
from hub_contract.events import (
    Arrival,
    DeliveryContent,
    DeliveryReported,
    MessageContent,
    MessageReceived,
)
from hub_contract.ids import reported_id
from hub_contract.problems import Problem, ProblemCode
from hub_contract.words import Channel

_FAULTS = {"too_large": ProblemCode.FILE_TOO_LARGE, "missing": ProblemCode.FILE_MISSING}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a fax of ours got, as its provider says."""

    message_id: UUID
    status: Delivery
    reason: Reason = Reason.NONE
    external_id: str = ""
    code: str = ""
    words: str = ""
    pages: int | None = None
    seconds: int | None = None


def parse_fax(told: bytes, call: Call, media: Media, context: Context) -> Arrival:
    """Return the fax whose file this is; without a file, what was told of it is the original."""
    if not media.fault:
        return parse(media.data, context, call)
    arrival = parse(told, context, call)
    event = arrival.event
    assert isinstance(event, MessageReceived)
    assert isinstance(event.content, MessageContent)
    problem = Problem(code=_FAULTS.get(media.fault, ProblemCode.OTHER), about="fax")
    content = event.content.model_copy(update={"problems": (*_known(event.content), problem)})
    return Arrival(event.model_copy(update={"content": content, "readable": False}), told)


def _known(content: MessageContent) -> Sequence[Problem]:
    return [one for one in content.problems if one.code is not ProblemCode.EMPTY]


def report(progress: Progress, raw: bytes, context: Context) -> Arrival:
    """Return the report; the same word of the same fax is one report, however it was learned."""
    event = DeliveryReported(
        id=reported_id(
            context.tenant,
            Channel.FAX,
            context.account,
            progress.message_id,
            progress.status,
            progress.external_id,
            progress.code,
        ),
        tenant=context.tenant,
        channel=Channel.FAX,
        account=context.account,
        message_id=progress.message_id,
        status=progress.status,
        reason=progress.reason if progress.status is Delivery.FAILED else Reason.NONE,
        code=progress.code[:100],
        at=context.received_at,
        pages=progress.pages,
        seconds=progress.seconds,
        content=DeliveryContent(
            external_id=progress.external_id[:1000], diagnostic=progress.words[:1000]
        ),
    )
    return Arrival(event, raw)


def uuid_of(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
