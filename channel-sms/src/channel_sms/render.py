"""Write an answer down as Twilio wants it: pure, for `send`."""

from hub_contract.channels import CHANNELS
from hub_contract.delivery import Reason
from hub_contract.errors import Permanent
from hub_contract.events import MessageRequested, RequestedContent
from hub_contract.words import Channel, ContactKind

_LONGEST = CHANNELS[Channel.SMS].longest_text


def render(request: MessageRequested) -> dict[str, str]:
    """Return to whom and what, as `POST Messages.json` has it; `Permanent` where no SMS can."""
    content = request.content
    if not isinstance(content, RequestedContent):
        raise Permanent(f"content of {request.id} is sealed: open it before rendering")
    recipient = content.recipient
    if recipient.kind is not ContactKind.PHONE or recipient.as_written:
        raise Permanent("recipient: no number that an SMS reaches", reason=Reason.ADDRESS_UNKNOWN)
    text = (content.hint or content.text).strip()
    if not text or len(text) > _LONGEST:
        raise Permanent(f"text: 1 to {_LONGEST} characters go by SMS", reason=Reason.TOO_LARGE)
    return {"To": recipient.value, "Body": text}
