"""Open smime.p7m (CMS, RFC 5652): what is only signed or packed is words for anybody to read.

No signature is checked here. The structure is read by hand, since real ones come in BER with
lengths that are left open, in pieces, and cut off: as far as they go, they can be read.
"""

import zlib
from dataclasses import dataclass

from channel_email.parse.limits import DEPTH
from channel_email.parse.transfer import from_base64

CMS_TYPES = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_SIGNED, _ENCRYPTED, _PACKED = "signed", "encrypted", "packed"
_KINDS = {  # object identifiers as they are encoded
    "2a864886f70d010701": "plain",
    "2a864886f70d010702": _SIGNED,
    "2a864886f70d010703": _ENCRYPTED,  # enveloped
    "2a864886f70d010704": _ENCRYPTED,  # signed and enveloped, PKCS#7 1.5
    "2a864886f70d010706": _ENCRYPTED,
    "2a864886f70d0109100109": _PACKED,  # compressed, RFC 3274
    "2a864886f70d0109100117": _ENCRYPTED,  # authenticated and enveloped, RFC 5083
}
_OBJECT, _OCTETS, _SEQUENCE, _SET = 0x06, 0x04, 0x30, 0x31
_CONTENT, _CERTIFICATES, _REVOKED = 0xA0, 0xA0, 0xA1
_END = b"\0\0"  # of what has no length
_ARMOUR = b"-----BEGIN"


@dataclass(frozen=True, slots=True)
class Opened:
    """`kind` is "" where it is no CMS at all; `content` None where there is nothing to read."""

    kind: str = ""
    content: bytes | None = None
    is_signed: bool = False  # somebody's signature is there
    is_whole: bool = True


class _Cut(Exception):  # noqa: N818 - a finding about bytes, not an error of ours
    """The bytes end, or are none of BER."""


@dataclass(frozen=True, slots=True)
class _Item:
    tag: int
    start: int  # of its content
    end: int  # of its content; that of what it stands in, where it has no length
    is_open: bool  # its end is marked, not told


def is_cms(media_type: str, name: str) -> bool:
    """Say whether a part must be one, by its type, or by the name that gateways leave to it."""
    return media_type in CMS_TYPES or name.lower().endswith(".p7m")


def open_cms(data: bytes, room: int) -> Opened:
    """Return what is inside, at most `room` bytes of it. Never raises; linear."""
    reader = _Reader(_binary(data))
    kind = ""
    try:
        at, end = reader.enter(0, len(reader.data), _SEQUENCE)
        name = reader.item(at, end, _OBJECT)
        kind = _KINDS.get(reader.data[name.start : name.end].hex(), "unknown")
        if kind in (_ENCRYPTED, "unknown"):
            return Opened(kind, is_whole=reader.is_whole)
        at, end = reader.enter(name.end, end, _CONTENT)
        if kind == "plain":
            return Opened(kind, reader.octets(at, end)[0], is_whole=reader.is_whole)
        return reader.inside(at, end, kind, room)
    except _Cut:
        return Opened(kind, None, kind == _SIGNED, is_whole=False)


def _binary(data: bytes) -> bytes:
    """Return the bytes, also where they are still in letters: armoured, or encoded once more."""
    if data[:1] == b"0" and data[1:2] not in b"0123456789":
        return data
    if (begin := data.find(_ARMOUR, 0, 4096)) >= 0:
        first = data.find(b"\n", begin) + 1
        last = data.find(b"-----END", first)
        return from_base64(data[first : last if last > 0 else len(data)])
    return from_base64(data) if data[:1] == b"M" else data


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.is_whole = True

    def inside(self, at: int, end: int, kind: str, room: int) -> Opened:
        """Return the content of SignedData or CompressedData: version, algorithms, content."""
        at, end = self.enter(at, end, _SEQUENCE)
        at = self.behind(self.item(at, end))
        at = self.behind(self.item(at, end))
        around = self.item(at, end, _SEQUENCE)
        name = self.item(around.start, around.end, _OBJECT)
        content = None
        at = name.end
        if self.tag(at, around.end) == _CONTENT:
            inner, within = self.enter(at, around.end, _CONTENT)
            content, at = self.octets(inner, within)
        if kind == _PACKED:
            return self._unpacked(content, room)
        signed = self._has_signers(at if around.is_open else around.end, end)
        return Opened(kind, content, signed, self.is_whole)

    def _unpacked(self, content: bytes | None, room: int) -> Opened:
        if content is None:
            return Opened(_PACKED, is_whole=False)
        unpacking = zlib.decompressobj()
        try:
            unpacked = unpacking.decompress(content, max(room, 1))
        except zlib.error:
            return Opened(_PACKED, is_whole=False)
        return Opened(_PACKED, unpacked, is_whole=unpacking.eof)

    def _has_signers(self, at: int, end: int) -> bool:
        """Say whether the set of signers has one; where the bytes end before it, it had."""
        try:
            while self.data.startswith(_END, at):
                at += 2
            while self.tag(at, end) in (_CERTIFICATES, _REVOKED):
                at = self.behind(self.item(at, end))
            signers = self.item(at, end, _SET)
            return signers.start < signers.end and self.tag(signers.start, signers.end) > 0
        except _Cut:
            self.is_whole = False
            return True

    def tag(self, at: int, end: int) -> int:
        return self.data[at] if at < end else -1

    def item(self, at: int, end: int, wanted: int = -1) -> _Item:
        """Return the item that begins here; one that is longer than what is there ends with it."""
        data = self.data
        if at + 2 > end or (wanted >= 0 and data[at] != wanted) or data[at] & 0x1F == 0x1F:
            raise _Cut
        length, start = data[at + 1], at + 2
        if length == 0x80:
            return _Item(data[at], start, end, is_open=True)
        if length > 0x80:
            size = length - 0x80
            if size > 8 or start + size > end:
                raise _Cut
            length, start = int.from_bytes(data[start : start + size]), start + size
        if start + length > end:
            self.is_whole = False
        return _Item(data[at], start, min(start + length, end), is_open=False)

    def enter(self, at: int, end: int, wanted: int) -> tuple[int, int]:
        item = self.item(at, end, wanted)
        return item.start, item.end

    def behind(self, item: _Item) -> int:
        """Return where the next item begins; open ones may stand in open ones."""
        if not item.is_open:
            return item.end
        at, depth = item.start, 1
        while depth:
            if self.data.startswith(_END, at) and at < item.end:
                at, depth = at + 2, depth - 1
                continue
            inner = self.item(at, item.end)
            at, depth = (inner.start, depth + 1) if inner.is_open else (inner.end, depth)
        return at

    def octets(self, at: int, end: int) -> tuple[bytes, int]:
        """Return an octet string, joined where it comes in pieces, and where it ends."""
        pieces, depth = [], 0
        outer: _Item | None = None  # that of the pieces, where it comes in pieces
        try:
            while at < end:
                if self.data.startswith(_END, at):
                    at, depth = at + 2, depth - 1
                    if depth <= 0 and (outer is None or outer.is_open):
                        break
                    continue
                item = self.item(at, end)
                if item.tag == _OCTETS | 0x20 and depth <= DEPTH:
                    at, depth = item.start, depth + item.is_open
                    outer = outer or item
                    end = min(end, outer.end)
                elif item.tag == _OCTETS and not item.is_open:
                    pieces.append(self.data[item.start : item.end])
                    at = item.end
                    if outer is None:
                        break
                else:
                    break
        except _Cut:
            self.is_whole = False
        return b"".join(pieces), at
