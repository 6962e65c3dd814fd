"""Pingen's words in ours: tables with a total fallback.

https://api.pingen.com/documentation (letters, letter events, webhooks). An event that nobody knows
is `other`, with its code shown.
"""

from hub_contract.delivery import Delivery, Reason

# What a letter's `status` says.
_STATUS = {
    "undeliverable": Delivery.RETURNED,
    "delivered": Delivery.DELIVERED,
    "sent": Delivery.SENT,
    "invalid": Delivery.FAILED,
    "unprintable": Delivery.FAILED,
    "action_required": Delivery.FAILED,  # somebody would have to mend it by hand at Pingen's
    "cancelled": Delivery.FAILED,
    "expired": Delivery.FAILED,
}
# What a hook is about.
_HOOKS = {
    "webhook_issues": Delivery.FAILED,
    "webhook_sent": Delivery.SENT,
    "webhook_delivered": Delivery.DELIVERED,
    "webhook_undeliverable": Delivery.RETURNED,
}
_EVENTS = {
    "file_too_many_pages": Reason.TOO_LARGE,
    "file_too_large": Reason.TOO_LARGE,
    "address_not_found": Reason.ADDRESS_UNKNOWN,
    "address_invalid": Reason.ADDRESS_UNKNOWN,
    "address_incomplete": Reason.ADDRESS_UNKNOWN,
    "undeliverable": Reason.ADDRESS_UNKNOWN,
    "undeliverable_address_unknown": Reason.ADDRESS_UNKNOWN,
    "undeliverable_moved": Reason.ADDRESS_UNKNOWN,
    "undeliverable_refused": Reason.REFUSED_BY_RECIPIENT,
    "undeliverable_not_collected": Reason.NOT_COLLECTED,
    "country_not_supported": Reason.UNREACHABLE,
    "insufficient_credits": Reason.NOT_CONFIGURED,
}
# By which errors the interface refuses a letter.
_REFUSALS = {
    402: Reason.NOT_CONFIGURED,  # no credit
    403: Reason.NOT_CONFIGURED,
    404: Reason.NOT_CONFIGURED,  # no such organisation
    413: Reason.TOO_LARGE,
}
# A hand at Pingen's could still send these: they are cancelled before we say that they failed.
MENDED_BY_HAND = frozenset({"action_required"})


def status_of(word: str) -> Delivery:
    """Return our word for a letter's status; whatever is on its way is `accepted`."""
    return _STATUS.get(word, Delivery.ACCEPTED)


def hook_of(kind: str) -> Delivery | None:
    """Return what a hook says; None for one about something else."""
    return _HOOKS.get(kind)


def reason_of(status: Delivery, code: str) -> Reason:
    if status is Delivery.RETURNED:
        return _EVENTS.get(code, Reason.ADDRESS_UNKNOWN)
    return _EVENTS.get(code, Reason.OTHER) if status is Delivery.FAILED else Reason.NONE


def refusal_of(status: int) -> Reason:
    return _REFUSALS.get(status, Reason.OTHER)
