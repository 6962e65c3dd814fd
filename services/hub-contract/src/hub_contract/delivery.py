"""How far an outbound message got: the words, and which word wins when reports race.

Providers repeat their reports and send them out of order, so `advance` is a table, it is total,
and it never raises: a word that says less than what is known is ignored.
"""

from enum import StrEnum


class Delivery(StrEnum):
    REQUESTED = "requested"  # ours: planned, not yet handed to a channel
    ACCEPTED = "accepted"  # the first relay or the provider took it
    SENT = "sent"  # it left for the recipient
    DEFERRED = "deferred"  # not yet; we or the peer try again
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    RETURNED = "returned"  # it came back: a letter, a bounce after "delivered"
    UNKNOWN = "unknown"  # the answer was lost; looked up, never sent again blindly


class Reason(StrEnum):
    """Why it failed or waits; a word from a newer release is read as `other`."""

    NONE = "none"
    ADDRESS_UNKNOWN = "address_unknown"
    ADDRESS_NOT_CARRIED = "address_not_carried"  # our own mail server cannot write it
    MAILBOX_FULL = "mailbox_full"
    MAILBOX_DISABLED = "mailbox_disabled"
    TOO_LARGE = "too_large"
    REFUSED_AS_SPAM = "refused_as_spam"
    REFUSED_BY_POLICY = "refused_by_policy"
    SENDER_REJECTED = "sender_rejected"  # our own fault: SPF, reverse DNS, relaying, log-in
    REFUSED_BY_RECIPIENT = "refused_by_recipient"  # «Annahme verweigert», a call rejected
    NOT_COLLECTED = "not_collected"  # a registered letter nobody fetched
    OPTED_OUT = "opted_out"
    UNREACHABLE = "unreachable"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    LINE_DROPPED = "line_dropped"
    EXPIRED = "expired"
    NOT_CONFIGURED = "not_configured"
    OTHER = "other"

    @classmethod
    def _missing_(cls, _value: object) -> "Reason":
        return cls.OTHER


_D = Delivery
# What each word may become. What is not listed is a repeat or comes late, and changes nothing.
_BECOMES: dict[Delivery, frozenset[Delivery]] = {
    _D.REQUESTED: frozenset(Delivery) - {_D.REQUESTED},
    # Who accepted it has it: a lost answer is no news any more.
    _D.ACCEPTED: frozenset(Delivery) - {_D.REQUESTED, _D.ACCEPTED, _D.UNKNOWN},
    _D.UNKNOWN: frozenset(Delivery) - {_D.REQUESTED, _D.UNKNOWN},
    # A next attempt of ours may be accepted, or its answer be lost.
    _D.DEFERRED: frozenset(Delivery) - {_D.REQUESTED, _D.DEFERRED},
    _D.SENT: frozenset({_D.DEFERRED, _D.DELIVERED, _D.READ, _D.FAILED, _D.RETURNED}),
    _D.DELIVERED: frozenset({_D.READ, _D.RETURNED, _D.FAILED}),  # bounces after "delivered" exist
    _D.FAILED: frozenset({_D.DELIVERED, _D.READ, _D.RETURNED}),  # and so does the opposite
    _D.READ: frozenset({_D.RETURNED}),
    _D.RETURNED: frozenset(),
}


def advance(old: Delivery, new: Delivery) -> Delivery:
    """Return the word that holds once `new` is reported while `old` is known."""
    return new if new in _BECOMES[old] else old


def is_final(word: Delivery) -> bool:
    """Say whether nothing more is waited for (late reports may still correct it)."""
    return word in {_D.DELIVERED, _D.READ, _D.FAILED, _D.RETURNED}
