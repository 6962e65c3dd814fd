"""Packets and letters of SMPP: ours beside those of aiosmpplib, and all odd ones."""

from datetime import UTC, datetime
from typing import Any

import aiosmpplib
import pytest
from aiosmpplib.protocol import SmppMessage
from hypothesis import given
from hypothesis import strategies as st

from channel_sms.app import parse_file
from channel_sms.parse import Context
from channel_sms.parse.deliver import parse_deliver
from channel_sms.providers.smpp_pdu import (
    UDHI,
    Address,
    Command,
    Message,
    Pdu,
    Tag,
    Unreadable,
    read_header,
    read_message,
    read_pdus,
    write_text,
)
from channel_sms.providers.smpp_text import (
    LATIN_1,
    Piece,
    coding_of,
    header,
    join,
    read_piece,
    write,
)
from hub_contract.references import make_reference
from hub_contract.sms_text import count_segments
from hub_contract.words import Keyword

NOW = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
CONTEXT = Context("musterstadt", "sms", NOW)
FROM, TO = Address("491715550101"), Address("4971112399")


def deliver(text: bytes, **more: Any) -> Pdu:
    """Return a deliver_sm as it came over the wire."""
    said = {"source": FROM, "destination": TO, "text": text} | more
    return Pdu(Command.DELIVER_SM, 0, 1, Message(**said).write())


def part(text: bytes, number: int, total: int, **more: Any) -> Pdu:
    return deliver(header(7, total, number) + text, esm_class=UDHI, **more)


def theirs(pdu: Pdu) -> SmppMessage:
    raw = pdu.write()
    head = SmppMessage.parse_header(raw[:16])
    kind = {0x04: aiosmpplib.SubmitSm, 0x05: aiosmpplib.DeliverSm}[pdu.command]
    return kind.from_pdu(raw, head, "gsm0338")


@pytest.mark.parametrize("text", ["Grüße an Ärzte, 5 €", "Привет", "x" * 160])
def test_another_library_reads_what_we_write(text):
    written = write(text)
    message = Message(FROM, TO, written.parts[0], coding=written.coding, registered=1, validity="")
    read = theirs(Pdu(Command.SUBMIT_SM, 0, 9, message.write()))
    assert (read.short_message, read.source.number, read.destination.number) == (
        text,
        FROM.value,
        TO.value,
    )
    assert (read.sequence_num, read.registered_delivery) == (9, 1)


def test_we_read_what_another_library_writes():
    raw = aiosmpplib.DeliverSm(
        sequence_num=3,
        short_message="Grüße €",
        source=aiosmpplib.PhoneNumber("491715550101"),
        destination=aiosmpplib.PhoneNumber("4971112399"),
        optional_params=[aiosmpplib.OptionalParam(Tag.RECEIPTED_MESSAGE_ID, "A1")],
    ).pdu()
    (pdu,) = read_pdus(raw)
    message = read_message(pdu.body)
    assert (pdu.command, pdu.sequence) == (Command.DELIVER_SM, 3)
    assert join([read_piece(message)]) == "Grüße €"
    assert message.tlvs[Tag.RECEIPTED_MESSAGE_ID].rstrip(b"\0") == b"A1"


@pytest.mark.parametrize(
    ("length", "is_right"), [(16, True), (70_000, True), (15, False), (70_001, False), (0, False)]
)
def test_lengths_have_limits(length, is_right):
    raw = length.to_bytes(4) + bytes(12)
    if is_right:
        assert read_header(raw)[0] == length - 16
    else:
        with pytest.raises(Unreadable):
            read_header(raw)


def test_a_text_ends_at_its_nul():
    with pytest.raises(ValueError, match="NUL"):
        write_text("a\0b")


WHOLE = Message(FROM, TO, b"Guten Tag", tlvs={0x1400: b"x" * 9, Tag.MESSAGE_STATE: b"\2"})


@given(st.integers(0, len(WHOLE.write())))
def test_what_is_cut_off_is_unreadable_or_loses_its_end(end):
    try:
        read = read_message(WHOLE.write()[:end])
    except Unreadable:
        return
    assert (read.source, read.text) == (FROM, b"Guten Tag")


@given(st.binary(max_size=400))
def test_no_bytes_break_the_parser(raw):
    for tail in (b"", part(b"Gruss", 2, 3).write()):
        event = parse_deliver(raw + tail, CONTEXT).event
        assert event.size == len(raw + tail)
    head = b"\0\0" + raw
    assert parse_file(head, None, "").original == head


@given(st.text(max_size=700))
def test_every_text_comes_back_from_its_parts(text):
    text = text.encode("utf-16-be", "replace").decode("utf-16-be")
    written = write(text)
    assert len(written.parts) == count_segments(text).number, "as the composer has said"
    total = len(written.parts)
    coding = coding_of(written.coding)
    pieces = [Piece(one, coding, "1", n, total) for n, one in enumerate(written.parts, start=1)]
    assert join(pieces[::-1]) == text
    for one in written.parts if coding != "gsm-7" else ():
        one.decode("utf-16-be")  # no letter is cut in two


def test_an_smsc_that_means_latin_1_gets_latin_1():
    assert write("Grüße ç", LATIN_1).parts == ("Grüße ç".encode("latin-1"),)
    assert [len(one) for one in write("x" * 141, LATIN_1).parts] == [134, 7]
    assert write("5 €", LATIN_1).coding == 8


def test_a_gsm_letter_of_two_places_is_never_cut():
    first, second = write("x" * 152 + "€" + "y" * 10).parts
    assert (len(first), second[:2]) == (152, b"\x1be")


