"""Write an answer down as a letter: pure, for `send`."""

from hub_contract.delivery import Reason
from hub_contract.errors import Permanent
from hub_contract.events import MessageRequested, RequestedContent
from hub_contract.words import ContactKind


def render(request: MessageRequested) -> bytes:
    """Return the letter; `Permanent` where no letter can go there."""
    content = request.content
    if not isinstance(content, RequestedContent):
        raise Permanent(f"content of {request.id} is sealed: open it before rendering")
    if content.recipient.kind is not ContactKind.POSTAL:
        raise Permanent("recipient: has no postal address", reason=Reason.ADDRESS_UNKNOWN)
    return f"{content.recipient.value}\n\n{content.text}\n".encode("utf-8", "replace")
