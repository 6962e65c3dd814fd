"""The table of rights, right by right: what is not allowed here is refused."""

import itertools

import pytest

from hub_kit.rights import ACTIONS, ROLES, THINGS, may

ALLOWED = {
    "citizen": {"portal read", "portal write", "mine read", "mine write"},
    "agent": {
        *("desk read", "desk write", "conversation read", "conversation write", "people read"),
        *("scans read", "scans write"),
    },
    "supervisor": {
        *("desk read", "desk write", "conversation read", "conversation write", "people read"),
        *("scans read", "scans write", "entry erase", "entry release"),
    },
    "operator": {"desk read", "desk write", "operations read", "operations replay"},
    "service": {"conversation read", "conversation write", "people read", "entry erase"},
    "portal": {"people read", "inbox read"},
}


@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_this_and_nothing_else(role):
    asked = itertools.product(THINGS, ACTIONS)
    assert {f"{t} {a}" for t, a in asked if may(role, a, t)} == ALLOWED[role]


@pytest.mark.parametrize(
    ("role", "action", "thing"),
    [
        ("", "read", "conversation"),
        ("admin", "read", "conversation"),
        ("Agent", "read", "conversation"),
        ("agent", "", "conversation"),
        ("agent", "delete", "conversation"),
        ("agent", "read", ""),
        ("agent", "read", "table"),
    ],
)
def test_what_nobody_knows_is_refused(role, action, thing):
    assert may(role, action, thing) is False
