"""Undo a Content-Transfer-Encoding, whatever the network did to it, at the speed of C."""

import binascii
import re
from collections.abc import Iterator
from itertools import islice

from channel_email.parse.limits import PARTS

_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n"
_NOT_BASE64 = bytes({*range(256)} - {*_BASE64[:64]})
_CHUNK = re.compile(rb"[^=]+=*")
_AT_ONCE = 4_096  # pieces: each is an object while it waits
_UU_BEGIN = re.compile(rb"^begin [0-7]{3,4} ([^\r\n]{1,255})\r?\n", re.MULTILINE)
_UU_LINE = re.compile(rb"[ -`]{1,90}")


def undo(data: bytes, encoding: str) -> bytes:
    """Return the decoded bytes; an encoding that is unknown is taken as none. Never raises."""
    match encoding:
        case "base64":
            return from_base64(data)
        case "quoted-printable":
            return binascii.a2b_qp(data)
        case "x-uuencode" | "uuencode" | "x-uue" | "uue":
            return _from_uu_body(data)
        case _:
            return data


def from_base64(data: bytes) -> bytes:
    """Return what the letters of base64 in `data` say; everything else is skipped."""
    padding = data.find(b"=")
    if padding < 0:
        return _letters(data)
    stop = padding + (2 if data.startswith(b"==", padding) else 1)
    decoded, rest = _letters(data[:stop]), data[stop:].strip(b"=\r\n\t ")
    # Some gateways encode in chunks, each with its own padding; others add plain text below.
    if rest and not rest.translate(None, _BASE64):
        return b"".join([decoded, *_chunks(rest)])
    return decoded


def _chunks(data: bytes) -> Iterator[bytes]:
    pieces = (piece.group() for piece in _CHUNK.finditer(data))
    while some := list(islice(pieces, _AT_ONCE)):
        try:
            yield b"".join(map(binascii.a2b_base64, some))
        except binascii.Error:
            yield b"".join(map(_letters, some))


def _letters(data: bytes) -> bytes:
    try:
        return binascii.a2b_base64(data)
    except binascii.Error:  # the number of letters is no multiple of four
        letters = data.translate(None, _NOT_BASE64)
        if len(letters) % 4 == 1:
            letters = letters[:-1]
        return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))


def is_base64(data: bytes) -> bool:
    """Say whether this can be meant as base64: hardly any byte of it is outside the alphabet."""
    return len(data.translate(None, _BASE64)) * 20 <= len(data)


def _from_uu_body(data: bytes) -> bytes:
    found = find_uu(data)
    return found[0][3] if found else data


def find_uu(data: bytes) -> list[tuple[int, int, bytes, bytes]]:
    """Return (start, end, name, bytes) of every uuencoded file written into a text."""
    found: list[tuple[int, int, bytes, bytes]] = []
    position = 0
    while len(found) < PARTS and (begin := _UU_BEGIN.search(data, position)):
        content, position = _read_uu(data, begin.end())
        if content:
            found.append((begin.start(), position, begin[1].strip(), content))
    return found


def _read_uu(data: bytes, position: int) -> tuple[bytes, int]:
    """Return the bytes of the lines from `position`, and where the text goes on; b"" if none."""
    out: list[bytes] = []
    while position < len(data):
        stop = data.find(b"\n", position)
        stop = len(data) if stop < 0 else stop
        line = data[position:stop].rstrip(b"\r\n")
        after = min(stop + 1, len(data))
        if line.strip() == b"end":
            return b"".join(out), after
        if line.strip() and not _UU_LINE.fullmatch(line):
            return b"", position  # not uuencoded after all: "begin 644 ..." in a sentence
        try:
            out.append(binascii.a2b_uu(line))
        except binascii.Error:
            # Old encoders wrote the count wrongly; Python's uu module knew the same way round.
            wanted = (((line[0] - 32) & 63) * 4 + 5) // 3
            try:
                out.append(binascii.a2b_uu(line[:wanted]))
            except binascii.Error:
                return b"", position
        position = after
    return b"", position
