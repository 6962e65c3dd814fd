"""Seals what the desk keeps: a key of its own for each row, wrapped beside it, gone with it."""

from typing import Any
from uuid import UUID

from asyncpg import Record
from pydantic_core import from_json, to_json

from hub_kit.keys import KeyRing
from hub_kit.sealing import open_bytes, seal_bytes


def seal_value(ring: KeyRing, owner: UUID, value: Any) -> tuple[bytes, bytes]:
    """Return the wrapped key and the sealed JSON of a value."""
    key = ring.new_key()
    return ring.wrap(key, owner), seal_bytes(to_json(value), owner, key)


def open_value(ring: KeyRing, owner: UUID, row: Record) -> Any:
    """Return what `seal_value` has sealed; `row` has `wrapped` and `sealed`."""
    return from_json(open_bytes(row["sealed"], owner, ring.unwrap(row["wrapped"], owner)))


def seal_file(ring: KeyRing, owner: UUID, head: Any, data: bytes) -> tuple[bytes, bytes, bytes]:
    """Return the wrapped key, the sealed head, and the sealed bytes of a file."""
    key = ring.new_key()
    return (
        ring.wrap(key, owner),
        seal_bytes(to_json(head), owner, key),
        seal_bytes(data, owner, key),
    )


def open_data(ring: KeyRing, owner: UUID, row: Record) -> bytes:
    """Return the bytes of a file; `row` has `wrapped` and `data`."""
    return open_bytes(row["data"], owner, ring.unwrap(row["wrapped"], owner))
