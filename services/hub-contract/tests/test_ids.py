"""Derived ids: the same facts are the same id, for ever and on every machine; others never."""

import json
import time
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub_contract.ids import derive, received_id, reported_id, time_ordered, write_facts

facts = st.lists(st.text(st.characters(codec=None), max_size=8), max_size=4)


@pytest.mark.parametrize(
    ("derived", "frozen"),
    [
        (
            received_id("musterstadt", "sms", "sms-1", "SM0123"),
            "070a520e-4161-5bbc-b5cb-13fd83628c2f",
        ),
        (
            received_id("musterstadt", "email", "info", "<1@example.org>", "9f86d0"),
            "68898290-9f52-5189-8e55-9e8a041a2be1",
        ),
        (
            received_id("musterstadt", "paper", "poststelle", "Größe/Öl.pdf"),
            "0692bca8-3543-5039-8007-8229edaed98a",
        ),
        (reported_id(UUID(int=7), "delivered"), "0d3d5a6d-11ad-5676-b8e3-f26ec761fd9c"),
        (reported_id(UUID(int=7), "deferred", "2"), "12e7df6f-876f-5812-9eb9-962f0d6780da"),
    ],
)
def test_stays_what_it_was(derived: UUID, frozen: str) -> None:
    assert derived == UUID(frozen)


def test_one_mail_in_two_mailboxes_is_two_events() -> None:
    one = received_id("a", "email", "info", "<1@x>", "hash")
    assert one == received_id("a", "email", "info", "<1@x>", "hash")
    others = {
        received_id("b", "email", "info", "<1@x>", "hash"),
        received_id("a", "sms", "info", "<1@x>", "hash"),
        received_id("a", "email", "amt", "<1@x>", "hash"),
        received_id("a", "email", "info", "<2@x>", "hash"),
        received_id("a", "email", "info", "<1@x>", "hush"),
    }
    assert len(others) == 5
    assert one not in others


def test_a_broken_header_still_has_an_id() -> None:
    assert received_id("a", "email", "info", "<\udcff@x>") != received_id("a", "email", "info", "")


@given(facts, facts)
def test_other_facts_are_another_id(one: list[str], two: list[str]) -> None:
    assert (derive("x", *one) == derive("x", *two)) == (one == two)


@given(facts)
def test_facts_are_written_as_json_writes_them(written: list[str]) -> None:
    assert write_facts(*written) == json.dumps(written)


def test_an_id_of_no_facts_lies_above_those_of_earlier_milliseconds() -> None:
    """As RFC 9562 lays a UUIDv7 out: milliseconds since 1970, then what cannot be guessed."""
    before = time.time_ns() // 1_000_000
    many = [time_ordered() for _ in range(1_000)]
    after = time.time_ns() // 1_000_000
    moments = [one.int >> 80 for one in many]
    assert before <= moments[0]
    assert moments == sorted(moments)
    assert moments[-1] <= after
    assert len({one.int & (1 << 62) - 1 for one in many}) == 1_000
    assert {(one.version, one.variant) for one in many} == {(7, RFC_4122)}
