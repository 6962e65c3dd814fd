"""Read bounces, delay warnings, delivery and read receipts about mails of ours.

RFC 3464 and RFC 8098 where the peer keeps to them; patterns for qmail, Exchange, Exim and others
that do not. Only what can be tied to a mail of ours is a report; the rest stays a message.
"""

import re
from dataclasses import dataclass
from uuid import UUID

from channel_email.parse.addresses import read_addresses
from channel_email.parse.automatic import DAEMON, is_away
from channel_email.parse.codes import find_code, most_telling
from channel_email.parse.context import Context
from channel_email.parse.decode import clean, to_text
from channel_email.parse.dsn import (
    action_of,
    diagnostic_of,
    most_telling_group,
    read_groups,
    recipient_of,
    status_of,
)
from channel_email.parse.gathered import Gathered
from channel_email.parse.headers import Headers
from channel_email.parse.last_look import names_failures
from channel_email.parse.mime import Part
from channel_email.parse.ours import (
    came_from_nobody,
    find_bounced,
    find_our_id,
    is_our_domain,
    read_envelope_id,
)
from channel_email.parse.reasons import DISPOSITIONS, reason_of
from channel_email.parse.telling import own_words, telling_words
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
    r"|message .{0,30}delayed|non[- ]?delivery|verzögert|rejected|mail failed|unable to deliver"
    r"|return(?:ed|ing) to sender|delivery (?:report|error|problem)|not (?:be )?delivered"
    r"|(?:mail|processing) error"
)
_BODY = re.compile(
    r"(?i)this is the (?:qmail-send program|mail system at)|i(?:'m| am) sorry to have to inform you"
    r"|created automatically by mail delivery software|delivery has failed to these recipients"
    r"|message (?:was|could) not (?:be )?delivered|wasn't delivered to|permanent fatal errors"
    r"|(?:konnte|wurde) (?:\S+ ){0,12}?nicht (?:zugestellt|übermittelt|ausgeliefert)"
    r"|fehler bei der (?:nachrichten)?zustellung|could not be delivered|unable to deliver"
)
_DELAYED = re.compile(
    r"(?i)\bdelayed|\bdelay\b|verzögert|warning: (?:message|could not send)|still being retried"
    r"|will (?:continue|be retried)|keep trying|wird (?:weiter|erneut) versucht"
    r"|warning (?:message )?only|not yet been delivered|noch nicht zugestellt"
    r"|(?:you )?do not need to resend|only a (?:notif|warn)"
)
_ADDRESS = re.compile(r"(?<![\w.+=-])[\w.+=-]{1,64}+@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_OFFICE = re.compile(r"(?i)(?:postmaster|mailer-?daemon|abuse|helpdesk|support)@")
_LONGEST = 1000


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
    headers, kinds = root.headers, {part.media_type for part in root.walk()}
    if kinds & _STATUS or b"x-failed-recipients" in headers:
        return True
    subject = _subject(headers)
    by_daemon = DAEMON.search(headers.text(b"from")) is not None
    nobody = came_from_nobody(headers, context)
    # Out-of-office notes come from nobody too, and go to bounce addresses.
    if is_away(subject) or "message/feedback-report" in kinds:
        return False
    if find_bounced(headers, context) and (by_daemon or _is_report(headers, subject, nobody)):
        return True
    if not (by_daemon or nobody):
        return False
    if by_daemon and _SUBJECT.search(subject):
        return True
    plain = seen.plain()
    return _BODY.search(plain[:4000]) is not None or names_failures(headers, own_words(plain))


def _is_report(headers: Headers, subject: str, nobody: bool) -> bool:
    """Say whether it is a report that came to our bounce address, which is made for nothing else.

    A mailbox that answers by itself takes the address too, and some people's mail programs do.
    """
    answers = (
        headers.text(b"auto-submitted").lower().startswith("auto-replied")
        or headers.text(b"precedence").lower() == "auto_reply"
        or any(name in headers for name in (b"x-autoreply", b"x-autorespond", b"x-autoresponder"))
    )
    return nobody if nobody != answers else _SUBJECT.match(subject) is not None


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
    groups = read_groups(status or receipt)
    message_id = _find_message(root, groups, plain, context)
    if message_id is None:
        return None
    if status is not None:
        return _from_status(message_id, groups, plain, context)
    if receipt is not None:
        return _from_receipt(message_id, groups)
    return _from_words(message_id, root, plain, context)


def _subject(headers: Headers) -> str:
    return headers.words(b"subject")


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


def _from_status(message_id: UUID, groups: list[Headers], plain: str, context: Context) -> Report:
    group = most_telling_group(groups)
    status, own = action_of(group), own_words(plain)
    diagnostic = diagnostic_of(group) or telling_words(own)
    positive = status in (Delivery.DELIVERED, Delivery.SENT)
    code = most_telling(find_code(diagnostic), status_of(group))
    return Report(
        message_id,
        status,
        Reason.NONE if positive else _why(status, status_of(group), diagnostic, own),
        status_of(group) if positive else code,
        recipient_of(group) or _named(own, context),
        clean(decode_words(diagnostic))[:_LONGEST],
    )


def _from_receipt(message_id: UUID, groups: list[Headers]) -> Report:
    group = next((g for g in groups if b"disposition" in g), Headers())
    said = group.text(b"disposition")
    word = said.rpartition(";")[2].strip().lower().partition("/")[0]
    return Report(
        message_id,
        DISPOSITIONS.get(word, Delivery.DELIVERED),
        recipient=recipient_of(group),
        diagnostic=clean(said)[:_LONGEST],
        evidence=(Evidence(kind="read-receipt", result=word or "unknown"),),
    )


def _from_words(message_id: UUID, root: Part, plain: str, context: Context) -> Report:
    own = own_words(plain)
    delayed = _DELAYED.search(_subject(root.headers)) or _DELAYED.search(own)
    telling = telling_words(own)
    failed = read_addresses(root.headers.texts(b"x-failed-recipients"))
    status = Delivery.DEFERRED if delayed else Delivery.FAILED
    return Report(
        message_id,
        status,
        _why(status, find_code(own), telling, own),
        find_code(telling) or find_code(own),
        failed[0].value if failed else _named(own, context),
        telling[:_LONGEST],
    )


def _why(status: Delivery, code: str, words: str, around: str) -> Reason:
    """Return the reason; what is tried again is not too late, as Exchange says it (4.4.7)."""
    reason = reason_of(code, words, around)
    waits = status is Delivery.DEFERRED and reason is Reason.EXPIRED
    return Reason.UNREACHABLE if waits else reason


def _named(words: str, context: Context) -> str:
    """Return the first address that the peer names and that is neither ours nor its own."""
    for match in _ADDRESS.finditer(words):
        ours = is_our_domain(match.group().rpartition("@")[2], context)
        if not ours and not _OFFICE.match(match.group()):
            return match.group()
    return ""
