"""Write an answer down for a fax, to whom and what: pure, for `send`."""

from dataclasses import dataclass

from hub_contract.delivery import Reason
from hub_contract.errors import Permanent
from hub_contract.events import MessageRequested, RequestedContent
from hub_contract.words import ContactKind


@dataclass(frozen=True, slots=True)
class Fax:
    """What goes out. `to` is E.164."""

    to: str
    content: RequestedContent


def render(request: MessageRequested) -> Fax:
    """Return to whom and what; `Permanent` where no fax can."""
    content = request.content
    if not isinstance(content, RequestedContent):
        raise Permanent(f"content of {request.id} is sealed: open it before rendering")
    recipient = content.recipient
    if recipient.kind is not ContactKind.FAX or recipient.as_written:
        raise Permanent("recipient: no number that a fax reaches", reason=Reason.ADDRESS_UNKNOWN)
    return Fax(recipient.value, content)
