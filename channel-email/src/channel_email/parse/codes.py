"""The enhanced codes of RFC 3463 (and those that Exchange Online, Google and others added to them).

A code that is said about everything ("5.7.1", "5.0.0") is not in the table of those that tell:
there the words know better, and only where these say nothing its class has to do.
"""

import re

from hub_contract.delivery import Reason

_FOUND = re.compile(r"(?<![\d.])([245]\.[0-7]\.\d{1,3})(?![\d.]*\d)")
_MOST = 20  # codes of one text

_ADDRESS = ("1.1", "1.2", "1.3", "1.4", "1.6", "1.10", "1.11", "1.351", "7.17")
# Who sends may not: SPF, DKIM, DMARC, reverse DNS, relaying, authentication, the sender's address.
_SENDER = (
    *("1.7", "1.8", "7.8", "7.10", "7.11", "7.20", "7.21", "7.22", "7.23", "7.24", "7.25", "7.26"),
    *("7.27", "7.29", "7.30", "7.32", "7.57", "7.60", "7.64", "7.506", "7.509", "7.512", "7.515"),
    "7.750",
)
_UNREACHABLE = (
    *("3.2", "3.5", "4.2", "4.3", "4.4", "4.5", "4.6", "4.14", "4.310", "4.312", "4.316", "4.317"),
    "4.318",
)
_TELLS = {
    **dict.fromkeys(_ADDRESS, Reason.ADDRESS_UNKNOWN),
    **dict.fromkeys(_SENDER, Reason.SENDER_REJECTED),
    **dict.fromkeys(_UNREACHABLE, Reason.UNREACHABLE),
    "1.90": Reason.BUSY,
    "2.2": Reason.MAILBOX_FULL,
    "2.3": Reason.TOO_LARGE,
    "2.121": Reason.BUSY,
    "2.122": Reason.BUSY,
    "3.1": Reason.MAILBOX_FULL,
    "3.4": Reason.TOO_LARGE,
    "4.7": Reason.EXPIRED,
    "4.300": Reason.EXPIRED,
    "7.28": Reason.REFUSED_AS_SPAM,
}
# Class 1 is both, the recipient's address and ours: of it alone nothing follows.
_BY_CLASS = {
    "2": Reason.MAILBOX_DISABLED,
    "4": Reason.UNREACHABLE,
    "6": Reason.REFUSED_BY_POLICY,
    "7": Reason.REFUSED_BY_POLICY,
}


def find_code(text: str) -> str:
    """Return the code in a text that tells most: "5.1.1", or "" where there is none."""
    found = [match[1] for match, _ in zip(_FOUND.finditer(text), range(_MOST), strict=False)]
    return next(filter(reason_of_code, found), found[0] if found else "")


def most_telling(*codes: str) -> str:
    """Return the first code that tells a reason, else the first that is more than "5.0.0"."""
    for tells in (reason_of_code, lambda code: code[1:].strip(".0"), len):
        if found := next(filter(tells, codes), ""):
            return found
    return ""


def reason_of_code(code: str) -> Reason | None:
    return _TELLS.get(code.partition(".")[2])


def reason_of_class(code: str) -> Reason | None:
    return _BY_CLASS.get(code.partition(".")[2].partition(".")[0])
