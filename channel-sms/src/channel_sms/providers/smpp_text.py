"""What an SMS says, in the codings that handsets use, whole or in parts: pure.

3GPP TS 23.038 (alphabets, national shift tables), TS 23.040 §9.2.3.24 (user data header), SMPP 3.4
§5.2.19 (data_coding). The alphabets come from `gsmcodecs`, one septet in each byte as SMPP has it.
"""

from collections.abc import Sequence
from functools import cache
from itertools import groupby
from typing import NamedTuple

from gsmcodecs import Codec  # type: ignore[import-untyped]

from channel_sms.providers.smpp_pdu import UDHI, Message, Tag

GSM_7, LATIN_1 = "gsm-7", "latin-1"
UCS_2 = 8  # data_coding
_GAP = " […] "  # in the place of a part that did not come
_BINARY = ""
_CODINGS = {
    1: "ascii",
    2: _BINARY,
    3: "latin-1",
    4: _BINARY,
    5: "iso2022_jp",
    6: "iso8859-5",
    7: "iso8859-8",
    8: "utf-16-be",
    14: "euc_kr",
}
_CONCAT_8, _CONCAT_16, _SINGLE_SHIFT, _LOCKING_SHIFT = 0x00, 0x08, 0x24, 0x25


class Piece(NamedTuple):
    """One part of a message; what came whole is part 1 of 1."""

    text: bytes
    coding: str  # of Python, `gsm-7`, or "" for what is no text
    reference: str = ""  # what all parts have in common, beside both numbers
    number: int = 1
    total: int = 1
    locking: int = 0  # national language tables, 0 for none
    single: int = 0


class Written(NamedTuple):
    coding: int  # data_coding
    parts: tuple[bytes, ...]  # without any header


def read_piece(message: Message, alphabet: str = GSM_7) -> Piece:
    """Return what this packet holds; `alphabet` is what data_coding 0 means at this provider."""
    header, text = _headers(message)
    reference, total, number = _place(header, message)
    if not 1 <= number <= total:  # nonsense, so it stands for itself
        reference, total, number = "", 1, 1
    locking, single = (header.get(one, b"\0")[:1] or b"\0" for one in _SHIFTS)
    coding = coding_of(message.coding, alphabet)
    return Piece(text, coding, reference, number, total, locking[0], single[0])


_SHIFTS = (_LOCKING_SHIFT, _SINGLE_SHIFT)


def coding_of(data_coding: int, alphabet: str = GSM_7) -> str:
    """Return the name of the coding; total: what nobody knows is read as the default alphabet."""
    if data_coding >= 0xF0:  # message class: bit 2 says binary (TS 23.038 §4)
        return _BINARY if data_coding & 0x04 else GSM_7
    if data_coding & 0xF0 == 0x10:  # message class; bits 2 and 3 say the alphabet
        return {0: GSM_7, 4: _BINARY, 8: "utf-16-be"}.get(data_coding & 0x0C, GSM_7)
    return _CODINGS.get(data_coding, alphabet)


def join(pieces: Sequence[Piece]) -> str:
    """Return the text of these parts in their order, with a sign where one is missing.

    Neighbours are put together before they are read: some handsets cut a letter in two.
    """
    known = {piece.number: piece for piece in pieces}
    total = max((piece.total for piece in pieces), default=0)
    slots = [known.get(number) for number in range(1, total + 1)]
    said = []
    for how, group in groupby(slots, key=lambda one: one and (one.coding, one.locking, one.single)):
        found = [piece.text for piece in group if piece]
        said.append(_decode(b"".join(found), *how) if how else _GAP)
    return "".join(said).strip() if None in slots else "".join(said)


def write(text: str, alphabet: str = GSM_7) -> Written:
    """Return the text as parts that fit an SMS each: default alphabet where it can, else UCS-2."""
    whole, piece = (140, 134) if alphabet == LATIN_1 else (160, 153)
    try:
        letters = [_encode(letter, alphabet) for letter in text]
    except UnicodeEncodeError:
        letters = [letter.encode("utf-16-be", "replace") for letter in text]
        return Written(UCS_2, _cut(letters, 140, 134))
    return Written(0, _cut(letters, whole, piece))


def header(reference: int, total: int, number: int) -> bytes:
    """Return the user data header of one part of several."""
    return bytes((5, _CONCAT_8, 3, reference & 0xFF, total, number))


def _cut(letters: Sequence[bytes], whole: int, piece: int) -> tuple[bytes, ...]:
    """Never inside a letter: neither of its two places nor of its surrogate pair."""
    if sum(map(len, letters)) <= whole:
        return (b"".join(letters),)
    parts, part = [], b""
    for letter in letters:
        if len(part) + len(letter) > piece:
            parts.append(part)
            part = b""
        part += letter
    return (*parts, part)


def _encode(letter: str, alphabet: str) -> bytes:
    if alphabet == LATIN_1:
        return letter.encode("latin-1")
    return bytes(_alphabet(0, 0).encode(letter)[0])


def _decode(raw: bytes, coding: str, locking: int, single: int) -> str:
    if coding == _BINARY:
        return ""
    if coding == GSM_7:
        return str(_alphabet(locking, single).decode(raw, "replace")[0])
    return raw.decode(coding, "replace")


@cache
def _alphabet(locking: int, single: int) -> Codec:
    return Codec(locking, single)


def _headers(message: Message) -> tuple[dict[int, bytes], bytes]:
    """Return the elements of the user data header by their numbers, and the text behind it."""
    payload = message.payload
    if not (message.esm_class & UDHI and payload and payload[0] < len(payload)):
        return {}, payload
    end = payload[0] + 1
    return _elements(payload[1:end]), payload[end:]


def _elements(raw: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    while len(raw) >= 2:
        found[raw[0]] = raw[2 : 2 + raw[1]]
        raw = raw[2 + raw[1] :]
    return found


def _place(header: dict[int, bytes], message: Message) -> tuple[str, int, int]:
    """Return reference, total and number, as the header or the optional parameters say."""
    short, long = header.get(_CONCAT_8, b""), header.get(_CONCAT_16, b"")
    if len(short) == 3:
        return f"udh/{short[0]}", short[1], short[2]
    if len(long) == 4:
        return f"udh16/{long[0] << 8 | long[1]}", long[2], long[3]
    sar = [
        int.from_bytes(message.tlvs.get(tag, b""))
        for tag in (Tag.SAR_MSG_REF_NUM, Tag.SAR_TOTAL_SEGMENTS, Tag.SAR_SEGMENT_SEQNUM)
    ]
    return (f"sar/{sar[0]}", sar[1], sar[2]) if sar[1] > 1 and sar[1] < 256 else ("", 1, 1)
