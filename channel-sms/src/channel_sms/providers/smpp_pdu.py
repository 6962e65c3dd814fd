"""SMPP 3.4 on the wire: packets to bytes and back, pure, with limits.

https://smpp.org/SMPP_v3_4_Issue1_2.pdf, chapters 4 and 5. A codec of our own, since none that is
kept fits (looked at in November 2026). aiosmpplib 0.7 has no TLS and no query_sm, reads the 16-bit
reference of a long message wrongly, so that its parts are never joined, ends the session at a
status or a number type it does not know, and logs what it cannot read. smpp34 1.5 says yes to a
message before we have kept it. smpplib 2.2 blocks and cuts what is too long in silence. The tests
let aiosmpplib read and write beside it.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, IntFlag
from typing import NamedTuple

HEADER = struct.Struct("!IIII")  # length, command, status, sequence
LONGEST = 70_000  # bytes of a packet; message_payload has at most 65,535
LAST = 0x7FFF_FFFF  # of the sequence numbers
RESPONSE = 0x8000_0000
UDHI = 0x40  # of esm_class: the text begins with a user data header


class Command(IntEnum):
    GENERIC_NACK = 0x8000_0000
    SUBMIT_SM = 0x04
    DELIVER_SM = 0x05
    UNBIND = 0x06
    BIND_TRANSCEIVER = 0x09
    QUERY_SM = 0x03
    ENQUIRE_LINK = 0x15
    DATA_SM = 0x103


class Tag(IntEnum):
    """Optional parameters that we write or read; all others are kept and left alone."""

    RECEIPTED_MESSAGE_ID = 0x001E
    USER_MESSAGE_REFERENCE = 0x0204
    SAR_MSG_REF_NUM = 0x020C
    SAR_TOTAL_SEGMENTS = 0x020E
    SAR_SEGMENT_SEQNUM = 0x020F
    NETWORK_ERROR_CODE = 0x0423
    MESSAGE_PAYLOAD = 0x0424
    MESSAGE_STATE = 0x0427


class Kind(IntFlag):
    """What esm_class says that a deliver_sm is."""

    RECEIPT = 0x04
    INTERMEDIATE = 0x20


class Unreadable(ValueError):  # noqa: N818 - as the two words of the house
    """These bytes are no packet of SMPP 3.4; the text says where it ends."""


class Pdu(NamedTuple):
    command: int
    status: int
    sequence: int
    body: bytes = b""

    def write(self) -> bytes:
        length = HEADER.size + len(self.body)
        return HEADER.pack(length, self.command, self.status, self.sequence) + self.body


class Address(NamedTuple):
    value: str  # as it is written: usually digits without +
    ton: int = 1  # type of number: 1 international, 2 national, 5 letters
    npi: int = 1  # numbering plan: 1 telephone


@dataclass(frozen=True, slots=True)
class Message:
    """The body of a submit_sm or a deliver_sm."""

    source: Address
    destination: Address
    text: bytes = b""  # short_message, with its user data header where there is one
    esm_class: int = 0
    coding: int = 0  # data_coding
    registered: int = 0  # 1: a receipt is wanted, however it ends
    validity: str = ""  # YYMMDDhhmmsstnnp; with R at its end from now on
    service_type: str = ""
    tlvs: Mapping[int, bytes] = field(default_factory=dict)

    @property
    def payload(self) -> bytes:
        """Return the text, wherever it stands."""
        return self.text or self.tlvs.get(Tag.MESSAGE_PAYLOAD, b"")

    def write(self) -> bytes:
        if len(self.text) > 254:
            raise ValueError("short_message: 254 bytes at most; use message_payload")
        return b"".join(
            (
                write_text(self.service_type),
                write_address(self.source),
                write_address(self.destination),
                bytes((self.esm_class, 0, 0)),  # protocol_id, priority_flag
                write_text(""),  # schedule_delivery_time: now
                write_text(self.validity),
                bytes((self.registered, 0, self.coding, 0, len(self.text))),
                self.text,
                *(struct.pack("!HH", tag, len(one)) + one for tag, one in self.tlvs.items()),
            )
        )


class Reader:
    """Takes a body apart; `Unreadable` where it ends too early."""

    def __init__(self, body: bytes) -> None:
        self._body, self._at = body, 0

    def text(self, most: int = 300) -> str:
        """Return what stands before the next NUL; any byte is a letter."""
        end = self._body.find(b"\0", self._at, self._at + most)
        if end < 0:
            raise Unreadable(f"no end of a text from byte {self._at}")
        found = self._body[self._at : end].decode("latin-1")
        self._at = end + 1
        return found

    def number(self) -> int:
        return self.take(1)[0]

    def take(self, length: int) -> bytes:
        found = self._body[self._at : self._at + length]
        if len(found) < length:
            raise Unreadable(f"{length} bytes announced at byte {self._at}, {len(found)} there")
        self._at += length
        return found

    def address(self) -> Address:
        ton, npi = self.number(), self.number()
        return Address(self.text(), ton, npi)

    def tlvs(self) -> dict[int, bytes]:
        """Return the optional parameters; one that is cut off ends them."""
        found: dict[int, bytes] = {}
        while self._at + 4 <= len(self._body):
            tag, length = struct.unpack("!HH", self.take(4))
            value = self._body[self._at : self._at + length]
            self._at += length
            if len(value) == length:
                found.setdefault(tag, value)
        return found


def read_header(raw: bytes) -> tuple[int, Pdu]:
    """Return how many bytes of body follow, and the packet without them."""
    length, command, status, sequence = HEADER.unpack(raw)
    if not HEADER.size <= length <= LONGEST:
        raise Unreadable(f"a packet of {length} bytes")
    return length - HEADER.size, Pdu(command, status, sequence)


def read_pdus(raw: bytes) -> list[Pdu]:
    """Return the packets that stand one behind the other; what is cut off at the end is left."""
    found: list[Pdu] = []
    while len(raw) >= HEADER.size:
        try:
            rest, pdu = read_header(raw[: HEADER.size])
        except Unreadable:
            break
        end = HEADER.size + rest
        if len(raw) < end:
            break
        found.append(pdu._replace(body=raw[HEADER.size : end]))
        raw = raw[end:]
    return found


def read_message(body: bytes) -> Message:
    reader = Reader(body)
    service_type, source, destination = reader.text(), reader.address(), reader.address()
    esm_class, _protocol, _priority = reader.take(3)
    _schedule, validity = reader.text(), reader.text()
    registered, _replace, coding, _default, length = reader.take(5)
    text = reader.take(length)
    return Message(
        source,
        destination,
        text,
        esm_class,
        coding,
        registered,
        validity,
        service_type,
        reader.tlvs(),
    )


def write_text(text: str) -> bytes:
    """Return a C-octet string; `ValueError` for what has no place in one."""
    if "\0" in text:
        raise ValueError("NUL ends a text of SMPP")
    return text.encode("latin-1", "replace") + b"\0"


def write_address(address: Address) -> bytes:
    return bytes((address.ton, address.npi)) + write_text(address.value)


def write_bind(system_id: str, password: str, system_type: str) -> bytes:
    """Return the body of a bind_transceiver of version 3.4, for every address."""
    texts = b"".join(map(write_text, (system_id, password, system_type)))
    return texts + bytes((0x34, 0, 0)) + write_text("")


def write_query(external_id: str, source: Address) -> bytes:
    return write_text(external_id) + write_address(source)


def read_query(body: bytes) -> tuple[int, int]:
    """Return message_state and error_code of a query_sm_resp."""
    reader = Reader(body)
    reader.text()  # message_id
    reader.text()  # final_date
    return reader.number(), reader.number()
