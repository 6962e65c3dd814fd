"""Keep a mail that could not be read: its bytes, and what its header says by the plainest way.

It has the id that reading it would have given it, so a peer that sends it again, or a mailbox that
is looked at again after a restart, brings nothing new.
"""

import hashlib
from collections.abc import Callable
from typing import TypeVar

from channel_email.parse.addresses import read_address, read_addresses
from channel_email.parse.context import Context
from channel_email.parse.dates import read_date
from channel_email.parse.fields import Field
from channel_email.parse.headers import Headers, read_headers
from channel_email.parse.identify import content_hash, message_id_of
from channel_email.parse.mime import Part
from channel_email.parse.words import decode_words
from hub_contract.events import Arrival, MessageContent, MessageReceived
from hub_contract.ids import received_id
from hub_contract.problems import Problem
from hub_contract.words import Channel, ContactPoint, Recipient, RecipientRole

_LONGEST = 2_000  # characters of a field; what an honest one says stands at its beginning
T = TypeVar("T")


def keep_unread(raw: bytes, context: Context, problem: Problem) -> Arrival:
    """Return the arrival of a mail that could not be read, and why. Never raises."""
    root = _attempt(lambda: _root(raw), _without_header(raw))
    headers = root.headers
    senders, to = _addresses(headers, b"from"), _addresses(headers, b"to")
    happened_at = _attempt(lambda: read_date(_text(headers, b"date"), context.received_at), None)
    external_id = _attempt(lambda: message_id_of(root), "")
    digest = _attempt(lambda: content_hash(root), hashlib.sha256(raw).hexdigest())
    event = MessageReceived(
        id=received_id(context.tenant, "email", context.account, external_id, digest),
        tenant=context.tenant,
        channel=Channel.EMAIL,
        account=context.account,
        happened_at=happened_at,
        received_at=context.received_at,
        readable=False,
        size=len(raw),
        content=MessageContent(
            sender=senders[0] if senders else read_address(context.envelope_from),
            recipients=tuple(Recipient(role=RecipientRole.TO, point=one) for one in to),
            subject=_attempt(lambda: decode_words(_text(headers, b"subject")), ""),
            external_id=external_id,
            problems=(problem,),
        ),
    )
    return Arrival(event, raw)


def _root(raw: bytes) -> Part:
    whole = raw if b"\n" in raw else raw.replace(b"\r", b"\n")  # as `read_tree` does
    headers, body = read_headers(whole, 0, len(whole), whole_mail=True)
    return _part(whole, body, headers)


def _without_header(raw: bytes) -> Part:
    return _part(raw, 0, Headers())


def _part(raw: bytes, body: int, headers: Headers) -> Part:
    return Part(raw, body, len(raw), headers, "text/plain", {}, Field("", {}))


def _addresses(headers: Headers, name: bytes) -> tuple[ContactPoint, ...]:
    nobody: tuple[ContactPoint, ...] = ()
    return _attempt(lambda: read_addresses([_text(headers, name)]), nobody)


def _text(headers: Headers, name: bytes) -> str:
    return headers.text(name)[:_LONGEST]


def _attempt(read: Callable[[], T], otherwise: T) -> T:
    """Return what can be read; the fault that brought us here may be in the way of any of it."""
    try:
        return read()
    except Exception:  # noqa: BLE001 - the last resort: nothing here may keep a mail from being kept
        return otherwise
