"""Turn what Twilio says of an SMS into an event: pure, total, for `receive` and `faden parse`.

Rule 1. Never raise; what cannot be read is kept with its original, and marked.
Rule 2. The same message is the same event, whether it came by a hook or from Twilio's log.
"""

import hashlib
from collections.abc import Mapping, Sequence
from uuid import UUID

from channel_sms.parse.context import Context
from channel_sms.parse.keywords import read_keyword, read_word
from channel_sms.providers.media import Media
from channel_sms.providers.twilio_codes import reason_of, status_of
from hub_contract.contact_points import contact_point
from hub_contract.delivery import Delivery
from hub_contract.events import (
    Arrival,
    DeliveryContent,
    DeliveryReported,
    MessageContent,
    MessageReceived,
)
from hub_contract.ids import received_id, reported_id
from hub_contract.problems import Problem, ProblemCode
from hub_contract.references import find_references
from hub_contract.words import (
    Attachment,
    Body,
    Channel,
    ContactKind,
    Evidence,
    Keyword,
    Recipient,
    RecipientRole,
)
from hub_kit import files
from hub_kit.forms import read_form

__all__ = ["Context", "Media", "parse", "parse_status"]
_FAULTS = {"too_large": ProblemCode.FILE_TOO_LARGE, "missing": ProblemCode.FILE_MISSING}


def parse(raw: bytes, context: Context, media: Sequence[Media] = ()) -> Arrival:
    """Return the message that this form tells of; `media` is what came with it, in order."""
    said = read_form(raw)
    sid = said.get("MessageSid") or said.get("SmsSid", "")
    readable = bool(sid or said.get("From") or said.get("Body"))
    digest = "" if sid else hashlib.sha256(raw).hexdigest()
    keyword = read_keyword(said.get("Body", ""), said.get("OptOutType", ""))
    event = MessageReceived(
        id=received_id(context.tenant, Channel.SMS, context.account, sid, digest),
        tenant=context.tenant,
        channel=Channel.SMS,
        account=context.account,
        received_at=context.received_at,
        keyword=keyword,
        no_automatic_answer=_is_answered(said, context),
        readable=readable,
        size=len(raw),
        segments=_number(said.get("NumSegments", "")),
        content=_content(said, context, keyword, media),
    )
    return Arrival(event, raw, tuple(one.data for one in media if not one.fault))


def _is_answered(said: Mapping[str, str], context: Context) -> bool:
    """Say whether Twilio has answered it: by its own word, or as it does unless told not to."""
    word = read_word(said.get("Body", ""))
    return bool(said.get("OptOutType", "").strip()) or word in context.answered


def _content(
    said: Mapping[str, str], context: Context, keyword: Keyword, media: Sequence[Media]
) -> MessageContent:
    text = said.get("Body", "")
    numbers = {
        name: contact_point(ContactKind.PHONE, said[name], context.country)
        for name in ("From", "To")
        if said.get(name)
    }
    to = numbers.get("To")
    return MessageContent(
        sender=numbers.get("From"),
        recipients=(Recipient(role=RecipientRole.TO, point=to),) if to else (),
        body=Body(text=text),
        external_id=said.get("MessageSid", ""),
        references=tuple(find_references(text)),
        attachments=_describe([one for one in media if not one.fault]),
        evidence=() if keyword is Keyword.NONE else (Evidence(kind="keyword", result=keyword),),
        problems=tuple(
            Problem(code=_FAULTS[one.fault], about=one.media_type) for one in media if one.fault
        ),
    )


def _describe(media: Sequence[Media]) -> tuple[Attachment, ...]:
    described = []
    for number, one in enumerate(media, start=1):
        media_type = files.type_by_content(one.data) or one.media_type or files.UNKNOWN
        name = f"{number}{files.ending_of(media_type)}"
        described.append(Attachment(file_name=name, media_type=media_type, size=len(one.data)))
    return tuple(described)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None


def parse_status(raw: bytes, message: str, context: Context) -> Arrival | None:
    """Return how far a message of ours got; None where the form says nothing of one.

    `message` is our own id, as we wrote it into the address that Twilio calls.
    """
    said = read_form(raw)
    status = status_of(said.get("MessageStatus") or said.get("SmsStatus", ""))
    message_id = _uuid(message)
    if status is None or message_id is None:
        return None
    code = said.get("ErrorCode", "")
    event = DeliveryReported(
        id=reported_id(
            context.tenant,
            Channel.SMS,
            context.account,
            message_id,
            status,
            said.get("MessageSid", ""),
            code,
        ),
        tenant=context.tenant,
        channel=Channel.SMS,
        account=context.account,
        message_id=message_id,
        status=status,
        reason=reason_of(code) if status is Delivery.FAILED else reason_of(""),
        code=code,
        at=context.received_at,
        content=DeliveryContent(
            external_id=said.get("MessageSid", ""), diagnostic=said.get("ErrorMessage", "")
        ),
    )
    return Arrival(event, raw)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
