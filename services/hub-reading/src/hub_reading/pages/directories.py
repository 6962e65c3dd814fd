"""The directories of a TIFF: one for each page, chained by offsets that nobody may trust.

TIFF 6.0 (Adobe, 1992) section 2; BigTIFF (magic 43) has offsets of eight bytes.
"""

import struct
from dataclasses import dataclass

MOST = 20_000  # directories that are looked for; a fax has a few, a batch some hundred


class Damaged(Exception):  # noqa: N818 - it never leaves this package
    """The file contradicts itself; the text says where."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How this TIFF writes its numbers."""

    order: str  # "<" or ">"
    big: bool

    @property
    def offset(self) -> struct.Struct:
        return struct.Struct(self.order + ("Q" if self.big else "I"))

    @property
    def count(self) -> struct.Struct:
        return struct.Struct(self.order + ("Q" if self.big else "H"))

    @property
    def first_at(self) -> int:
        return 8 if self.big else 4

    @property
    def entry_size(self) -> int:
        return 20 if self.big else 12


@dataclass(frozen=True, slots=True)
class Directories:
    at: tuple[int, ...]  # offsets, in the order of the pages
    whole: bool  # False: the chain breaks off, turns in a circle, or is too long


def shape_of(raw: bytes) -> Shape:
    order = "<" if raw[:2] == b"II" else ">"
    return Shape(order, struct.unpack_from(order + "H", raw, 2)[0] == 43)


def directories(raw: bytes, most: int = MOST) -> Directories:
    """Return where the pages' directories are, as far as their chain can be followed."""
    if len(raw) < 8:
        return Directories((), whole=False)
    shape = shape_of(raw)
    found: dict[int, None] = {}
    link = shape.first_at
    while True:
        at = _number(shape.offset, raw, link)
        if at == 0:
            return Directories(tuple(found), whole=True)
        entries = None if at is None else _number(shape.count, raw, at)
        if at is None or not entries or at in found or len(found) >= most:
            return Directories(tuple(found), whole=False)
        link = at + shape.count.size + entries * shape.entry_size
        if link > len(raw):
            return Directories(tuple(found), whole=False)
        found[at] = None


def _number(form: struct.Struct, raw: bytes, at: int) -> int | None:
    if at < 0 or at + form.size > len(raw):
        return None
    number: int = form.unpack_from(raw, at)[0]
    return number


def beginning_at(raw: bytes, at: int) -> bytes:
    """Return the file with the page whose directory is at `at` as its first one."""
    shape = shape_of(raw)
    first = shape.first_at
    return raw[:first] + shape.offset.pack(at) + raw[first + shape.offset.size :]
