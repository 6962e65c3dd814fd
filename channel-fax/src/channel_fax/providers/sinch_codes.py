"""Sinch's words and numbers in ours: tables with a total fallback.

https://developers.sinch.com/docs/fax/api-reference/fax/tag/Error-Messages/
"""

from hub_contract.delivery import Delivery, Reason

STATUS = {
    "QUEUED": Delivery.ACCEPTED,
    "IN_PROGRESS": Delivery.SENT,
    "COMPLETED": Delivery.DELIVERED,
    "FAILURE": Delivery.FAILED,
}
_REASONS = {
    # CALL_ERROR
    11: Reason.LINE_DROPPED,
    15: Reason.UNREACHABLE,  # congestion
    16: Reason.NO_ANSWER,
    17: Reason.BUSY,
    19: Reason.REFUSED_BY_RECIPIENT,  # hung up at once
    30: Reason.NO_ANSWER,  # of a fax machine
    32: Reason.UNREACHABLE,
    34: Reason.ADDRESS_UNKNOWN,
    43: Reason.UNREACHABLE,
    49: Reason.ADDRESS_UNKNOWN,
    # FAX_ERROR
    **dict.fromkeys(
        (6, 8, 10, 18, 20, 21, 22, 28, 29, 38, 40, 41, 44, 53, 60, 63, 77, 80, 82, 84, 131),
        Reason.LINE_DROPPED,
    ),
    **dict.fromkeys((12, 13, 14, 26, 48, 132), Reason.NO_ANSWER),
    **dict.fromkeys((7, 25, 31, 68), Reason.UNREACHABLE),  # the machine cannot take such pages
    46: Reason.NOT_CONFIGURED,  # our account has no money
    76: Reason.EXPIRED,
    133: Reason.NOT_CONFIGURED,  # our account may not call this number
}


def status_of(word: str) -> Delivery | None:
    """Return our word for a status of an outgoing fax."""
    return STATUS.get(word.strip().upper())


def reason_of(code: str) -> Reason:
    """Return why it failed; "" is no reason at all."""
    if not code or code == "0":
        return Reason.NONE
    known = code.isascii() and code.isdigit() and len(code) < 6
    return _REASONS.get(int(code), Reason.OTHER) if known else Reason.OTHER
