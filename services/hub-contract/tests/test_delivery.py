"""The delivery words: providers repeat themselves and speak out of turn, and little is lost."""

from functools import reduce
from itertools import pairwise, permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub_contract.delivery import Delivery, advance, is_final

D = Delivery
# How much each word says; among equals the last one heard holds.
SAYS = {
    D.REQUESTED: 0,
    D.UNKNOWN: 1,
    D.ACCEPTED: 1,
    D.DEFERRED: 1,
    D.SENT: 1,
    D.DELIVERED: 2,
    D.FAILED: 2,
    D.READ: 3,
    D.RETURNED: 4,
}
reports = st.lists(st.sampled_from(list(Delivery)), max_size=12)


def after(*words: Delivery) -> Delivery:
    return reduce(advance, words, D.REQUESTED)


@pytest.mark.parametrize(
    ("heard", "holds"),
    [
        ((), D.REQUESTED),
        ((D.ACCEPTED, D.SENT, D.DELIVERED), D.DELIVERED),
        ((D.DELIVERED, D.SENT, D.ACCEPTED), D.DELIVERED),
        ((D.SENT, D.SENT, D.ACCEPTED), D.SENT),
        ((D.DEFERRED, D.ACCEPTED), D.ACCEPTED),
        ((D.DEFERRED, D.UNKNOWN), D.UNKNOWN),
        ((D.DEFERRED, D.UNKNOWN, D.ACCEPTED), D.ACCEPTED),
        ((D.ACCEPTED, D.UNKNOWN), D.ACCEPTED),
        ((D.SENT, D.UNKNOWN), D.SENT),
        ((D.ACCEPTED, D.DEFERRED, D.SENT), D.SENT),
        ((D.DELIVERED, D.FAILED), D.FAILED),
        ((D.FAILED, D.DELIVERED), D.DELIVERED),
        ((D.FAILED, D.DEFERRED), D.FAILED),
        ((D.READ, D.DELIVERED), D.READ),
        ((D.READ, D.FAILED), D.READ),
        ((D.SENT, D.RETURNED, D.DELIVERED, D.READ), D.RETURNED),
    ],
)
def test_stories(heard: tuple[Delivery, ...], holds: Delivery) -> None:
    assert after(*heard) == holds


def test_a_repeat_changes_nothing() -> None:
    for old, new in product(Delivery, Delivery):
        once = advance(old, new)
        assert once in {old, new}
        assert advance(once, new) == once


def test_a_word_that_says_more_always_wins_and_less_never() -> None:
    for old, new in product(Delivery, Delivery):
        if SAYS[new] > SAYS[old]:
            assert advance(old, new) == new
        elif SAYS[new] < SAYS[old]:
            assert advance(old, new) == old


def test_final_is_what_says_enough() -> None:
    assert {word for word in Delivery if is_final(word)} == {w for w in D if SAYS[w] >= 2}


@given(reports)
def test_the_end_is_never_less_than_the_most_that_was_reported(heard: list[Delivery]) -> None:
    assert SAYS[after(*heard)] == max((SAYS[word] for word in heard), default=0)


@given(reports)
def test_the_way_there_never_goes_down(heard: list[Delivery]) -> None:
    way = [after(*heard[:n]) for n in range(len(heard) + 1)]
    assert all(SAYS[one] <= SAYS[two] for one, two in pairwise(way))


@given(reports)
def test_a_lost_answer_never_hides_that_the_peer_has_it(heard: list[Delivery]) -> None:
    if D.DEFERRED not in heard and {D.ACCEPTED, D.SENT} & set(heard):
        assert after(*heard) != D.UNKNOWN


@pytest.mark.parametrize(
    "heard",
    [
        (D.ACCEPTED, D.SENT, D.DELIVERED, D.READ),
        (D.UNKNOWN, D.ACCEPTED, D.DEFERRED, D.SENT, D.DELIVERED),
        (D.ACCEPTED, D.DEFERRED, D.FAILED),
        (D.SENT, D.DELIVERED, D.RETURNED),
    ],
)
def test_disorder_does_not_change_the_end(heard: tuple[Delivery, ...]) -> None:
    assert {after(*order) for order in permutations(heard)} == {after(*heard)}
