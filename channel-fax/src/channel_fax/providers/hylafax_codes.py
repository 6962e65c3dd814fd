"""HylaFAX's codes in our words: tables with a fallback for what a newer release says.

Source: HylaFAX `faxd/README.errorcodes` (E000-E499), its job states (`man sendq`, hfaxd's JPARM
STATE). What is tried again, HylaFAX tries by itself, as often as `max_dials` and `max_tries` say.
"""

from collections.abc import Mapping
from types import MappingProxyType

from hub_contract.delivery import Delivery, Reason

_R = Reason
REASONS: Mapping[str, Reason] = MappingProxyType(
    {
        "E001": _R.BUSY,
        "E002": _R.UNREACHABLE,  # no carrier: no fax machine, or nobody there
        "E003": _R.NO_ANSWER,
        "E004": _R.NOT_CONFIGURED,  # no dial tone: our own line
        "E005": _R.NOT_CONFIGURED,  # our modem took no dialling command
        "E006": _R.OTHER,
        "E007": _R.UNREACHABLE,  # carrier, but no fax machine
        "E008": _R.UNREACHABLE,  # a data modem
        "E009": _R.BUSY,  # both sides called at once
        "E010": _R.NOT_CONFIGURED,  # our modem has blacklisted the number
        "E011": _R.NO_ANSWER,
        "E012": _R.UNREACHABLE,
        "E013": _R.LINE_DROPPED,
        "E122": _R.REFUSED_BY_RECIPIENT,  # the machine cannot receive now: no paper
        "E126": _R.UNREACHABLE,  # T.30 T1: answered, but no fax machine
        "E127": _R.NOT_CONFIGURED,  # the modem is on hook
        "E304": _R.TOO_LARGE,
        "E317": _R.TOO_LARGE,
        "E325": _R.EXPIRED,  # kill time
        "E327": _R.ADDRESS_UNKNOWN,
        "E328": _R.NOT_CONFIGURED,  # no such modem
        "E333": _R.UNREACHABLE,  # dialled too often; what it was before, is in its words
        "E334": _R.LINE_DROPPED,
        "E335": _R.TOO_LARGE,
        "E336": _R.NOT_CONFIGURED,
        "E343": _R.NOT_CONFIGURED,
        "E344": _R.OTHER,
        "E345": _R.OTHER,
    }
)
# By hundreds, where the code itself is not in the table above.
_KINDS: Mapping[str, Reason] = MappingProxyType(
    {
        "E0": _R.LINE_DROPPED,
        "E1": _R.LINE_DROPPED,  # the protocol failed on the line (Class 1)
        "E2": _R.LINE_DROPPED,  # likewise (Class 2)
        "E3": _R.OTHER,  # HylaFAX itself
        "E4": _R.REFUSED_BY_RECIPIENT,  # the machine does not take such pages
    }
)
# Jobs whose last attempt has said nothing else wait for their turn.
_WAITS = Delivery.ACCEPTED
STATES: Mapping[str, Delivery] = MappingProxyType(
    {
        "SUSPENDED": _WAITS,
        "PENDING": _WAITS,
        "SLEEPING": Delivery.DEFERRED,
        "BLOCKED": _WAITS,
        "READY": _WAITS,
        "ACTIVE": _WAITS,
        "DONE": Delivery.DELIVERED,
        "FAILED": Delivery.FAILED,
    }
)
SUCCESS = "E000"


def reason_of(code: str, words: str = "") -> Reason:
    """Return what a code means; where HylaFAX gives none, its words may hold one in braces."""
    code = code if code not in ("", SUCCESS) else _code_in(words)
    return REASONS.get(code) or _KINDS.get(code[:2], Reason.OTHER)


def _code_in(words: str) -> str:
    found = words.rpartition("{")[2].partition("}")[0]
    return found if found[:1] == "E" and found[1:].isdecimal() else ""
