"""Some pages of a TIFF as a TIFF: directories are written anew, their pixels copied as they are."""

import struct
from dataclasses import dataclass

from hub_reading.pages.directories import Damaged, Shape, directories, shape_of

# Bytes of a value by its type, TIFF 6.0 page 15; 16 to 18 are those of BigTIFF.
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_SIZES |= {13: 4, 16: 8, 17: 8, 18: 8}
_NUMBERS = {3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_PIXELS = {273: 279, 324: 325, 513: 514}  # where strips, tiles, an old JPEG are: how long they are
_POINTERS = {330, 34_665, 34_853, 40_965, 519, 520, 521}  # to directories and tables left behind
_ROOM = 1.2  # times the size of the whole file: strips that overlap would blow a part up


@dataclass(frozen=True, slots=True)
class _Entry:
    tag: int
    type: int
    count: int
    value: bytes


def cut_tiff(raw: bytes, numbers: tuple[int, ...]) -> bytes:
    """Return the pages `numbers` (from 1) as a TIFF; `Damaged` where they cannot be copied."""
    shape = shape_of(raw)
    found = directories(raw).at
    first = shape.first_at
    out = bytearray(raw[:first] + shape.offset.pack(0))
    link = first
    for number in numbers:
        link = _copy(raw, found[number - 1], shape, out, link)
        if len(out) > _ROOM * len(raw) + 4096:
            raise Damaged("strips overlap")
    return bytes(out)


def _copy(raw: bytes, at: int, shape: Shape, out: bytearray, link: int) -> int:
    """Append the page whose directory is at `at`; return where the next one's offset goes."""
    entries = {entry.tag: entry for entry in _entries(raw, at, shape) if entry.tag not in _POINTERS}
    for offsets, lengths in _PIXELS.items():
        if offsets in entries and lengths in entries:
            entries[offsets] = _moved(raw, entries[offsets], entries[lengths], shape, out)
    rows = b"".join(_row(entries[tag], shape, out) for tag in sorted(entries))
    _align(out)
    shape.offset.pack_into(out, link, len(out))
    out += shape.count.pack(len(entries)) + rows
    out += shape.offset.pack(0)
    return len(out) - shape.offset.size


def _entries(raw: bytes, at: int, shape: Shape) -> list[_Entry]:
    head = struct.Struct(shape.order + ("HHQ" if shape.big else "HHI"))
    (count,) = shape.count.unpack_from(raw, at)
    found = []
    for index in range(count):
        place = at + shape.count.size + index * shape.entry_size
        tag, kind, many = head.unpack_from(raw, place)
        size = _SIZES.get(kind, 0) * many
        place += head.size
        if size > shape.offset.size:
            (place,) = shape.offset.unpack_from(raw, place)
        if not size or place + size > len(raw):
            continue  # an unknown type, or a value beyond the end: it is left out
        found.append(_Entry(tag, kind, many, raw[place : place + size]))
    return found


def _moved(raw: bytes, offsets: _Entry, lengths: _Entry, shape: Shape, out: bytearray) -> _Entry:
    """Copy the pieces of pixels, and return the entry that says where they are now."""
    places = []
    pieces = zip(_numbers(offsets, shape), _numbers(lengths, shape), strict=True)
    for start, length in pieces:
        _align(out)
        places.append(len(out))
        out += raw[start : start + length]
        if len(out) > _ROOM * len(raw) + 4096:
            raise Damaged("strips overlap")
    kind, form = (16, "Q") if shape.big else (4, "I")
    return _Entry(
        offsets.tag, kind, len(places), struct.pack(f"{shape.order}{len(places)}{form}", *places)
    )


def _numbers(entry: _Entry, shape: Shape) -> tuple[int, ...]:
    if entry.type not in _NUMBERS:
        raise Damaged("an offset is no number")
    return struct.unpack(f"{shape.order}{entry.count}{_NUMBERS[entry.type]}", entry.value)


def _row(entry: _Entry, shape: Shape, out: bytearray) -> bytes:
    """Return the entry as a row of a directory; what does not fit goes before it."""
    value = entry.value
    if len(value) > shape.offset.size:
        _align(out)
        at = len(out)
        out += value
        value = shape.offset.pack(at)
    head = struct.pack(
        shape.order + ("HHQ" if shape.big else "HHI"), entry.tag, entry.type, entry.count
    )
    return head + value.ljust(shape.offset.size, b"\0")


def _align(out: bytearray) -> None:
    out += bytes(len(out) % 2)  # TIFF 6.0: everything begins at an even place
