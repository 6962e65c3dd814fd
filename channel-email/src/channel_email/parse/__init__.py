"""Turn the bytes of a mail into an event: pure, total, for `receive` and for `faden parse`.

Rule 1. Never raise. What cannot be read is still an arrival, with its original and the reason.
Rule 2. Nothing is lost. Every leaf of the mail is in the text, in the HTML or among the files.
Rule 3. A bounce about a mail of ours is a delivery report; any other bounce is a message.
"""

import hashlib

from channel_email.parse.addresses import read_address
from channel_email.parse.bounce import is_bounce, read_report
from channel_email.parse.compose import received, reported
from channel_email.parse.context import Context
from channel_email.parse.gather import gather
from channel_email.parse.mime import read_tree
from hub_contract.events import Arrival, MessageContent, MessageReceived
from hub_contract.ids import received_id
from hub_contract.problems import Problem, ProblemCode
from hub_contract.words import Channel

__all__ = ["Context", "parse"]


def parse(raw: bytes, context: Context) -> Arrival:
    """Return what arrived: `message.received`, or `delivery.reported` about a mail of ours.

    Total: any bytes give an arrival, whose `original` they are. `files` are the attachments'
    decoded bytes, in the order of `event.content.attachments`.
    """
    try:
        return read(raw, context)
    # The outermost boundary of the parser. Fuzzing `read` has found nothing that gets here; a
    # mail that one day does must be kept and shown, not bounced or fetched again for ever.
    except Exception as error:  # noqa: BLE001
        return _unread(raw, context, type(error).__name__)


def read(raw: bytes, context: Context) -> Arrival:
    """Do the work of `parse`, without its safety net: the tests take this one."""
    root = read_tree(raw)
    seen = gather(root)
    bounce = is_bounce(root, seen, context)
    if report := read_report(root, seen, context, bounce=bounce):
        return reported(raw, root, report, context)
    return received(raw, root, seen, context, bounce=bounce)


def _unread(raw: bytes, context: Context, fault: str) -> Arrival:
    digest = hashlib.sha256(raw).hexdigest()
    event = MessageReceived(
        id=received_id(context.tenant, "email", context.account, "", digest),
        tenant=context.tenant,
        channel=Channel.EMAIL,
        account=context.account,
        received_at=context.received_at,
        readable=False,
        size=len(raw),
        content=MessageContent(
            sender=read_address(context.envelope_from),
            problems=(Problem(code=ProblemCode.UNREADABLE, about=fault),),
        ),
    )
    return Arrival(event, raw)
