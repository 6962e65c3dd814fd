"""The wire: which topic, which key, which headers, and nothing personal in the clear."""

import json
from itertools import chain
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel

from hub_contract.errors import Permanent
from hub_contract.events import ConversationEvent, MessageReceived, Sealed, SealedKind
from hub_contract.topics import TOPICS, key_of, occurred_at, to_wire, topic_of
from hub_contract.words import Channel

Samples = dict[str, ConversationEvent]
Sample = tuple[str, ConversationEvent]
CONVERSATION, MESSAGE, TRANSACTION, CALL = (UUID(int=n, version=5) for n in (900, 200, 950, 970))


@pytest.mark.parametrize(
    ("name", "topic", "key"),
    [
        ("message.received.email", "faden.message.received", "musterstadt/6b1f0e8a"),
        (
            "message.received.fax",
            "faden.message.received",
            f"musterstadt/{UUID(int=103, version=5)}",
        ),
        ("message.read.fax", "faden.message.read", f"musterstadt/{UUID(int=103, version=5)}"),
        ("message.requested.email", "faden.message.requested.email", f"musterstadt/{CONVERSATION}"),
        ("message.requested.sms", "faden.message.requested.sms", f"musterstadt/{CONVERSATION}"),
        ("message.requested.fax", "faden.message.requested.fax", f"musterstadt/{CONVERSATION}"),
        ("message.requested.paper", "faden.message.requested.paper", f"musterstadt/{CONVERSATION}"),
        ("message.requested.web", "faden.message.requested.web", f"musterstadt/{CONVERSATION}"),
        ("message.requested.phone", "faden.message.requested.phone", f"musterstadt/{CONVERSATION}"),
        ("delivery.reported.sms", "faden.delivery.reported", f"musterstadt/{MESSAGE}"),
        ("call.rang.phone", "faden.call.rang", f"musterstadt/{CALL}"),
        ("entry.appended", "faden.entry.appended", f"kleindorf/{CONVERSATION}"),
        ("transaction.changed", "faden.transaction.changed", f"kleindorf/{TRANSACTION}"),
    ],
)
def test_every_event_has_its_topic_and_its_key(
    samples: Samples, name: str, topic: str, key: str
) -> None:
    assert (topic_of(samples[name]), key_of(samples[name])) == (topic, key)


def test_topics_are_kept_apart_and_never_reshaped() -> None:
    assert len({topic.name for topic in TOPICS}) == len(TOPICS) == 6 + len(Channel)
    assert {topic.partitions for topic in TOPICS} == {6}


def test_headers_are_cloudevents(samples: Samples) -> None:
    event = samples["message.received.email.sealed"]
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    assert to_wire(event, "/channel-email", trace).headers == [
        ("ce_specversion", b"1.0"),
        ("ce_id", b"00000000-0000-5000-8000-000000000065"),
        ("ce_type", b"message.received"),
        ("ce_source", b"/channel-email"),
        ("ce_time", b"2026-11-23T12:00:00.123456+00:00"),
        ("ce_tenant", b"musterstadt"),
        ("content-type", b"application/json"),
        ("traceparent", trace.encode()),
    ]
    assert "traceparent" not in dict(to_wire(event, "/channel-email").headers)


def test_the_same_event_is_the_same_wire(sealed: Sample) -> None:
    _, event = sealed
    wire = to_wire(event, "/test")
    assert wire == to_wire(event.model_copy(), "/test")
    assert wire.time == occurred_at(event)
    assert UUID(json.loads(wire.body)["id"]) == wire.id == event.id


def texts(value: Any) -> list[str]:
    """Return every text within a value."""
    if isinstance(value, tuple):
        return list(chain.from_iterable(map(texts, value)))
    if isinstance(value, BaseModel):
        return list(chain.from_iterable(texts(field) for _, field in value))
    return [value] if type(value) is str and len(value) > 2 else []


def test_nothing_of_the_content_is_readable(opened: Sample) -> None:
    _, event = opened
    assert isinstance(event, SealedKind)
    wire = to_wire(event.model_copy(update={"content": Sealed(sealed="????")}), "/test")
    readable = b"\n".join([wire.key.encode(), wire.body, *(v for _, v in wire.headers)])
    # Words of the vocabulary and names of sealed blobs may stand in the clear: they say nothing.
    public = ("form", "musterstadt/")
    personal = [text for text in texts(event.content) if not text.startswith(public)]
    assert [text for text in personal if text.encode() in readable] == []


def test_free_text_has_no_place_in_the_clear(samples: Samples) -> None:
    free = {
        f"{type(event).__name__}.{name}"
        for event in samples.values()
        for name, field in type(event).model_fields.items()
        if field.annotation is str and "pattern" not in str(field.metadata)
    }
    assert free == {
        "MessageReceived.sender_key",  # an HMAC
        "MessageRequested.recipient_key",  # another
        "DeliveryReported.code",  # the peer's code
        "CallRang.sender_key",  # an HMAC
        "EntryAppended.kind",
        "TransactionChanged.public_service",  # names of our catalogue
        "TransactionChanged.requirement",
    }


def test_an_open_content_is_refused(samples: Samples) -> None:
    event = samples["message.received.email"]
    assert isinstance(event, MessageReceived)
    with pytest.raises(Permanent) as caught:
        to_wire(event, "/test")
    assert str(caught.value) == f"message.received {event.id} would travel unsealed"
