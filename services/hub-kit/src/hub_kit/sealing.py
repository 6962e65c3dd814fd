"""Seals an opened event for the bus and opens a sealed one; what is too long goes to the blobs."""

import base64
from collections.abc import Mapping
from datetime import UTC
from typing import TypeVar, cast
from uuid import UUID

from pydantic import BaseModel

from hub_contract.errors import Permanent
from hub_contract.events import (
    CallContent,
    CallRang,
    DeliveryContent,
    DeliveryReported,
    MessageContent,
    MessageRead,
    MessageReceived,
    MessageRequested,
    ReadContent,
    RequestedContent,
    Sealed,
    SealedKind,
)
from hub_contract.topics import occurred_at
from hub_kit.blobs import Blobs, Packing, read_blob
from hub_kit.keys import open_sealed, seal

TRAVELS = 256 * 1024  # characters of a sealed content that may travel

E = TypeVar("E", bound=SealedKind)
_CONTENT: dict[type, type[BaseModel]] = {
    MessageReceived: MessageContent,
    MessageRead: ReadContent,
    MessageRequested: RequestedContent,
    DeliveryReported: DeliveryContent,
    CallRang: CallContent,
}


def seal_event(event: E, key: bytes, changes: Mapping[str, object] | None = None) -> E:
    """Return the event with its content sealed under `key`; `changes` are made in the same copy."""
    update = dict(changes or {})
    content = cast("BaseModel", update.get("content", event.content))
    if isinstance(content, Sealed):
        raise Permanent(f"{event.type} {event.id} is sealed already")
    plain = content.model_dump_json(exclude_defaults=True).encode()
    update["content"] = seal_content(plain, event.id, key)
    return cast("E", event.model_copy(update=update))


def shorten(event: E, packing: Packing, key: bytes, name: str = "") -> tuple[E, str]:
    """Return the event so short that it may travel, and the object of its bytes.

    `name`: where bytes of this event lie already; what is too long goes behind them.
    """
    if not isinstance(event.content, Sealed) or len(event.content.sealed) <= TRAVELS:
        return event, name
    folder = f"{event.tenant}/{occurred_at(event).astimezone(UTC).date()}"
    [blob] = packing.add(folder, [sealed_bytes(event)], key, behind=name)
    content = Sealed(sealed="", blob=blob)
    return cast("E", event.model_copy(update={"content": content})), blob.name


async def fetch_content(event: E, blobs: Blobs, key: bytes) -> E:
    """Return the event with its sealed content at hand, wherever that lies."""
    if not isinstance(event.content, Sealed) or event.content.blob is None:
        return event
    sealed = await read_blob(blobs, event.content.blob, key)
    content = Sealed(sealed=base64.b64encode(sealed).decode())
    return cast("E", event.model_copy(update={"content": content}))


def seal_content(plain: bytes, owner: UUID, key: bytes) -> Sealed:
    return Sealed(sealed=base64.b64encode(seal_bytes(plain, owner, key)).decode())


def seal_bytes(plain: bytes, owner: UUID, key: bytes) -> bytes:
    """Return a content as it lies in a table: the bytes that `Sealed` carries as base64."""
    return seal(key, plain, owner.bytes + b"content")


def open_bytes(sealed: bytes, owner: UUID, key: bytes) -> bytes:
    return open_sealed(key, sealed, owner.bytes + b"content")


def open_event(event: E, key: bytes) -> E:
    """Return the event with its content opened; `Permanent` if key or content do not fit."""
    plain = open_content(event, key)
    try:
        content = _CONTENT[type(event)].model_validate_json(plain)
    except ValueError:
        raise Permanent(f"content of {event.type} {event.id} is not of its class") from None
    return cast("E", event.model_copy(update={"content": content}))


def open_content(event: SealedKind, key: bytes) -> bytes:
    return open_bytes(sealed_bytes(event), event.id, key)


def sealed_bytes(event: SealedKind) -> bytes:
    """Return the sealed content of an event as it lies in a table."""
    if not isinstance(event.content, Sealed):
        raise Permanent(f"{event.type} {event.id} is not sealed")
    try:
        return base64.b64decode(event.content.sealed, validate=True)
    except ValueError:
        raise Permanent(f"content of {event.type} {event.id} is not base64") from None
