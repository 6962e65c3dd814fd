"""Which event goes where, under which key, and what it looks like on the wire.

CloudEvents 1.0, Kafka binary mode: attributes travel as `ce_*` headers, the body is the event.
https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import ValidationError

from hub_contract.errors import Permanent
from hub_contract.events import (
    CONVERSATION_EVENT,
    CallRang,
    ConversationEvent,
    DeliveryReported,
    EntryAppended,
    MessageRead,
    MessageReceived,
    MessageRequested,
    Sealed,
    SealedKind,
    TransactionChanged,
)
from hub_contract.words import Channel


@dataclass(frozen=True, slots=True)
class Topic:
    name: str
    partitions: int = 6  # never changed: a key would move
    retention_days: int = 28


RECEIVED = Topic("faden.message.received")
READ = Topic("faden.message.read")
REPORTED = Topic("faden.delivery.reported")
RANG = Topic("faden.call.rang", retention_days=1)  # of no use once the call has ended
APPENDED = Topic("faden.entry.appended")
CHANGED = Topic("faden.transaction.changed")
REQUESTED = {channel: Topic(f"faden.message.requested.{channel}") for channel in Channel}
TOPICS = (RECEIVED, READ, REPORTED, RANG, APPENDED, CHANGED, *REQUESTED.values())


@dataclass(frozen=True, slots=True)
class Wire:
    """An event as it lies in the log and on the bus; `body` is the event as JSON, sealed."""

    topic: str
    key: str
    id: UUID
    tenant: str
    type: str
    source: str
    time: datetime
    traceparent: str
    body: bytes

    @property
    def headers(self) -> list[tuple[str, bytes]]:
        headers = [
            ("ce_specversion", b"1.0"),
            ("ce_id", str(self.id).encode()),
            ("ce_type", self.type.encode()),
            ("ce_source", self.source.encode()),
            ("ce_time", self.time.isoformat().encode()),
            ("ce_tenant", self.tenant.encode()),
            ("content-type", b"application/json"),
        ]
        if self.traceparent:
            headers.append(("traceparent", self.traceparent.encode()))
        return headers


def topic_of(event: ConversationEvent) -> str:
    match event:
        case MessageReceived():
            topic = RECEIVED
        case MessageRead():
            topic = READ
        case MessageRequested():
            topic = REQUESTED[event.channel]
        case DeliveryReported():
            topic = REPORTED
        case CallRang():
            topic = RANG
        case EntryAppended():
            topic = APPENDED
        case TransactionChanged():
            topic = CHANGED
    return topic.name


def key_of(event: ConversationEvent) -> str:
    """Return what keeps its order: nothing personal, since keys are readable."""
    match event:
        case MessageReceived():
            return f"{event.tenant}/{event.sender_key or event.id}"
        case MessageRequested() | EntryAppended():
            return f"{event.tenant}/{event.conversation_id}"
        case MessageRead() | DeliveryReported():
            return f"{event.tenant}/{event.message_id}"
        case CallRang():
            return f"{event.tenant}/{event.call_id}"
        case TransactionChanged():
            return f"{event.tenant}/{event.transaction_id}"


def occurred_at(event: ConversationEvent) -> datetime:
    """Return when it happened by our clock: the `ce_time` of the event."""
    match event:
        case MessageReceived():
            return event.received_at
        case MessageRequested():
            return event.requested_at
        case (
            MessageRead() | DeliveryReported() | CallRang() | EntryAppended() | TransactionChanged()
        ):
            return event.at


def to_wire(event: ConversationEvent, source: str, traceparent: str = "") -> Wire:
    """Return the event as it travels; `Permanent` if its content is open."""
    if not _is_sealed(event):
        raise Permanent(f"{event.type} {event.id} would travel unsealed")
    return Wire(
        topic=topic_of(event),
        key=key_of(event),
        id=event.id,
        tenant=event.tenant,
        type=event.type,
        source=source,
        time=occurred_at(event),
        traceparent=traceparent,
        body=to_json(event),
    )


def to_json(event: ConversationEvent) -> bytes:
    return event.model_dump_json(exclude_none=True).encode()


def from_wire(body: bytes) -> ConversationEvent:
    """Return the event of these bytes; `Permanent` names what is wrong, never quoting content."""
    try:
        event = CONVERSATION_EVENT.validate_json(body)
    except ValidationError as error:
        faults = (f"{'.'.join(map(str, f['loc'])) or 'body'}: {f['type']}" for f in error.errors())
        raise Permanent("undecodable event: " + "; ".join(list(faults)[:5])) from None
    # Every field of a content has a default, so a broken seal would pass for an empty message.
    if not _is_sealed(event):
        raise Permanent("undecodable event: content is not sealed")
    return event


def _is_sealed(event: ConversationEvent) -> bool:
    return not isinstance(event, SealedKind) or isinstance(event.content, Sealed)
