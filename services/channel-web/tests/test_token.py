"""The token of a form: ours, young, and bound to the browser that sends it."""

import pytest

from channel_web.receive.token import Forms

TENANT, HERE, THERE = "musterstadt", "a" * 32, "b" * 32


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def forms(hub_ring, clock) -> Forms:
    return Forms(hub_ring, 60, clock)


def test_what_follows_from_it_follows_from_the_browser_too(forms):
    token = forms.new(TENANT)
    assert forms.sent(TENANT, token, HERE) == forms.sent(TENANT, token, HERE)
    others = {
        forms.sent(TENANT, token, THERE),
        forms.sent("kleindorf", token, HERE),
        forms.sent(TENANT, forms.new(TENANT), HERE),
        forms.page(TENANT, token, HERE),
    }
    assert len(others) == 4
    assert forms.sent(TENANT, token, HERE) not in others
    assert token not in others


def test_it_is_gone_after_its_minutes_but_for_a_double_click(forms, clock):
    token = forms.new(TENANT)
    young = forms.sent(TENANT, token, HERE)
    clock.now += 60 * 60
    assert forms.sent(TENANT, token, HERE) == young
    clock.now += 1
    old = forms.sent(TENANT, token, HERE)
    assert old != young
    assert forms.sent(TENANT, token, HERE) == old
    clock.now += 600
    assert forms.sent(TENANT, token, HERE) not in (young, old)
    assert forms.is_ours(TENANT, token), "its page is still a page of ours, with what was typed"


@pytest.mark.parametrize(
    "change",
    [
        lambda token: "",
        lambda token: "x" * len(token),
        lambda token: "ä" * len(token),
        lambda token: token[:-1],
        lambda token: token + "A",
        lambda token: token.upper(),
        lambda token: "ffffffff" + token[8:],
        lambda token: f"{token}\n",
    ],
)
def test_what_is_not_ours_is_none(forms, change):
    token = forms.new(TENANT)
    assert forms.is_ours(TENANT, token)
    assert not forms.is_ours("kleindorf", token)
    assert not forms.is_ours(TENANT, change(token))
