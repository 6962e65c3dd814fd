"""Says by the first and last bytes of a file what it is, and whether its end is there: pure.

A scanner that pauses, or a copy over a network that reserves the size first, looks complete by its
size alone; its end says more.
"""

import struct
from dataclasses import dataclass
from enum import StrEnum

END = 4096  # bytes at either end that are looked at


class Kind(StrEnum):
    """What a scanner writes; by the bytes."""

    PDF = "application/pdf"
    TIFF = "image/tiff"
    JPEG = "image/jpeg"
    PNG = "image/png"
    HEIC = "image/heic"
    OTHER = ""


@dataclass(frozen=True, slots=True)
class Ends:
    """What was looked at of a file: its size, and the bytes at either end."""

    size: int
    head: bytes
    tail: bytes


def ends_of(data: bytes) -> Ends:
    return Ends(len(data), data[:END], data[-END:])


def kind_of(head: bytes) -> Kind:
    """Return what these first bytes begin."""
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return Kind.TIFF
    if head[:3] == b"\xff\xd8\xff":
        return Kind.JPEG
    if head[:8] == b"\x89PNG\r\n\x1a\n":
        return Kind.PNG
    if head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"hevc", b"mif1", b"msf1"):
        return Kind.HEIC
    return Kind.PDF if b"%PDF-" in head[:1024] else Kind.OTHER


def has_end(ends: Ends) -> bool:
    """Say whether the file looks complete; True where a format does not tell."""
    match kind_of(ends.head):
        case Kind.PDF:
            return b"%%EOF" in ends.tail
        case Kind.JPEG:
            return b"\xff\xd9" in ends.tail
        case Kind.PNG:
            return b"IEND" in ends.tail
        case Kind.TIFF:
            return _first_directory(ends.head) < ends.size and any(ends.tail)
        case _:
            return any(ends.tail)


def _first_directory(head: bytes) -> int:
    """Return where the first page of a TIFF is described (TIFF 6.0, section 2); 0: nowhere."""
    order = "<" if head[:2] == b"II" else ">"
    if head[2:4] in (b"+\0", b"\0+"):  # BigTIFF
        return int(struct.unpack(f"{order}Q", head[8:16].ljust(8, b"\xff"))[0])
    return int(struct.unpack(f"{order}I", head[4:8].ljust(4, b"\xff"))[0])
