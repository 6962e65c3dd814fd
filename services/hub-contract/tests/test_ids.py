"""Derived ids: the same facts are the same id, for ever and on every machine; others never."""

import inspect
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub_contract import ids
from hub_contract.ids import derive, received_id, time_ordered, write_facts

REPOSITORY = Path(__file__).parents[3]
# What is made of no facts, and what all others are made with.
NO_IDS_OF_THINGS = {"derive", "write_facts", "time_ordered"}
# What belongs to a message, whose id has its account, or to a conversation; its accounts may change while the thing stays the same.
OF_A_CONVERSATION = {
    "read_id",
    *("requested_id", "note_id", "held_id", "transaction_id"),
    *("proposal_id", "appended_id", "changed_id"),
}
POST = ("musterstadt", "email", "post")
SEVEN = UUID(int=7)
MAKERS = {
    name: make
    for name, make in vars(ids).items()
    if inspect.isfunction(make) and make.__module__ == ids.__name__ and name not in NO_IDS_OF_THINGS
}
words = st.text(st.characters(codec=None), max_size=8)
MADE_OF = {str: words, UUID: st.uuids()}
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
        (ids.reported_id(*POST, SEVEN, "delivered"), "261ebf1e-27f9-5fcc-acab-e77a0e4916d5"),
        (ids.reported_id(*POST, SEVEN, "deferred", "2"), "4dcaef38-ba81-571c-bc05-ab3aae7872e2"),
        (
            ids.call_id("musterstadt", "phone", "zentrale", "CA0123"),
            "352a4277-6291-5fc5-8ed1-524f17165865",
        ),
        (
            ids.rang_id("musterstadt", "phone", "zentrale", "CA0123", "ringing"),
            "1b13f623-980f-56ec-a8bb-df29719e2181",
        ),
        (ids.read_id("musterstadt", SEVEN), "5f3dd427-ddc7-528a-b14d-9952173d5e9d"),
        (ids.requested_id("musterstadt", SEVEN, "key"), "febd33c8-c6c7-53ba-9b8c-8f151fb417f7"),
        (ids.note_id("musterstadt", SEVEN, "key"), "6339bfc5-9510-5597-a54c-54fbff60d248"),
        (
            ids.held_id("musterstadt", SEVEN, "agent-7", "token"),
            "9003393b-655d-5120-a6e8-e290047bfb96",
        ),
        (ids.transaction_id("musterstadt", SEVEN), "4ffe6036-2237-5ca0-bde8-4f94d91be99e"),
        (
            ids.proposal_id("musterstadt", SEVEN, "same_person", UUID(int=8)),
            "2aa8fcf3-465a-59ff-8e88-8d53e47e41ca",
        ),
        (
            ids.appended_id("musterstadt", SEVEN, "delivery", "cause"),
            "bcb9560d-bcb5-5b95-b5e4-61065670ea3d",
        ),
        (
            ids.changed_id("musterstadt", SEVEN, "SUBMITTED", "cause"),
            "ae2998b9-06cc-5b52-915a-d28c8b315c28",
        ),
    ],
)
def test_stays_what_it_was(derived: UUID, frozen: str) -> None:
    assert derived == UUID(frozen)


def test_every_maker_of_ids_has_a_frozen_one() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert {name for name in MAKERS if f"{name}(" not in text} == set()


def test_every_id_is_of_a_tenant_and_an_account() -> None:
    asked = {name: set(inspect.signature(make).parameters) for name, make in MAKERS.items()}
    assert {name for name, names in asked.items() if "tenant" not in names} == set()
    without = {name for name, names in asked.items() if "account" not in names}
    assert without == OF_A_CONVERSATION


@pytest.mark.parametrize("name", sorted(MAKERS))
@pytest.mark.parametrize("of", ["tenant", "account"])
def test_no_two_of_them_derive_the_same_id(name: str, of: str) -> None:
    """Whatever a stranger writes into the other facts, of one or the other or both."""
    make = MAKERS[name]
    if of not in inspect.signature(make).parameters:
        assert name in OF_A_CONVERSATION
        return

    @settings(max_examples=20)
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        one, two = (data.draw(arguments_of(make)) for _ in range(2))
        assert one.arguments[of] == two.arguments[of] or called(make, one) != called(make, two)
        one.arguments[of], two.arguments[of] = "musterstadt", "kleindorf"
        assert called(make, one) != called(make, two)
        before = called(make, one)
        one.arguments[of] = "kleindorf"
        assert called(make, one) != before

    holds()


def arguments_of(make: Callable[..., UUID]) -> st.SearchStrategy[inspect.BoundArguments]:
    """Return calls of this maker; `*facts` get up to three."""
    signature = inspect.signature(make)
    drawn = [
        st.lists(words, max_size=3)
        if one.kind is one.VAR_POSITIONAL
        else MADE_OF[one.annotation].map(lambda value: [value])
        for one in signature.parameters.values()
    ]
    return st.tuples(*drawn).map(lambda parts: signature.bind(*[v for part in parts for v in part]))


def called(make: Callable[..., UUID], bound: inspect.BoundArguments) -> UUID:
    return make(*bound.args, **bound.kwargs)


def test_two_kinds_of_things_never_share_an_id() -> None:
    """Of the same words, all makers make different ids."""
    made = set()
    for make in MAKERS.values():
        given_ = {str: "word", UUID: UUID(int=7)}
        asked = inspect.signature(make).parameters.values()
        made.add(make(*(given_[one.annotation] for one in asked)))
    assert len(made) == len(MAKERS)


def test_ids_are_derived_in_one_place() -> None:
    """Where they are made elsewhere, nobody sees that the tenant is missing."""
    making = re.compile(r"\b(?:uuid[35]|derive)\(")
    sources = [path for path in REPOSITORY.glob("**/src/**/*.py") if ".venv" not in path.parts]
    found = {path.name for path in sources if making.search(path.read_text(encoding="utf-8"))}
    assert found == {"ids.py"}


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
