"""Packets of SMPP 3.4 as the pretend SMSC reads and writes them: on its own, not by the hub's code.

https://smpp.org/SMPP_v3_4_Issue1_2.pdf, §4 and §5.
"""

import struct
from dataclasses import dataclass, field
from typing import NamedTuple

import gsmcodecs  # type: ignore[import-untyped]  # noqa: F401 - registers the alphabets

NACK, BIND, SUBMIT, DELIVER = 0x8000_0000, 0x09, 0x04, 0x05
QUERY, UNBIND, ENQUIRE, RESPONSE = 0x03, 0x06, 0x15, 0x8000_0000
REFERENCE, SAR_REFERENCE, SAR_TOTAL, SAR_NUMBER = 0x0204, 0x020C, 0x020E, 0x020F
RECEIPTED, PAYLOAD, STATE = 0x001E, 0x0424, 0x0427
_UDHI, _RECEIPT, _UCS_2 = 0x40, 0x04, 8
_GSM = "gsm23.038"


class Packet(NamedTuple):
    command: int
    status: int
    sequence: int
    body: bytes = b""

    def __bytes__(self) -> bytes:
        head = (16 + len(self.body), self.command, self.status, self.sequence)
        return struct.pack(">4I", *head) + self.body


@dataclass
class Submitted:
    """One submit_sm, as far as a carrier looks at it."""

    sender: str
    to: str
    text: str
    wants_receipt: bool
    together: tuple[str, int, int] = ("", 1, 1)  # reference, total, number
    tlvs: dict[int, bytes] = field(default_factory=dict)


def read_texts(body: bytes, number: int) -> tuple[list[str], bytes]:
    """Return so many C-octet strings, and what stands behind them."""
    texts = []
    for _ in range(number):
        text, _, body = body.partition(b"\0")
        texts.append(text.decode("latin-1"))
    return texts, body


def read_submitted(body: bytes) -> Submitted:
    _, body = read_texts(body, 1)
    [sender], body = read_texts(body[2:], 1)
    [to], body = read_texts(body[2:], 1)
    esm_class = body[0]
    _, body = read_texts(body[3:], 2)
    registered, _, coding, _, length = body[:5]
    text, tlvs = body[5 : 5 + length], _read_tlvs(body[5 + length :])
    text = text or tlvs.get(PAYLOAD, b"")
    together = ("", 1, 1)
    if esm_class & _UDHI:
        head, text = text[: text[0] + 1], text[text[0] + 1 :]
        together = (str(head[3]), head[4], head[5])
    elif SAR_TOTAL in tlvs:
        together = (tlvs[SAR_REFERENCE].hex(), tlvs[SAR_TOTAL][0], tlvs[SAR_NUMBER][0])
    words = text.decode("utf-16-be" if coding == _UCS_2 else _GSM, "replace")
    return Submitted(f"+{sender}", f"+{to}", words, bool(registered & 1), together, tlvs)


def write_words(sender: str, to: str, text: str, reference: int) -> list[bytes]:
    """Return the bodies of deliver_sm that carry these words, as a handset would cut them."""
    try:
        raw, coding, whole, part = text.encode(_GSM), 0, 160, 153
    except UnicodeEncodeError:
        raw, coding, whole, part = text.encode("utf-16-be", "replace"), _UCS_2, 140, 134
    if len(raw) <= whole:
        return [_write(sender, to, raw, coding=coding)]
    parts = [raw[at : at + part] for at in range(0, len(raw), part)]
    heads = [bytes((5, 0, 3, reference & 255, len(parts), n)) for n in range(1, len(parts) + 1)]
    pairs = zip(heads, parts, strict=True)
    return [_write(sender, to, head + one, coding=coding, esm_class=_UDHI) for head, one in pairs]


def write_receipt(of: Submitted, text: str, tlvs: dict[int, bytes]) -> bytes:
    """Return the body of a deliver_sm that says what became of a message: from its recipient."""
    return _write(of.to, of.sender, text.encode("ascii", "replace"), esm_class=_RECEIPT, tlvs=tlvs)


def _write(
    sender: str,
    to: str,
    text: bytes,
    *,
    coding: int = 0,
    esm_class: int = 0,
    tlvs: dict[int, bytes] | None = None,
) -> bytes:
    addresses = [b"\1\1" + one.removeprefix("+").encode() + b"\0" for one in (sender, to)]
    fixed = bytes((esm_class, 0, 0, 0, 0, 0, 0, coding, 0, len(text)))
    more = [struct.pack(">HH", tag, len(one)) + one for tag, one in (tlvs or {}).items()]
    return b"".join((b"\0", *addresses, fixed, text, *more))


def _read_tlvs(raw: bytes) -> dict[int, bytes]:
    found = {}
    while len(raw) >= 4:
        tag, length = struct.unpack(">HH", raw[:4])
        found[tag], raw = raw[4 : 4 + length], raw[4 + length :]
    return found
