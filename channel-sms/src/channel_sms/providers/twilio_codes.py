"""Twilio's words and codes in ours: tables with a total fallback.

https://www.twilio.com/docs/api/errors and .../messaging/guides/outbound-message-status-in-status-
callbacks. Twilio says that codes change; one that nobody knows is `other`, with the code shown.
"""

from hub_contract.delivery import Delivery, Reason

STATUS = {
    "accepted": Delivery.ACCEPTED,
    "scheduled": Delivery.ACCEPTED,
    "queued": Delivery.ACCEPTED,
    "sending": Delivery.ACCEPTED,
    "sent": Delivery.SENT,
    "delivered": Delivery.DELIVERED,
    "partially_delivered": Delivery.SENT,
    "read": Delivery.READ,
    "undelivered": Delivery.FAILED,
    "failed": Delivery.FAILED,
    "canceled": Delivery.FAILED,
}

# Ours to mend: who reads it must look at the settings, not at the number.
_OURS = (
    20003,  # the token is wrong
    20404,  # no such account
    21212,  # our own number is none
    21606,  # our number cannot send SMS to there
    21603,  # no sender given
    21611,  # our queue is full for good
    21659,  # our number is not Twilio's
    21660,  # our number is another account's
    21703,  # the messaging service has no number
    21705,  # the messaging service is none
    21408,  # the country is not allowed in our account
    30002,  # our account is suspended
    30034,  # our number is not registered
)
_BY_CODE = {
    21211: Reason.ADDRESS_UNKNOWN,  # no number
    21217: Reason.ADDRESS_UNKNOWN,
    21265: Reason.ADDRESS_UNKNOWN,
    21604: Reason.ADDRESS_UNKNOWN,
    21614: Reason.ADDRESS_UNKNOWN,  # no mobile
    21635: Reason.ADDRESS_UNKNOWN,  # a landline
    30006: Reason.ADDRESS_UNKNOWN,  # a landline, or a carrier that nobody reaches
    21610: Reason.OPTED_OUT,
    21612: Reason.UNREACHABLE,  # no way from our number to that one
    30003: Reason.UNREACHABLE,  # the handset is off or away
    30005: Reason.ADDRESS_UNKNOWN,  # the handset is unknown
    30008: Reason.OTHER,
    30004: Reason.REFUSED_BY_RECIPIENT,  # blocked
    30007: Reason.REFUSED_AS_SPAM,  # filtered by the carrier
    30036: Reason.EXPIRED,  # its validity ran out
    30001: Reason.EXPIRED,  # it waited too long in a queue
    21617: Reason.TOO_LARGE,
    21605: Reason.TOO_LARGE,
    **dict.fromkeys(_OURS, Reason.NOT_CONFIGURED),
}
# Certainly not taken, and may be taken later.
AGAIN = frozenset({20003, 20429, 20503, 30001, 60005})


def status_of(word: str) -> Delivery | None:
    """Return our word; None for what says nothing of a message of ours (`received`)."""
    return STATUS.get(word.strip().lower())


def reason_of(code: str) -> Reason:
    """Return why it failed; "" is no reason at all."""
    if not code or code == "0":
        return Reason.NONE
    return (
        _BY_CODE.get(int(code), Reason.OTHER) if code.isascii() and code.isdigit() else Reason.OTHER
    )
