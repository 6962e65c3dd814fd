"""Read MAPI properties: the words and files that Outlook puts into winmail.dat ([MS-OXTNEF]).

Each step moves on, and what counts more values than there are bytes ends with the bytes.
"""

import struct
from collections.abc import Iterator

from channel_email.parse.decode import codec_of, to_text

_UNICODE, _STRING = 0x001F, 0x001E
_VARIABLE = frozenset({0, 0x000D, _STRING, _UNICODE, 0x0102})
_FIXED = {
    0x0002: 4, 0x000B: 4,  # two bytes, filled up
    0x0003: 4, 0x0004: 4, 0x000A: 4, 0x0001: 4,
    0x0005: 8, 0x0006: 8, 0x0007: 8, 0x0014: 8, 0x0040: 8, 0x0048: 16,
}  # fmt: skip
_SEVERAL, _NAMED = 0x1000, 0x8000
_CODE_PAGES = {65001: "utf-8", 20127: "us-ascii", 28591: "iso-8859-1", 28605: "iso-8859-15"}


def charset_of(code_page: int) -> str:
    """Return the charset of a Windows code page, or "" for one that nobody has."""
    name = _CODE_PAGES.get(code_page, f"cp{code_page}")
    return name if codec_of(name) else ""


def read_properties(data: bytes, charset: str) -> dict[int, bytes | str]:
    """Return the first value of each property by its id; as far as they can be read. Linear.

    Texts are decoded, numbers and all others are bytes.
    """
    found: dict[int, bytes | str] = {}
    try:
        for kind, name, value in _values(data):
            if kind == _UNICODE:
                found.setdefault(name, value.decode("utf-16-le", "replace").strip("\0"))
            elif kind == _STRING:
                found.setdefault(name, to_text(value, charset)[0].strip("\0"))
            else:
                found.setdefault(name, value)
    except struct.error:
        pass  # cut off, or of a kind that nobody knows: what came before is read
    return found


def _values(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    at = 4
    while at < len(data):
        kind, name = struct.unpack_from("<HH", data, at)
        at = _behind_name(data, at + 4) if name >= _NAMED else at + 4
        several, kind = kind & _SEVERAL, kind & ~_SEVERAL
        if not several and kind in _FIXED:
            yield kind, name, data[at : at + _FIXED[kind]]
            at += _FIXED[kind]
            continue
        (count,) = struct.unpack_from("<I", data, at)
        at += 4
        if kind in _FIXED:
            size = (2 if _FIXED[kind] == 4 and kind in (0x0002, 0x000B) else _FIXED[kind]) * count
            at += size + -size % 4
        elif kind in _VARIABLE:
            for _ in range(min(count, len(data) // 4)):
                (length,) = struct.unpack_from("<I", data, at)
                yield kind, name, data[at + 4 : at + 4 + length]
                at += 4 + length + -length % 4
        else:
            raise struct.error


def _behind_name(data: bytes, at: int) -> int:
    """Return where the value of a property begins that has a name of its own."""
    kind, size = struct.unpack_from("<II", data, at + 16)
    return at + 24 + (size + -size % 4 if kind else 0)
