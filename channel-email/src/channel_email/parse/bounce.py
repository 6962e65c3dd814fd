"""Read bounces, delay warnings, delivery and read receipts about mails of ours.

RFC 3464 and RFC 8098 where the peer keeps to them; patterns for qmail, Exchange, Exim and others
that do not. Only what can be tied to a mail of ours is a report; the rest stays a message.
"""

import re
from dataclasses import dataclass
from uuid import UUID

from channel_email.parse.addresses import read_addresses
from channel_email.parse.automatic import DAEMON, is_away
from channel_email.parse.context import Context
from channel_email.parse.decode import clean, to_text
from channel_email.parse.gathered import Gathered
from channel_email.parse.headers import Headers, read_headers
from channel_email.parse.mime import Part
from channel_email.parse.ours import (
    came_from_nobody,
    find_bounced,
    find_our_id,
    is_our_domain,
    read_envelope_id,
)
from channel_email.parse.reasons import ACTIONS, DISPOSITIONS, reason_of
from channel_email.parse.words import decode_words
from hub_contract.delivery import Delivery, Reason
from hub_contract.words import Evidence

_STATUS = frozenset({"message/delivery-status", "message/global-delivery-status"})
_RECEIPT = frozenset(
    {"message/disposition-notification", "message/global-disposition-notification"}
)
_SUBJECT = re.compile(
    r"(?i)undeliver|unzustellbar|nicht zustellbar|nicht zugestellt|delivery (?:status|failure|has)"
    r"|delivery notification|mail delivery fail|failure notice|returned mail|mail system error"
    r"|could not (?:send|be delivered)|zustell(?:ung|fehler|bericht)|fehler(?:meldung| bei der)"
    r"|message .{0,30}delayed|non[- ]?delivery|verzögert|rejected"
)
_BODY = re.compile(
    r"(?i)this is the (?:qmail-send program|mail system at)|i(?:'m| am) sorry to have to inform you"
    r"|created automatically by mail delivery software|delivery has failed to these recipients"
    r"|message (?:was|could) not (?:be )?delivered|wasn't delivered to|permanent fatal errors"
    r"|(?:konnte|wurde) (?:\S+ ){0,12}?nicht (?:zugestellt|übermittelt|ausgeliefert)"
    r"|fehler bei der (?:nachrichten)?zustellung|could not be delivered|unable to deliver"
)
_DELAYED = re.compile(
    r"(?i)\bdelayed|\bdelay\b|verzögert|warning: (?:message|could not send)"
    r"|will (?:continue|be retried)|keep trying|wird (?:weiter|erneut) versucht"
    r"|not yet been delivered|noch nicht zugestellt|(?:you )?do not need to resend"
)
_CODE = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.]*\d)")
_SMTP_LINE = re.compile(r"(?m)^.{0,200}?\b[45]\d\d[ -].{0,400}")
_WHERE_QUOTED = re.compile(
    r"(?m)^[- \t]*+(?:Below this line is a copy|This is a copy of|Original message headers)"
)
_ADDRESS = re.compile(r"(?<![\w.+=-])[\w.+=-]{1,64}+@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_GROUP = re.compile(rb"\r?\n[ \t]*\r?\n")
_LONGEST = 1000
_LONGEST_STATUS, _MOST_GROUPS = 1024 * 1024, 1000  # bytes of a report, recipients in it


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a mail of ours; `diagnostic` are the peer's own words."""

    message_id: UUID
    status: Delivery
    reason: Reason = Reason.NONE
    code: str = ""
    recipient: str = ""
    diagnostic: str = ""
    evidence: tuple[Evidence, ...] = ()


def is_bounce(root: Part, seen: Gathered, context: Context) -> bool:
    """Say whether a machine reports about a delivery here, of a mail of ours or of anybody's."""
    if any(part.media_type in _STATUS for part in root.walk()):
        return True
    headers = root.headers
    if b"x-failed-recipients" in headers:
        return True
    by_daemon = DAEMON.search(headers.text(b"from")) is not None
    # Out-of-office notes come from nobody too, and go to bounce addresses.
    if not (by_daemon or came_from_nobody(headers, context)) or is_away(_subject(headers)):
        return False
    if by_daemon and _SUBJECT.search(_subject(headers)):
        return True
    return _BODY.search(seen.plain()[:4000]) is not None


def read_report(root: Part, seen: Gathered, context: Context, *, bounce: bool) -> Report | None:
    """Return the report in a mail, or None where it is none about a mail of ours.

    `bounce` is what `is_bounce` says; receipts are no bounces, and reported as well.
    """
    parts = {part.media_type: part for part in root.walk()}
    receipt = next((parts[kind] for kind in parts if kind in _RECEIPT), None)
    if not bounce and receipt is None:
        return None
    status = next((parts[kind] for kind in parts if kind in _STATUS), None)
    plain = seen.plain()
    groups = _read_groups(status or receipt)
    message_id = _find_message(root, groups, plain, context)
    if message_id is None:
        return None
    if status is not None:
        return _from_status(message_id, groups, plain)
    if receipt is not None:
        return _from_receipt(message_id, groups)
    return _from_words(message_id, root, plain, context)


def _subject(headers: Headers) -> str:
    return decode_words(headers.text(b"subject"))


def _read_groups(part: Part | None) -> list[Headers]:
    """Return the groups of fields of a report: one about the mail, then one per recipient."""
    if part is None:
        return []
    groups = []
    said = part.content()[:_LONGEST_STATUS].strip()
    for block in _GROUP.split(said, _MOST_GROUPS)[:_MOST_GROUPS]:
        headers, _ = read_headers(block, 0, len(block))
        groups.append(headers)
    return groups


def _find_message(root: Part, groups: list[Headers], plain: str, context: Context) -> UUID | None:
    if found := find_bounced(root.headers, context):
        return found
    if not context.domain:
        return None
    for group in groups:
        if found := read_envelope_id(group.text(b"original-envelope-id")):
            return found
        if found := find_our_id(group.text(b"original-message-id"), context):
            return found
    for part in root.walk():
        if part.media_type in ("message/rfc822", "text/rfc822-headers", "message/global-headers"):
            text, _ = to_text(part.content()[:65_536])
            if found := find_our_id(text, context):
                return found
    thread = root.headers.text(b"in-reply-to") + " " + root.headers.text(b"references")
    return find_our_id(plain, context) or find_our_id(thread, context)


def _from_status(message_id: UUID, groups: list[Headers], plain: str) -> Report:
    about = [group for group in groups if b"action" in group or b"status" in group]
    group = max(about, key=_weight, default=Headers())
    status = _action(group)
    code = _code(group.text(b"status"))
    said = group.text(b"diagnostic-code")
    diagnostic = said.partition(";")[2].strip() or said or _telling_line(plain)
    if not code.strip("0.") or code in ("5.0.0", "4.0.0"):
        code = _code(diagnostic) or code
    recipient = group.text(b"original-recipient") or group.text(b"final-recipient")
    positive = status in (Delivery.DELIVERED, Delivery.SENT)
    return Report(
        message_id,
        status,
        Reason.NONE if positive else reason_of(code, f"{diagnostic}\n{_own_words(plain)}"),
        code,
        clean(recipient.partition(";")[2].strip() or recipient)[:320],
        clean(decode_words(diagnostic))[:_LONGEST],
    )


def _action(group: Headers) -> Delivery:
    word = group.text(b"action").lower().split(" ")[0].strip(";,")
    # Some leave the action out; the class of the code says the same (RFC 3463 §3.1).
    by_class = {"2": Delivery.DELIVERED, "4": Delivery.DEFERRED, "5": Delivery.FAILED}
    return ACTIONS.get(word) or by_class.get(group.text(b"status")[:1], Delivery.FAILED)


def _weight(group: Headers) -> int:
    """Say how much a recipient's group counts: what failed tells more than what went well."""
    order = (Delivery.SENT, Delivery.DELIVERED, Delivery.DEFERRED, Delivery.FAILED)
    return order.index(_action(group))


def _from_receipt(message_id: UUID, groups: list[Headers]) -> Report:
    group = next((g for g in groups if b"disposition" in g), Headers())
    said = group.text(b"disposition")
    word = said.rpartition(";")[2].strip().lower().partition("/")[0]
    recipient = group.text(b"original-recipient") or group.text(b"final-recipient")
    return Report(
        message_id,
        DISPOSITIONS.get(word, Delivery.DELIVERED),
        recipient=clean(recipient.partition(";")[2].strip() or recipient)[:320],
        diagnostic=clean(said)[:_LONGEST],
        evidence=(Evidence(kind="read-receipt", result=word or "unknown"),),
    )


def _from_words(message_id: UUID, root: Part, plain: str, context: Context) -> Report:
    own = _own_words(plain)
    subject = _subject(root.headers)
    delayed = _DELAYED.search(subject) or _DELAYED.search(own)
    telling = _telling_line(own)
    code = _code(telling) or _code(own)
    failed = read_addresses(root.headers.texts(b"x-failed-recipients"))
    return Report(
        message_id,
        Delivery.DEFERRED if delayed else Delivery.FAILED,
        reason_of(code, f"{telling}\n{own}"),
        code,
        failed[0].value if failed else _named(own, context),
        telling[:_LONGEST],
    )


def _named(words: str, context: Context) -> str:
    """Return the first address that the peer names and that is none of ours."""
    for match in _ADDRESS.finditer(words):
        if not is_our_domain(match.group().rpartition("@")[2], context):
            return match.group()
    return ""


def _own_words(plain: str) -> str:
    """Return what the peer says, without the copy of our mail that it puts below."""
    copy = _WHERE_QUOTED.search(plain)
    return (plain[: copy.start()] if copy else plain)[:8000]


def _code(text: str) -> str:
    match = _CODE.search(text)
    return match[1] if match else ""


def _telling_line(text: str) -> str:
    """Return the line that carries the peer's answer, or the first paragraph that says anything."""
    if match := _SMTP_LINE.search(text):
        return " ".join(match.group().split())
    if match := _BODY.search(text):
        line_end = text.find("\n\n", match.end())
        return " ".join(text[match.start() : line_end if line_end > 0 else None].split())
    return " ".join(text[:400].split())
