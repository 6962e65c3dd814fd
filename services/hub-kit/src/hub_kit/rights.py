"""Who may do what: one pure table that the gateway and every service behind it ask.

Rule 1. What is not in the table is refused: an unknown role, action or thing may nothing.
Rule 2. A role says what kind of thing; which one (whose conversation, which tenant) the token says.
Rule 3. Operators keep the hub running and read no conversation; agents read them and keep nothing
        running; what is for ever takes a supervisor.
"""

ROLES = ("citizen", "agent", "supervisor", "operator", "service", "portal")
STAFF = ("agent", "supervisor")
_DESK = frozenset((*STAFF, "operator"))
_TIMELINE = frozenset((*STAFF, "service"))
_CITIZEN = frozenset(("citizen",))
_OPERATOR = frozenset(("operator",))

# thing -> action -> roles
_MAY = {
    "portal": {"read": _CITIZEN, "write": _CITIZEN},  # the citizen's pages
    "mine": {"read": _CITIZEN, "write": _CITIZEN},  # the conversations of one portal inbox
    "inbox": {"read": frozenset(("portal",))},  # how far one is, for who shows number and digits
    "desk": {"read": _DESK, "write": _DESK},  # the pages of the workspace, as such
    "scans": {"read": frozenset(STAFF), "write": frozenset(STAFF)},  # to hand scans in
    "conversation": {"read": _TIMELINE, "write": _TIMELINE},  # and its entries, files, people
    "people": {"read": frozenset((*_TIMELINE, "portal"))},  # who takes part in a conversation
    # Its content, for ever; and a file of it in which harmful software was found, for all to open.
    "entry": {"erase": frozenset(("supervisor", "service")), "release": frozenset(("supervisor",))},
    "operations": {"read": _OPERATOR, "replay": _OPERATOR},  # lag, parked keys, dead letters
}
THINGS = tuple(_MAY)
ACTIONS = ("read", "write", "erase", "release", "replay")


def may(role: str, action: str, thing: str) -> bool:
    """Say whether this role may do this to things of this kind; total, False where unknown."""
    return role in _MAY.get(thing, {}).get(action, ())
