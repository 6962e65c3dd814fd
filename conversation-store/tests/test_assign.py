"""The five rules, and every edge where two of them meet, as a table."""

import re
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from uuid import UUID

import pytest

from conversation_store.append.assign import Facts, assign
from conversation_store.append.known import Known
from conversation_store.append.read import Incoming
from conversation_store.sign import Token
from hub_contract.events import MessageContent, MessageReceived
from hub_contract.explanations import Explanation
from hub_contract.words import Automatic, Channel, Evidence

NEW, A, B, C, D = (UUID(int=n) for n in range(1, 6))
POINT = UUID(int=99)
NO, REPLY, GENERATED, BOUNCE = Automatic


def facts(**given) -> Facts:
    known = frozenset(given.pop("known", ()))
    return Facts(new_id=NEW, known=known, **given)


# facts | conversation, rule, reason, verified
TABLE = {
    "token": (facts(token=A, known={A}), (A, 1, "token", True)),
    "token from a stranger": (facts(token=A), (A, 1, "token", False)),
    "token before answers": (facts(token=A, answered=(B,)), (A, 1, "token", False)),
    "token before a reference of the sender": (
        facts(token=A, referenced=(B,), known={B}),
        (A, 1, "token", False),
    ),
    "answers": (facts(answered=(A,), known={A}), (A, 1, "answers", True)),
    "answers the nearest": (facts(answered=(B, A), known={A}), (B, 1, "answers", False)),
    "answered by one that came earlier": (facts(answered_by=A), (A, 1, "answered_by", False)),
    "answers before answered by": (facts(answered=(B,), answered_by=A), (B, 1, "answers", False)),
    "the same mail in another mailbox": (
        facts(copy_of=A, recent=(A, B), known={A}),
        (A, 1, "copy", True),
    ),
    "a newsletter in two mailboxes": (facts(copy_of=A, automatic=GENERATED), (A, 1, "copy", False)),
    "reference of the sender": (
        facts(referenced=(A,), known={A}),
        (A, 2, "reference_known", True),
    ),
    "the reference that knows the sender, not the first": (
        facts(referenced=(B, A), known={A}),
        (A, 2, "reference_known", True),
    ),
    "reference before the only open one": (
        facts(referenced=(A,), known={A}, recent=(B,)),
        (A, 2, "reference_known", True),
    ),
    "reference of somebody else": (
        facts(referenced=(A,)),
        (A, 3, "reference_unverified", False),
    ),
    "the first reference of somebody else": (
        facts(referenced=(B, A)),
        (B, 3, "reference_unverified", False),
    ),
    "a stranger's reference, though one is open": (
        facts(referenced=(A,), recent=(B,), known={B}),
        (A, 3, "reference_unverified", False),
    ),
    "the only open one": (facts(recent=(A,), known={A}), (A, 4, "only_open", True)),
    "the only open one, not confirmed there": (facts(recent=(A,)), (A, 4, "only_open", False)),
    "two open ones": (facts(recent=(A, B), known={A, B}), (NEW, 5, "new_several_open", True)),
    "nothing": (facts(), (NEW, 5, "new", True)),
    "its channel has given out a reference": (facts(given="9"), (NEW, 5, "new_given", True)),
    "its channel has given out a reference, and it names another": (
        facts(given="9", token=A, answered=(A,), referenced=(B,), known={B}, recent=(C,)),
        (NEW, 5, "new_given", True),
    ),
    "an automatic one with a reference of its own": (
        facts(given="9", automatic=GENERATED),
        (NEW, 5, "new_given", True),
    ),
    "a reference we never gave out": (facts(reference_unknown=True), (NEW, 5, "new", True)),
    "forged token, only open": (
        facts(token_fault="forged", recent=(A,), known={A}),
        (A, 4, "only_open", True),
    ),
    "expired token, reference": (
        facts(token_fault="expired", referenced=(A,), known={A}),
        (A, 2, "reference_known", True),
    ),
    "vacation reply to our mail": (facts(answered=(A,), automatic=REPLY), (A, 1, "answers", False)),
    "vacation reply with its reference": (
        facts(referenced=(A,), known={A}, automatic=REPLY),
        (A, 2, "reference_known", True),
    ),
    "vacation reply with another's reference": (
        facts(referenced=(A,), automatic=REPLY),
        (NEW, 5, "new_automatic", True),
    ),
    "vacation reply, one open": (
        facts(recent=(A,), automatic=REPLY),
        (NEW, 5, "new_automatic", True),
    ),
    "a forged sender's token": (facts(token=A, known={A}, doubted=True), (A, 1, "token", False)),
    "a forged sender's reference": (
        facts(referenced=(A,), known={A}, doubted=True),
        (A, 3, "reference_unverified", False),
    ),
    "a forged sender, the only open one": (
        facts(recent=(A,), known={A}, doubted=True),
        (A, 4, "only_open", False),
    ),
    "a forged sender, nothing": (facts(doubted=True), (NEW, 5, "new", False)),
    "many write by this address, one open": (
        facts(shared=True, recent=(A,), known={A}),
        (NEW, 5, "new_shared", True),
    ),
    "many write by this address, to our reply address": (
        facts(shared=True, token=A, known={A}),
        (A, 1, "token", False),
    ),
    "many write by this address, and one names her reference": (
        facts(shared=True, referenced=(A,), known={A}, recent=(A,)),
        (A, 3, "reference_unverified", False),
    ),
    "many write by this address, and it may be forged": (
        facts(shared=True, doubted=True),
        (NEW, 5, "new_shared", False),
    ),
    "strangers answer the same message that never came in": (
        facts(common=(A, B)),
        (NEW, 5, "new", True),
    ),
    "strangers answer the same message, and she has one open": (
        facts(common=(A,), recent=(B,), known={B}),
        (B, 4, "only_open", True),
    ),
    "a portal's mail, one open": (
        facts(recent=(A,), known={A}, automatic=GENERATED),
        (NEW, 5, "new_automatic", True),
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_where_it_belongs(name):
    given, expected = TABLE[name]
    found = assign(given)
    assert (found.conversation_id, found.rule, found.reason, found.verified) == expected


MARKS = {
    "forged": (facts(token_fault="forged"), ("token_forged",)),
    "expired, stranger's reference": (
        facts(token_fault="expired", referenced=(A,)),
        ("token_expired", "sender_unknown"),
    ),
    "leads nowhere": (facts(token_fault="unknown"), ("token_unknown",)),
    "unknown reference": (facts(reference_unknown=True), ("reference_unknown",)),
    "stranger's token": (facts(token=A), ("sender_unknown",)),
    "a given reference that leads elsewhere": (
        facts(given="9", given_taken=True),
        ("reference_taken",),
    ),
    "a given reference": (facts(given="9"), ()),
    "nothing odd": (facts(token=A, known={A}), ()),
    "first letter": (facts(), ()),
    "many write by this address": (facts(shared=True), ("sender_shared",)),
    "many write by this address, into a conversation": (
        facts(shared=True, token=A, known={A}),
        ("sender_shared", "sender_unknown"),
    ),
}


@pytest.mark.parametrize("name", MARKS)
def test_what_was_odd_is_marked(name):
    given, expected = MARKS[name]
    assert assign(given).marks == expected


@pytest.mark.parametrize(
    ("results", "doubted"),
    [
        ((), False),
        (("pass",), False),
        (("none",), False),  # its domain says nothing about who may write under its name
        (("fail",), True),
        (("temperror",), True),  # it could not be looked up: not verified
        (("permerror",), True),
        (("policy",), True),
        (("pass", "fail"), True),
    ],
)
def test_a_sender_whom_dmarc_does_not_confirm_is_doubted(results, doubted):
    evidence = (Evidence(kind="spf", result="fail"), Evidence(kind="dkim", result="fail"))
    evidence += tuple(Evidence(kind="dmarc", result=result) for result in results)
    content = MessageContent(evidence=evidence)
    event = MessageReceived(
        id=NEW,
        tenant="t",
        channel=Channel.EMAIL,
        account="post",
        received_at=datetime(2026, 11, 27, tzinfo=UTC),
        content=content,
    )
    one = Incoming(event, "", b"", content, POINT, "", (), Token())
    known = Known(confirmed={(A, POINT)}, references={"384291770652": A})
    assert known.facts(one).doubted is doubted
    assert assign(known.facts(one)).verified is not doubted


PROPOSALS = {
    "two open ones": (facts(recent=(A, B)), [("same_concern", A), ("same_concern", B)]),
    "a closed one": (facts(related=(C,)), [("same_concern", C)]),
    "same name": (facts(namesakes=(POINT,)), [("same_person", POINT)]),
    "named another too": (
        facts(token=A, referenced=(B, A), answered=(C,)),
        [("same_concern", C), ("same_concern", B)],
    ),
    "the same named twice": (facts(answered=(A, B), referenced=(B,)), [("same_concern", B)]),
    "strangers answer the same message": (facts(common=(A,)), [("same_concern", A)]),
    "many write by this address": (facts(shared=True, related=(A,)), [("same_concern", A)]),
    "rule 4 asks nothing": (facts(recent=(A,), related=(A, B), namesakes=(POINT,)), []),
    "a machine only says what it names": (
        facts(recent=(A,), related=(B,), namesakes=(POINT,), referenced=(C,), automatic=REPLY),
        [("same_concern", C)],
    ),
    "with a reference of its own it asks about what it names": (
        facts(given="9", token=A, answered=(B,), referenced=(C,)),
        [("same_concern", B), ("same_concern", C)],
    ),
    "never more than five": (
        facts(recent=(A, B), related=(C, D), namesakes=(POINT, NEW)),
        [*(("same_concern", c) for c in (A, B, C, D)), ("same_person", POINT)],
    ),
}


@pytest.mark.parametrize("name", PROPOSALS)
def test_what_is_asked(name):
    given, expected = PROPOSALS[name]
    assert [(p.kind, p.other) for p in assign(given).proposals] == expected


@pytest.mark.parametrize(
    ("automatic", "reopens", "opens"),
    [(NO, True, True), (REPLY, False, False), (GENERATED, False, True), (BOUNCE, False, False)],
)
def test_machines_open_nothing_needlessly(automatic, reopens, opens):
    found = assign(facts(automatic=automatic))
    assert (found.reopens, found.opens) == (reopens, opens)


def test_every_set_of_facts_has_one_explained_answer():
    """All combinations of what can be known: total, and never a conversation from nowhere."""
    options = {
        "automatic": tuple(Automatic),
        "token": (None, A),
        "token_fault": ("", "forged", "expired", "unknown"),
        "answered": ((), (B,), (A, B)),
        "answered_by": (None, C),
        "copy_of": (None, D),
        "referenced": ((), (A,), (B, C)),
        "shared": (False, True),
        "reference_unknown": (False, True),
        "given": ("", "912345678933"),
        "recent": ((), (A,), (A, D)),
        "related": ((), (D,)),
        "known": ((), (A,), (B, C)),
    }
    seen = set()
    for values in product(*options.values()):
        given = dict(zip(options, values, strict=True))
        found = assign(facts(**given))
        seen.add(found.reason)
        named = {given["token"], *given["answered"], given["answered_by"], given["copy_of"]}
        named |= {*given["referenced"], *given["recent"], NEW}
        assert found.conversation_id in named - {None}
        known = () if given["shared"] else given["known"]
        assert found.verified == (found.new or found.conversation_id in known)
        assert found.conversation_id not in [p.other for p in found.proposals]
        assert Explanation.OTHER not in found.marks
    assert sorted(seen) == sorted(set(documented()))


def documented() -> list[str]:
    """Return the reasons of docs/assign.md in the order of its rows."""
    page = Path(__file__).parents[2] / "docs" / "assign.md"
    return re.findall(r"(?m)^\| \d+ \|.*\| `(\w+)` \|$", page.read_text(encoding="utf-8"))


# Facts for each row of docs/assign.md that fit it and all rows below it.
ROWS = (
    {"given": "9"},
    {"token": A},
    {"answered": (A,)},
    {"answered": (A,)},
    {"answered_by": A},
    {"copy_of": A},
    {"referenced": (A,), "known": {A}},
    {"automatic": GENERATED},
    {"referenced": (A,), "known": {B}},
    {"shared": True},
    {"recent": (B,)},
    {"recent": (B, C)},
    {},
)


def test_the_first_row_that_fits_decides():
    """Each row with all that the rows below it need, which they may not change."""
    found = []
    for number in range(len(ROWS)):
        below = {k: v for row in reversed(ROWS[number:]) for k, v in row.items()}
        if number < ROWS.index({"shared": True}):  # who may be anybody is known nowhere
            del below["shared"]
        found.append(str(assign(facts(**below)).reason))
    assert found == documented()
