"""Any bytes become an entry; the words of a call are found in both languages."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

import channel_phone
from channel_phone.parse import Context, parse
from channel_phone.parse.legs import What, read_legs, write_leg
from hub_contract.words import CallOutcome
from hub_pages.catalogue import find_gaps

NOW = datetime(2026, 5, 12, 9, 0, tzinfo=UTC)
CONTEXT = Context("musterstadt", "phone")
UGLY = [
    b"",
    b"\0\xff\xfe",
    b"begin",
    b"2026-05-12T09:00:00 nothing CallSid=1",
    b"never keys Digits=%ff%00&Digits",
    b"2026-05-12T09:00:00+00:00 keys " + b"a=1&" * 1_000,
    b"2026-05-12T09:00:00+00:00 status CallStatus=completed&CallDuration=99999999999",
]


@pytest.mark.parametrize("raw", UGLY, ids=range(len(UGLY)))
def test_any_bytes_are_an_entry(raw):
    arrival = parse(raw, CONTEXT, NOW)
    assert arrival.original == raw
    assert arrival.event.model_dump_json()
    assert arrival.event.readable is bool(read_legs(raw))


def test_what_is_written_is_read_again():
    form = b"CallSid=CA1&From=%2B491715550101&To=%2B4971112390\r\n"
    [leg] = read_legs(write_leg(NOW, What.BEGIN, form))
    assert (leg.at, leg.what, leg.said["From"]) == (NOW, What.BEGIN, "+491715550101")


def test_a_secret_is_starred_and_nothing_else():
    form = b"CallSid=CA1&Digits=471100&x=1"
    [leg] = read_legs(write_leg(NOW, What.KEYS, form, is_secret=True))
    assert leg.said == {"CallSid": "CA1", "Digits": "******", "x": "1"}
    many = b"&".join(b"Digits=471100" for _ in range(600))
    assert b"4711" not in write_leg(NOW, What.KEYS, many, is_secret=True)


def test_how_long_it_took_is_known_without_its_end():
    legs = write_leg(NOW, What.BEGIN, b"CallSid=CA1")
    legs += write_leg(NOW.replace(minute=1), What.KEYS, b"CallSid=CA1&Digits=1")
    event = parse(legs, CONTEXT, NOW).event
    assert (event.seconds, event.partial, event.outcome) == (60, True, CallOutcome.MISSED)


def test_every_sentence_is_there_in_english():
    assert find_gaps(Path(channel_phone.__file__).parent) == []
