"""Write an answer down for a fax, to whom and what: pure, for `send`."""

from datetime import date

from hub_contract.delivery import Reason
from hub_contract.errors import Permanent
from hub_contract.events import MessageRequested, RequestedContent
from hub_contract.words import ContactKind
from hub_print.cover import Cover
from hub_print.letter import Enclosure, Sender


def render(
    request: MessageRequested, files: tuple[bytes, ...], sender: str, own_number: str, day: date
) -> Cover:
    """Return to whom and what, with the PDFs behind it; `Permanent` where no fax can.

    `sender` is the authority, as citizens read it; `own_number` is E.164.
    """
    content = request.content
    if not isinstance(content, RequestedContent):
        raise Permanent(f"content of {request.id} is sealed: open it before rendering")
    recipient = content.recipient
    if recipient.kind is not ContactKind.FAX or recipient.as_written:
        raise Permanent("recipient: no number that a fax reaches", reason=Reason.ADDRESS_UNKNOWN)
    return Cover(
        sender=Sender(sender),
        to=recipient.value,
        to_name=recipient.name,
        text=content.hint or content.text,
        reference=content.reference,
        message_id=request.id,
        day=day,
        own_number=own_number,
        subject=content.subject,
        author=content.author,
        language=content.language or "de",
        enclosures=() if content.hint else _enclosures(content, files),
    )


def _enclosures(content: RequestedContent, files: tuple[bytes, ...]) -> tuple[Enclosure, ...]:
    names = [one.file_name for one in content.attachments if one.blob]
    names += [""] * (len(files) - len(names))
    return tuple(Enclosure(name, data) for name, data in zip(names, files, strict=False))
