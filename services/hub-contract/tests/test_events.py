"""The events: closed, frozen, told apart by type; what is wrong is refused without quoting it."""

import json
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from hub_contract.delivery import Reason
from hub_contract.errors import Permanent
from hub_contract.events import ConversationEvent, DeliveryReported, MessageContent
from hub_contract.topics import from_wire, to_json
from hub_contract.words import Body, ContactKind, ContactPoint

Samples = dict[str, ConversationEvent]
SECRET = "anna@example.org"


def changed(event: ConversationEvent, **fields: Any) -> bytes:
    return json.dumps(json.loads(to_json(event)) | fields).encode()


def test_nothing_is_changed_after_parsing(published: tuple[str, ConversationEvent]) -> None:
    _, event = published
    with pytest.raises(ValidationError, match="frozen"):
        event.id = UUID(int=1)
    assert hash(event) == hash(event.model_copy())


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"type": SECRET}, "union_tag_invalid"),
        ({"type": None}, "union_tag_invalid"),
        ({"channel": SECRET}, "message.received.channel: enum"),
        ({"id": SECRET}, "message.received.id: uuid_parsing"),
        ({"tenant": SECRET}, "message.received.tenant: string_pattern_mismatch"),
        ({"account": SECRET}, "message.received.account: string_pattern_mismatch"),
        ({"received_at": "2026-11-23T12:00:00"}, "message.received.received_at: timezone_aware"),
        ({"received_at": SECRET}, "message.received.received_at: datetime"),
        ({"size": -1}, "message.received.size: greater_than_equal"),
        ({"content": SECRET}, "message.received.content"),
        ({"content": {"subject": SECRET}}, "content is not sealed"),
        ({"content": {"sender": SECRET}}, "message.received.content"),
        ({"content": {SECRET: {"sealed": "x"}}}, "content is not sealed"),
        ({"content": None}, "message.received.content"),
    ],
)
def test_what_is_wrong_is_named_and_never_quoted(
    samples: Samples, fields: dict[str, Any], says: str
) -> None:
    with pytest.raises(Permanent, match="undecodable event") as caught:
        from_wire(changed(samples["message.received.email.sealed"], **fields))
    assert says in str(caught.value)
    assert SECRET not in str(caught.value)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b"null", b"\xff\xfe", b'{"type": "message.received"}', b"[" * 9_999]
)
def test_any_bytes_are_an_event_or_permanently_none(body: bytes) -> None:
    with pytest.raises(Permanent, match="undecodable event"):
        from_wire(body)


def test_a_reason_of_a_newer_release_is_another_reason(samples: Samples) -> None:
    event = from_wire(changed(samples["delivery.reported.email.sealed"], reason="solar_flare"))
    assert isinstance(event, DeliveryReported)
    assert event.reason is Reason.OTHER


@pytest.mark.parametrize(
    ("brought", "kept"),
    [
        ("Gr\udcfc\udcdfe", "Gr\ufffd\ufffde"),
        ("a\0b", "a\ufffdb"),
        ("ä\0", "ä\ufffd"),
        ("\ud83d\udc15", "🐕"),
        ("Grüße 🐕\r\n\t\x1b", "Grüße 🐕\r\n\t\x1b"),
    ],
)
def test_what_a_broken_mail_brings_can_always_be_written(brought: str, kept: str) -> None:
    content = MessageContent(
        subject=brought,
        body=Body(text=brought),
        answers=(brought,),
        sender=ContactPoint(kind=ContactKind.EMAIL, value=brought),
    )
    assert content.subject == content.body.text == content.answers[0] == kept
    assert content.sender
    assert content.sender.value == kept
    assert MessageContent.model_validate_json(content.model_dump_json()) == content
