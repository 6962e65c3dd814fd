"""SMPP's words and codes in ours: tables with a total fallback.

SMPP 3.4 §5.1.3 (command_status), §5.2.28 (message_state), appendix B (the words of receipts); the
other spellings are those that SMSCs are known to write.
"""

from hub_contract.delivery import Delivery, Reason

Word = tuple[Delivery, Reason]
_ACCEPTED: Word = (Delivery.ACCEPTED, Reason.NONE)
_DELIVERED: Word = (Delivery.DELIVERED, Reason.NONE)
_EXPIRED: Word = (Delivery.FAILED, Reason.EXPIRED)
_UNREACHABLE: Word = (Delivery.FAILED, Reason.UNREACHABLE)
_REFUSED: Word = (Delivery.FAILED, Reason.REFUSED_BY_POLICY)
_OTHER: Word = (Delivery.FAILED, Reason.OTHER)
_UNKNOWN: Word = (Delivery.UNKNOWN, Reason.NONE)

_STAT: dict[str, Word] = {
    **dict.fromkeys(("DELIVRD", "DELIVERED", "DELIVERD", "DELIVRED", "READ", "SEEN"), _DELIVERED),
    **dict.fromkeys(("EXPIRED", "EXPIRD", "VALIDITY_EXPIRED"), _EXPIRED),
    **dict.fromkeys(("UNDELIV", "UNDELIVERED", "UNDELIVERABLE", "UNDELIVRD"), _UNREACHABLE),
    **dict.fromkeys(("REJECTD", "REJECTED", "REJECT", "BLOCKED"), _REFUSED),
    **dict.fromkeys(("DELETED", "CANCELED", "CANCELLED", "FAILED", "ERROR", "SKIPPED"), _OTHER),
    **dict.fromkeys(("ACCEPTD", "ACCEPTED", "ENROUTE", "EN_ROUTE", "BUFFERED"), _ACCEPTED),
    **dict.fromkeys(("BUFFRED", "SCHEDULED", "SCHEDLD", "QUEUED", "PENDING", "SENT"), _ACCEPTED),
    "UNKNOWN": _UNKNOWN,
}
STATES: dict[int, Word] = {
    1: _ACCEPTED,  # en route
    2: _DELIVERED,
    3: _EXPIRED,
    4: _OTHER,  # deleted
    5: _UNREACHABLE,
    6: _ACCEPTED,  # read on behalf of the citizen by customer service
    7: _UNKNOWN,
    8: _REFUSED,
}

NAMES = {
    0x01: "ESME_RINVMSGLEN",
    0x03: "ESME_RINVCMDID",
    0x04: "ESME_RINVBNDSTS",
    0x05: "ESME_RALYBND",
    0x08: "ESME_RSYSERR",
    0x0A: "ESME_RINVSRCADR",
    0x0B: "ESME_RINVDSTADR",
    0x0C: "ESME_RINVMSGID",
    0x0D: "ESME_RBINDFAIL",
    0x0E: "ESME_RINVPASWD",
    0x0F: "ESME_RINVSYSID",
    0x14: "ESME_RMSGQFUL",
    0x33: "ESME_RINVNUMDESTS",
    0x40: "ESME_RINVDESTFLAG",
    0x42: "ESME_RINVSUBREP",
    0x43: "ESME_RINVESMCLASS",
    0x45: "ESME_RSUBMITFAIL",
    0x48: "ESME_RINVSRCTON",
    0x49: "ESME_RINVSRCNPI",
    0x50: "ESME_RINVDSTTON",
    0x51: "ESME_RINVDSTNPI",
    0x58: "ESME_RTHROTTLED",
    0x61: "ESME_RINVSCHED",
    0x62: "ESME_RINVEXPIRY",
    0x64: "ESME_RX_T_APPN",
    0x67: "ESME_RQUERYFAIL",
}
OK, LATER, UNKNOWN_COMMAND, BAD_LENGTH, QUEUE_FULL = 0x00, 0x64, 0x03, 0x02, 0x14
# Certainly not taken, and may be taken later: after so many seconds.
AGAIN = {
    0x58: 5,  # throttled: we send faster than our contract says
    0x14: 30,  # the message queue is full
    0x64: 10,  # ESME_RX_T_APPN
    0x04: 1,  # not bound (any more)
    0x08: 30,  # an error of its own system
    0x0D: 60,
    0x0E: 60,  # the password is wrong: ours to mend
    0x0F: 60,
}
_REASONS = {
    0x01: Reason.TOO_LARGE,
    0x0A: Reason.NOT_CONFIGURED,  # our own number is none of ours there
    0x48: Reason.NOT_CONFIGURED,
    0x49: Reason.NOT_CONFIGURED,
    0x03: Reason.NOT_CONFIGURED,
    0x0B: Reason.ADDRESS_UNKNOWN,
    0x50: Reason.ADDRESS_UNKNOWN,
    0x51: Reason.ADDRESS_UNKNOWN,
    0x62: Reason.EXPIRED,
}


def stat_of(word: str) -> Word | None:
    """Return our words; None where the receipt has no such word. A new one is `unknown`."""
    plain = word.strip().upper()
    return _STAT.get(plain, _UNKNOWN) if plain else None


def name_of(status: int) -> str:
    return NAMES.get(status, f"0x{status:08X}")


def reason_of(status: int) -> Reason:
    """Return why a message was refused; total, since every SMSC has codes of its own."""
    return _REASONS.get(status, Reason.OTHER)
