"""Read the machine's part of a report: groups of fields about a mail and each of its recipients.

RFC 3464 and RFC 8098, as they are written: blank lines too many, types left out, no recipient.
"""

import re

from channel_email.parse.codes import find_code
from channel_email.parse.decode import clean
from channel_email.parse.headers import Headers, read_headers
from channel_email.parse.mime import Part
from channel_email.parse.reasons import ACTIONS
from hub_contract.delivery import Delivery

_BETWEEN = re.compile(rb"\r?\n(?:[ \t]*+\r?\n)+")
_TYPED = re.compile(r"\s*+[\w.-]{1,40}+\s*+;")
_LONGEST, _MOST = 1024 * 1024, 1000  # bytes of a report, recipients in it
_RECIPIENT = (b"original-recipient", b"final-recipient", b"x-actual-recipient")


def read_groups(part: Part | None) -> list[Headers]:
    """Return the groups of fields of a report: one about the mail, then one per recipient."""
    if part is None:
        return []
    groups = []
    for block in _BETWEEN.split(part.content()[:_LONGEST].strip(), _MOST)[:_MOST]:
        headers, _ = read_headers(block, 0, len(block))
        groups.append(headers)
    return groups


def most_telling_group(groups: list[Headers]) -> Headers:
    """Return the group of the recipient where it went worst; an empty one where there is none."""
    about = [group for group in groups if b"action" in group or b"status" in group]
    return max(about, key=_weight, default=Headers())


def action_of(group: Headers) -> Delivery:
    word = group.text(b"action").lower().split(" ")[0].strip(";,")
    # Some leave the action out; the class of the code says the same (RFC 3463 §3.1).
    by_class = {"2": Delivery.DELIVERED, "4": Delivery.DEFERRED, "5": Delivery.FAILED}
    return ACTIONS.get(word) or by_class.get(group.text(b"status")[:1], Delivery.FAILED)


def status_of(group: Headers) -> str:
    return find_code(group.text(b"status"))


def recipient_of(group: Headers) -> str:
    """Return the address of the recipient, as it was written; "" where the group has none."""
    for name in _RECIPIENT:
        if said := _untyped(group.text(name)):
            return clean(said).strip("<> ")[:320]
    return ""


def diagnostic_of(group: Headers) -> str:
    return _untyped(group.text(b"diagnostic-code"))


def _untyped(text: str) -> str:
    """Return a field without the type in front of it, which some leave out: "smtp; 550 No"."""
    typed = _TYPED.match(text)
    return text[typed.end() if typed else 0 :].strip()


def _weight(group: Headers) -> int:
    """Say how much a recipient's group counts: what failed tells more than what went well."""
    order = (Delivery.SENT, Delivery.DELIVERED, Delivery.DEFERRED, Delivery.FAILED)
    return order.index(action_of(group))
