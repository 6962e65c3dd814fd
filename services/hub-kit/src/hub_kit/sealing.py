"""Seals an opened event for the bus and opens a sealed one."""

import base64
from typing import TypeVar, cast
from uuid import UUID

from pydantic import BaseModel

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
from hub_kit.keys import open_sealed, seal

E = TypeVar("E", bound=MessageReceived | MessageRequested | DeliveryReported)
_CONTENT: dict[type, type[BaseModel]] = {
    MessageReceived: MessageContent,
    MessageRequested: RequestedContent,
    DeliveryReported: DeliveryContent,
}


def seal_event(event: E, key: bytes) -> E:
    """Return the event with its content sealed under `key`."""
    if isinstance(event.content, Sealed):
        raise Permanent(f"{event.type} {event.id} is sealed already")
    plain = event.content.model_dump_json(exclude_defaults=True).encode()
    return cast("E", event.model_copy(update={"content": seal_content(plain, event.id, key)}))


def seal_content(plain: bytes, owner: UUID, key: bytes) -> Sealed:
    sealed = seal(key, plain, owner.bytes + b"content")
    return Sealed(sealed=base64.b64encode(sealed).decode())


def open_event(event: E, key: bytes) -> E:
    """Return the event with its content opened; `Permanent` if key or content do not fit."""
    plain = open_content(event, key)
    try:
        content = _CONTENT[type(event)].model_validate_json(plain)
    except ValueError:
        raise Permanent(f"content of {event.type} {event.id} is not of its class") from None
    return cast("E", event.model_copy(update={"content": content}))


def open_content(event: MessageReceived | MessageRequested | DeliveryReported, key: bytes) -> bytes:
    if not isinstance(event.content, Sealed):
        raise Permanent(f"{event.type} {event.id} is not sealed")
    try:
        sealed = base64.b64decode(event.content.sealed, validate=True)
    except ValueError:
        raise Permanent(f"content of {event.type} {event.id} is not base64") from None
    return open_sealed(key, sealed, event.id.bytes + b"content")
