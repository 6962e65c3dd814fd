"""Turn what an SMSC delivers into an event: pure, total, as `parse` does for Twilio's forms.

Rule 1. Never raise; what cannot be read is kept with its original, and marked.
Rule 2. Parts that are missing leave a sign in the text, and the message is `partial`.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from channel_sms.parse.context import Context
from channel_sms.parse.keywords import read_keyword, read_word
from channel_sms.providers.smpp_pdu import Address, Message, Unreadable, read_message, read_pdus
from channel_sms.providers.smpp_receipt import Receipt
from channel_sms.providers.smpp_text import GSM_7, Piece, join, read_piece
from hub_contract.contact_points import contact_point
from hub_contract.delivery import Delivery, Reason
from hub_contract.events import (
    Arrival,
    DeliveryContent,
    DeliveryReported,
    MessageContent,
    MessageReceived,
)
from hub_contract.ids import received_id, reported_id
from hub_contract.references import find_references
from hub_contract.words import (
    Body,
    Channel,
    ContactKind,
    ContactPoint,
    Evidence,
    Keyword,
    Recipient,
    RecipientRole,
)

_INTERNATIONAL = 1  # type of number
_LATEST = timedelta(days=3)


def parse_deliver(
    raw: bytes, context: Context, external_id: str = "", alphabet: str = GSM_7
) -> Arrival:
    """Return the message of these deliver_sm, one behind the other, in any order.

    `external_id`: what this message is called, since SMPP gives it no name; else it is its bytes.
    """
    messages = [found for pdu in read_pdus(raw) if (found := _read(pdu.body))]
    pieces = [read_piece(message, alphabet) for message in messages]
    text = join(pieces)
    keyword = read_keyword(text)
    digest = "" if external_id else hashlib.sha256(raw).hexdigest()
    event = MessageReceived(
        id=received_id(context.tenant, Channel.SMS, context.account, external_id, digest),
        tenant=context.tenant,
        channel=Channel.SMS,
        account=context.account,
        received_at=context.received_at,
        keyword=keyword,
        no_automatic_answer=read_word(text) in context.answered,
        readable=any(piece.coding for piece in pieces),
        partial=_is_partial(pieces),
        size=len(raw),
        segments=len(pieces) or None,
        content=_content(messages[:1], text, keyword, context),
    )
    return Arrival(event, raw)


def _read(body: bytes) -> Message | None:
    try:
        return read_message(body)
    except Unreadable:
        return None


def _is_partial(pieces: Sequence[Piece]) -> bool:
    return bool(pieces) and len({one.number for one in pieces}) < pieces[0].total


def _content(
    messages: Sequence[Message], text: str, keyword: Keyword, context: Context
) -> MessageContent:
    sender = point_of(messages[0].source, context.country) if messages else None
    to = point_of(messages[0].destination, context.country) if messages else None
    return MessageContent(
        sender=sender,
        recipients=(Recipient(role=RecipientRole.TO, point=to),) if to else (),
        body=Body(text=text),
        references=tuple(find_references(text)),
        evidence=() if keyword is Keyword.NONE else (Evidence(kind="keyword", result=keyword),),
    )


def point_of(address: Address, country: str) -> ContactPoint | None:
    """Return whose number this is: SMSCs write international ones without +."""
    value = address.value.strip()
    if not value:
        return None
    is_bare = address.ton == _INTERNATIONAL and value.isdecimal()
    return contact_point(ContactKind.PHONE, f"+{value}" if is_bare else value, country)


def report(
    raw: bytes, receipt: Receipt, message_id: UUID, status: Delivery, context: Context
) -> Arrival:
    """Return how far a message of ours got; `status` is that of all its parts together."""
    failed = status is Delivery.FAILED
    event = DeliveryReported(
        id=reported_id(context.tenant, Channel.SMS, context.account, message_id, status, "receipt"),
        tenant=context.tenant,
        channel=Channel.SMS,
        account=context.account,
        message_id=message_id,
        status=status,
        reason=receipt.reason if failed else Reason.NONE,
        code=receipt.code if failed else "",
        at=_moment(receipt.done_at, context.received_at),
        content=DeliveryContent(external_id=receipt.ids[0] if receipt.ids else ""),
    )
    return Arrival(event, raw)


def _moment(said: datetime | None, received_at: datetime) -> datetime:
    """Return the SMSC's moment where it can be true: its clock or its time zone may be wrong."""
    is_true = said is not None and received_at - _LATEST <= said <= received_at
    return said if said is not None and is_true else received_at
