"""Write an answer down as a letter: pure, for `send`. How it looks is `hub_print`'s matter."""

import re
from dataclasses import dataclass, field
from datetime import tzinfo
from zoneinfo import ZoneInfo

from hub_contract.delivery import Reason
from hub_contract.errors import Permanent
from hub_contract.events import MessageRequested, RequestedContent
from hub_contract.words import ContactKind
from hub_print.geometry import Fault, Sheet
from hub_print.letter import Enclosure, Letter, Sender

_MAIL_PREFIX = re.compile(r"\A(?:(?:re|aw|wg|fwd?): ?){1,9}", re.IGNORECASE)

# Why a letter was not printed, as a delivery says it; the fault itself stands beside it, as code.
_REASONS = {
    Fault.ADDRESS_MISSING: Reason.ADDRESS_UNKNOWN,
    Fault.ADDRESS_INCOMPLETE: Reason.ADDRESS_UNKNOWN,
    Fault.ADDRESS_UNREADABLE: Reason.ADDRESS_UNKNOWN,
    Fault.ADDRESS_TOO_LONG: Reason.ADDRESS_NOT_CARRIED,
    Fault.ADDRESS_CHARACTERS: Reason.ADDRESS_NOT_CARRIED,
    Fault.TOO_MANY_PAGES: Reason.TOO_LARGE,
    Fault.TOO_LARGE: Reason.TOO_LARGE,
}


@dataclass(frozen=True, slots=True)
class Paper:
    """Who writes, and on what."""

    sender: Sender
    sheet: Sheet = field(default_factory=Sheet)
    zone: tzinfo = field(default_factory=lambda: ZoneInfo("Europe/Berlin"))  # of the date on it


def render(request: MessageRequested, files: tuple[bytes, ...], paper: Paper) -> Letter:
    """Return the letter; `Permanent` where none can go there."""
    content = request.content
    if not isinstance(content, RequestedContent):
        raise Permanent(f"content of {request.id} is sealed: open it before rendering")
    recipient = content.recipient
    if recipient.kind is not ContactKind.POSTAL:
        raise Permanent("recipient: has no postal address", reason=Reason.ADDRESS_UNKNOWN)
    return Letter(
        sender=paper.sender,
        recipient=tuple(line for line in recipient.value.splitlines() if line.strip()),
        text=content.hint or content.text,
        reference=content.reference,
        message_id=request.id,
        day=request.requested_at.astimezone(paper.zone).date(),
        subject=_MAIL_PREFIX.sub("", content.subject.strip()),
        author=content.author,
        language=content.language or "de",
        enclosures=() if content.hint else _enclosures(content, files),
        as_written=recipient.as_written,
        sheet=paper.sheet,
    )


def reason_of(fault: Fault) -> Reason:
    return _REASONS.get(fault, Reason.OTHER)


def _enclosures(content: RequestedContent, files: tuple[bytes, ...]) -> tuple[Enclosure, ...]:
    names = [one.file_name for one in content.attachments if one.blob]
    names += [""] * (len(files) - len(names))
    return tuple(Enclosure(name, data) for name, data in zip(names, files, strict=False))
