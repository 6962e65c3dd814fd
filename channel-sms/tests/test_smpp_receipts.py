"""Receipts of SMPP, in every spelling, and the codes of answers."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channel_sms.providers import smpp_codes
from channel_sms.providers.smpp_pdu import UDHI, Address, Message, Tag
from channel_sms.providers.smpp_receipt import is_receipt, read_date, read_receipt, spellings
from hub_contract.delivery import Delivery, Reason

NOW = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
FROM, TO = Address("491715550101"), Address("4971112399")

RECEIPTS = {
    "as the appendix has it": (
        b"id:A1 sub:001 dlvrd:001 submit date:2611270850 done date:2611270855 stat:DELIVRD err:000 text:Guten Tag",
        (Delivery.DELIVERED, Reason.NONE, "", datetime(2026, 11, 27, 8, 55, tzinfo=UTC)),
    ),
    "with seconds": (
        b"id:A1 sub:1 dlvrd:1 submit date:261127085001 done date:261127085559 stat:DELIVERED err:0 Text:x",
        (Delivery.DELIVERED, Reason.NONE, "", datetime(2026, 11, 27, 8, 55, 59, tzinfo=UTC)),
    ),
    "small letters, a year of four": (
        b"id:a1 done date:20261127085559 stat:delivrd err:000",
        (Delivery.DELIVERED, Reason.NONE, "", datetime(2026, 11, 27, 8, 55, 59, tzinfo=UTC)),
    ),
    "a spelling of its own": (
        b"id: 00A1 stat: UNDELIVERABLE err: 0011 text:stat:DELIVRD",
        (Delivery.FAILED, Reason.UNREACHABLE, "0011", None),
    ),
    "expired": (b"id:A1 stat:EXPIRED err:000", (Delivery.FAILED, Reason.EXPIRED, "EXPIRED", None)),
    "rejected": (
        b"id:A1 stat:REJECTD err:88",
        (Delivery.FAILED, Reason.REFUSED_BY_POLICY, "88", None),
    ),
    "deleted": (b"id:A1 stat:DELETED err:0", (Delivery.FAILED, Reason.OTHER, "DELETED", None)),
    "on its way": (b"id:A1 stat:ENROUTE err:000", (Delivery.ACCEPTED, Reason.NONE, "", None)),
    "a word nobody knows": (b"id:A1 stat:GLORIOUS", (Delivery.UNKNOWN, Reason.NONE, "", None)),
    "no date": (
        b"id:A1 done date:9999999999 stat:DELIVRD",
        (Delivery.DELIVERED, Reason.NONE, "", None),
    ),
    "nothing of all that": (b"\xff\x00", (Delivery.UNKNOWN, Reason.NONE, "", None)),
}


@pytest.mark.parametrize(("text", "said"), RECEIPTS.values(), ids=RECEIPTS)
def test_receipts(text, said):
    receipt = read_receipt(Message(FROM, TO, text, esm_class=0x04), UTC)
    assert (receipt.status, receipt.reason, receipt.code, receipt.done_at) == said
    assert "a1" in receipt.ids or b"id:" not in text


def test_optional_parameters_say_it_too():
    tlvs = {
        Tag.RECEIPTED_MESSAGE_ID: b"F00\0",
        Tag.MESSAGE_STATE: b"\5",
        Tag.USER_MESSAGE_REFERENCE: b"\1\2",
    }
    receipt = read_receipt(
        Message(FROM, TO, b"", 0x04, tlvs=tlvs | {Tag.NETWORK_ERROR_CODE: b"\3\0\x22"}), UTC
    )
    assert (receipt.ids[0], receipt.status, receipt.reference) == ("f00", Delivery.FAILED, 0x0102)
    assert receipt.code == "0022"


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("A1B", "a1b"),
        ("000A1B", "a1b"),
        ("2587", "a1b"),  # decimal here, hex there
        ("161", "a1"),
        ("00161", "a1"),
        ("0", "0"),
        ("f3e8a-77", "f3e8a-77"),
    ],
)
def test_an_id_is_known_in_hex_and_in_decimal(said, wanted):
    assert wanted in spellings(said)


def test_the_likeliest_spelling_of_an_id_comes_first():
    assert spellings("161") == ("161", "a1", "353")


def test_dates_are_read_by_the_clock_of_the_smsc():
    berlin = read_date("2611270955", ZoneInfo("Europe/Berlin"))
    assert berlin == NOW - timedelta(minutes=5)


@pytest.mark.parametrize(
    ("esm_class", "is_one"), [(0, False), (UDHI, False), (0x04, True), (0x20, True), (0x44, True)]
)
def test_what_a_receipt_is(esm_class, is_one):
    assert is_receipt(Message(FROM, TO, b"", esm_class)) is is_one


@given(st.integers(0, 2**32 - 1))
def test_every_status_has_a_name_and_a_reason(status):
    assert smpp_codes.name_of(status)
    assert smpp_codes.reason_of(status) in Reason
