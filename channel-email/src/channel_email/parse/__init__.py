"""Turn the bytes of a mail into an event: pure, total, for `receive` and for `faden parse`.

Rule 1. Never raise. What cannot be read is still an arrival, with its original and the reason.
Rule 2. Nothing is lost. Every leaf of the mail is in the text, in the HTML or among the files.
Rule 3. A bounce about a mail of ours is a delivery report; any other bounce is a message.
"""

from channel_email.parse.bounce import is_bounce, read_report
from channel_email.parse.compose import received, reported
from channel_email.parse.context import Context
from channel_email.parse.gather import gather
from channel_email.parse.mime import read_tree
from channel_email.parse.plain import keep_unread
from hub_contract.events import Arrival, Arriving
from hub_contract.problems import Problem, ProblemCode

__all__ = ["Context", "keep_unread", "parse", "parse_apart"]


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
        return keep_unread(raw, context, _fault(error))


def read(raw: bytes, context: Context) -> Arrival:
    """Do the work of `parse`, without its safety net: the tests take this one."""
    root = read_tree(raw)
    seen = gather(root)
    bounce = is_bounce(root, seen, context)
    if report := read_report(root, seen, context, bounce=bounce):
        return reported(raw, root, report, context)
    return received(raw, root, seen, context, bounce=bounce)


def parse_apart(raw: bytes, context: Context) -> tuple[Arriving, tuple[bytes, ...]]:
    """Do the work of `parse` where memory is bounded: event and files; the caller has the bytes.

    `MemoryError`: it was not enough.
    """
    try:
        arrival = read(raw, context)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - as in `parse`
        arrival = keep_unread(raw, context, _fault(error))
    return arrival.event, arrival.files


def _fault(error: Exception) -> Problem:
    return Problem(code=ProblemCode.UNREADABLE, about=type(error).__name__)
