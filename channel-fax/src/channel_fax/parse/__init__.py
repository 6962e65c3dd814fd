"""Turn a fax into an event: pure, total, for `receive` and `faden parse`.

Rule 1. Never raise; what cannot be read is kept with its original, and marked.
Rule 2. The same file is the same event, whoever hands it over: the id is made of its bytes, or of
        the name that a hosted provider gives it for ever, since it may write the file anew.
Rule 3. Caller and station id are claims: one is where answers may go, the other only evidence.
"""

import hashlib

from channel_fax.parse.context import Call, Context
from channel_fax.parse.tiff import Facts, read_tiff
from hub_contract.contact_points import contact_point
from hub_contract.events import Arrival, MessageContent, MessageReceived
from hub_contract.ids import received_id
from hub_contract.problems import Problem, ProblemCode
from hub_contract.words import (
    Channel,
    ContactKind,
    ContactPoint,
    Evidence,
    Recipient,
    RecipientRole,
)

__all__ = ["Call", "Context", "parse"]
_UNKNOWN = Call()


def parse(raw: bytes, context: Context, call: Call = _UNKNOWN) -> Arrival:
    """Return the fax whose pages (TIFF, or a hosted provider's PDF) these are."""
    facts = read_tiff(raw)
    pages = facts.pages if facts.is_tiff else call.pages
    is_pdf = b"%PDF-" in raw[:1024]
    partial = call.partial or bool(call.fault) or facts.broken
    event = MessageReceived(
        id=received_id(context.tenant, Channel.FAX, context.account, *_named(raw, call)),
        tenant=context.tenant,
        channel=Channel.FAX,
        account=context.account,
        received_at=context.received_at,
        readable=bool(facts.pages) or is_pdf,
        partial=partial,
        size=len(raw),
        pages=pages,
        content=_content(context, call, facts, partial=partial),
    )
    return Arrival(event, raw)


def _named(raw: bytes, call: Call) -> tuple[str, str]:
    return (call.external_id, "") if call.named else ("", hashlib.sha256(raw).hexdigest())


def _content(context: Context, call: Call, facts: Facts, *, partial: bool) -> MessageContent:
    to = _point(call.dialled, context)
    station = call.station or facts.station
    evidence = [Evidence(kind="caller-id", result="unchecked")] if call.caller else []
    if station:
        evidence.append(Evidence(kind="station-id", result=station[:40]))
    if call.fault:
        evidence.append(Evidence(kind="fax-fault", result=call.fault[:200]))
    return MessageContent(
        sender=_point(call.caller, context),
        recipients=(Recipient(role=RecipientRole.TO, point=to),) if to else (),
        external_id=call.external_id,
        evidence=tuple(evidence),
        problems=tuple(_problems(call, facts, partial=partial)),
    )


def _point(number: str, context: Context) -> ContactPoint | None:
    """Return whose number this is; None where there is none in it: exchanges write »anonymous«."""
    if sum(map(str.isdecimal, number)) < _SHORTEST:
        return None
    return contact_point(ContactKind.FAX, number, context.country)


_SHORTEST = 3  # digits of a number within a house


def _problems(call: Call, facts: Facts, *, partial: bool) -> list[Problem]:
    came = facts.pages if facts.is_tiff else call.pages
    found = []
    if partial:
        about = f"{came or 0}/{call.expected}" if call.expected else str(came or 0)
        found.append(Problem(code=ProblemCode.LINE_DROPPED, about=about))
    if facts.is_tiff and not facts.pages:
        found.append(Problem(code=ProblemCode.EMPTY))
    if facts.over:
        found.append(Problem(code=ProblemCode.TOO_MANY_PAGES, about=str(facts.pages)))
    return found