TEXTS = {
    "GSM-7": (b"Gr\x7e\x1ee \x1be", 0x00, "Grüße €"),
    "what nobody knows": (b"Gr\x7e\x1ee", 0x2A, "Grüße"),
    "Latin-1": ("Grüße".encode("latin-1"), 0x03, "Grüße"),
    "UCS-2": ("Grüße 😀".encode("utf-16-be"), 0x08, "Grüße 😀"),
    "half of UCS-2": (b"\x00A\x00", 0x08, "A\ufffd"),
    "Cyrillic": ("Привет".encode("iso8859-5"), 0x06, "Привет"),
    "Hebrew": ("שלום".encode("iso8859-8"), 0x07, "שלום"),
    "ASCII": (b"Hallo", 0x01, "Hallo"),
    "a class of its own, GSM-7": (b"Gr\x7e\x1ee", 0xF1, "Grüße"),
    "a class of its own, UCS-2": ("ü".encode("utf-16-be"), 0x18, "ü"),
    "an escape at the end": (b"ab\x1b", 0x00, "ab?"),
    "binary": (b"\x00\x01\x02", 0x04, ""),
    "binary, by its class": (b"\x00\x01", 0xF5, ""),
}


@pytest.mark.parametrize(("raw", "coding", "text"), TEXTS.values(), ids=TEXTS)
def test_codings(raw, coding, text):
    arrival = parse_deliver(deliver(raw, coding=coding).write(), CONTEXT)
    assert arrival.event.content.body.text == text
    assert arrival.event.readable == bool(text)


SHIFTS = {
    "Turkish, single": (b"\x24\x01\x01", b"\x1bs\x1bi\x1bg", "şığ"),
    "Turkish, locking": (b"\x25\x01\x01", b"\x1d\x07\x0c\x60", "şığç"),
    "Turkish, both": (b"\x25\x01\x01\x24\x01\x01", b"\x1d\x1bS\x04", "şŞ€"),
    "Spanish, single": (b"\x24\x01\x02", b"d\x1bia", "día"),
    "Portuguese, both": (b"\x25\x01\x03\x24\x01\x03", b"\x7b\x1b\x4f", "ãÓ"),
    "one that is none": (b"\x24\x01\x63", b"\x1be", "€"),
    "empty": (b"\x24\x00", b"\x1be", "€"),
}


@pytest.mark.parametrize(("elements", "raw", "text"), SHIFTS.values(), ids=SHIFTS)
def test_national_shift(elements, raw, text):
    head = bytes((len(elements),)) + elements
    arrival = parse_deliver(deliver(head + raw, esm_class=UDHI).write(), CONTEXT)
    assert arrival.event.content.body.text == text


HOW = {
    "UDH of 8 bits": lambda n: (header(7, 3, n) + b"%d" % n, UDHI, {}),
    "UDH of 16 bits": lambda n: (b"\x06\x08\x04\x12\x34\x03" + bytes((n,)) + b"%d" % n, UDHI, {}),
    "SAR": lambda n: (
        b"%d" % n,
        0,
        {
            Tag.SAR_MSG_REF_NUM: b"\x12\x34",
            Tag.SAR_TOTAL_SEGMENTS: b"\3",
            Tag.SAR_SEGMENT_SEQNUM: bytes((n,)),
        },
    ),
    "in message_payload": lambda n: (b"", UDHI, {Tag.MESSAGE_PAYLOAD: header(7, 3, n) + b"%d" % n}),
}


@pytest.mark.parametrize("how", HOW.values(), ids=HOW)
def test_parts_are_joined_however_they_are_numbered(how):
    pdus = []
    for number in (2, 3, 1):
        text, esm_class, tlvs = how(number)
        pdus.append(deliver(text, esm_class=esm_class, tlvs=tlvs))
    assert len({read_piece(read_message(one.body)).reference for one in pdus}) == 1
    event = parse_deliver(b"".join(one.write() for one in pdus), CONTEXT).event
    assert (event.content.body.text, event.partial, event.segments) == ("123", False, 3)


def test_a_missing_part_leaves_a_sign():
    raw = part(b"eins", 1, 3).write() + part(b"drei", 3, 3).write()
    event = parse_deliver(raw, CONTEXT).event
    assert (event.content.body.text, event.partial) == ("eins […] drei", True)


def test_a_letter_that_was_cut_in_two_is_whole_again():
    smile = "ab😀".encode("utf-16-be")
    pdus = [part(smile[:6], 1, 2, coding=8), part(smile[6:], 2, 2, coding=8)]
    event = parse_deliver(b"".join(one.write() for one in pdus), CONTEXT).event
    assert event.content.body.text == "ab😀"


def test_a_message_is_said_in_the_words_of_the_contract():
    reference = make_reference()
    arrival = parse_deliver(deliver(b"Zu " + reference.encode()).write(), CONTEXT, "m1")
    content = arrival.event.content
    assert (content.sender.value, content.recipients[0].point.value) == (
        "+491715550101",
        "+4971112399",
    )
    assert content.references == (reference,)
    assert parse_deliver(deliver(b"stopp").write(), CONTEXT).event.keyword is Keyword.STOP


SENDERS = {
    "international": (Address("491715550101", 1, 1), "+491715550101"),
    "with +": (Address("+491715550101", 1, 1), "+491715550101"),
    "national": (Address("01715550101", 2, 1), "+491715550101"),
    "letters": (Address("BANK", 5, 0), "BANK"),
}


@pytest.mark.parametrize(("source", "value"), SENDERS.values(), ids=SENDERS)
def test_senders(source, value):
    arrival = parse_deliver(deliver(b"x", source=source).write(), CONTEXT)
    assert arrival.event.content.sender.value == value
