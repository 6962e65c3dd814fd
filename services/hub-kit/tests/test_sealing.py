"""Sealed events show nothing, and open only whole, in their own place, with their own key."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from hub_contract.delivery import Delivery
from hub_contract.errors import Permanent
from hub_contract.events import (
    DeliveryContent,
    DeliveryReported,
    MessageContent,
    MessageReceived,
    MessageRequested,
    RequestedContent,
    Sealed,
)
from hub_contract.topics import from_wire, to_wire
from hub_contract.words import Body, Channel, ContactKind, ContactPoint
from hub_kit.blobs import FolderBlobs, Packing, read_blob
from hub_kit.sealing import fetch_content, open_event, seal_content, seal_event, shorten

KEY, OTHER = b"k" * 32, b"o" * 32
NOW = datetime(2025, 3, 1, tzinfo=UTC)
ERIKA = ContactPoint(kind=ContactKind.EMAIL, value="erika@example.org", name="Erika")
COMMON = {"tenant": "musterstadt", "channel": Channel.EMAIL, "account": "post"}
RECEIVED = MessageReceived(
    id=UUID(int=1),
    received_at=NOW,
    content=MessageContent(sender=ERIKA, subject="Grüße", body=Body(text="Hallo")),
    **COMMON,
)
REQUESTED = MessageRequested(
    id=UUID(int=2),
    requested_at=NOW,
    conversation_id=UUID(int=3),
    content=RequestedContent(recipient=ERIKA, text="Guten Tag"),
    **COMMON,
)
REPORTED = DeliveryReported(
    id=UUID(int=4),
    message_id=UUID(int=2),
    status=Delivery.FAILED,
    at=NOW,
    content=DeliveryContent(diagnostic="no such user erika@example.org"),
    **COMMON,
)
ALL = [RECEIVED, REQUESTED, REPORTED]


@pytest.mark.parametrize("event", ALL, ids=lambda e: e.type)
def test_an_event_comes_back_whole_over_the_wire(event):
    body = to_wire(seal_event(event, KEY), "test").body
    assert b"erika" not in body.lower()
    assert open_event(from_wire(body), KEY) == event


LONG = "ä\x01\U0001f600" * 100_000
LONGER = {
    "message.received": RECEIVED.content.model_copy(update={"external_id": LONG}),
    "message.requested": REQUESTED.content.model_copy(update={"html": LONG}),
    "delivery.reported": DeliveryContent(diagnostic=LONG),
}


@pytest.mark.parametrize("event", ALL, ids=lambda e: e.type)
async def test_what_is_too_long_to_travel_lies_apart_and_comes_back_whole(event, tmp_path):
    event = event.model_copy(update={"content": LONGER[event.type]})
    packing, blobs = Packing(), FolderBlobs(tmp_path)
    [file] = packing.add("musterstadt/files", [b"a file"], KEY)
    for name in ("", file.name):
        short, where = shorten(seal_event(event, KEY), packing, KEY, name)
        assert where == (name or short.content.blob.name), "beside the other bytes of its event"
        await blobs.put_all(packing.objects)
        body = to_wire(short, "test").body
        assert len(body) < 2_000
        assert open_event(await fetch_content(from_wire(body), blobs, KEY), KEY) == event
    assert await read_blob(blobs, file, KEY) == b"a file"
    with pytest.raises(Permanent):
        open_event(short, KEY)


async def test_what_is_short_travels_as_it_is():
    event, packing = seal_event(RECEIVED, KEY), Packing()
    assert shorten(event, packing, KEY, "here") == (event, "here")
    assert (await fetch_content(event, None, KEY), packing.objects) == (event, {})


@pytest.mark.parametrize("event", ALL, ids=lambda e: e.type)
def test_sealed_twice_or_opened_twice_is_refused(event):
    with pytest.raises(Permanent, match="sealed already"):
        seal_event(seal_event(event, KEY), KEY)
    with pytest.raises(Permanent, match="not sealed"):
        open_event(event, KEY)


def with_content(event, sealed: str):
    return event.model_copy(update={"content": Sealed(sealed=sealed)})


SEALED = seal_event(RECEIVED, KEY)


@pytest.mark.parametrize(
    ("event", "key"),
    [
        (SEALED, OTHER),
        (SEALED.model_copy(update={"id": UUID(int=9)}), KEY),
        (with_content(SEALED, ""), KEY),
        (with_content(SEALED, "AAAA"), KEY),
        (with_content(SEALED, "A"), KEY),  # not base64
        (with_content(SEALED, "*" + SEALED.content.sealed), KEY),
        (with_content(SEALED, "ÄÖÜ="), KEY),
        (with_content(SEALED, "AAAA" + SEALED.content.sealed[4:]), KEY),
        (with_content(SEALED, SEALED.content.sealed[:-8]), KEY),
        (SEALED.model_copy(update={"content": seal_content(b"{", SEALED.id, KEY)}), KEY),
        (SEALED.model_copy(update={"content": seal_content(b"[]", SEALED.id, KEY)}), KEY),
        (SEALED.model_copy(update={"content": seal_content(b"\xff", SEALED.id, KEY)}), KEY),
    ],
)
def test_what_does_not_fit_is_permanent_and_quotes_nothing(event, key):
    with pytest.raises(Permanent) as caught:
        open_event(event, key)
    assert "Erika" not in str(caught.value)


def test_the_content_of_another_event_does_not_open_here():
    other = seal_event(RECEIVED.model_copy(update={"id": UUID(int=7)}), KEY)
    with pytest.raises(Permanent, match="cannot be opened"):
        open_event(SEALED.model_copy(update={"content": other.content}), KEY)
