"""Translate what foreign mail servers say about a delivery into our few words.

Rule 1. What tells most, wins: first words that are plain in themselves, then the code beside them,
        then other words, then the `Status` field, then the text around, then the class of a code.
Rule 2. Our own fault as a sender is never told as an address that does not exist.
"""

import re

from channel_email.parse.codes import find_code, reason_of_class, reason_of_code
from channel_email.parse.dialects import STRONG, Rows, spell_out
from channel_email.parse.dialects_more import GENERIC, PLAIN
from hub_contract.delivery import Delivery, Reason

ACTIONS = {
    "failed": Delivery.FAILED,
    "error": Delivery.FAILED,  # OpenSMTPD
    "delayed": Delivery.DEFERRED,
    "delivered": Delivery.DELIVERED,
    "relayed": Delivery.SENT,
    "expanded": Delivery.SENT,
}
# A mail that somebody deleted unread or refused a receipt for has arrived nevertheless.
DISPOSITIONS = {"displayed": Delivery.READ}

_LONGEST = 8_000  # characters that are read for a reason
_NAMES = re.compile(
    r"\bhttps?://[^\s<>]{1,500}+"
    r"|(?<![\w.+=-])[\w.+=-]{1,64}+@[\w.-]{1,250}+"
    r"|(?<![\w.-])(?:[\w-]{1,63}\.){2,9}[a-z]{2,24}(?![\w-])"
    r"|(?<![\w.-])[\w-]{1,63}+\.(?:com|net|org|info|local|lan|example|invalid|test|[a-z]{2})(?![\w-])"
    r"|\[?(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])\]?"
)
# What says nothing, or the opposite of what it seems to: IronPort names the code, qmail always
# gives up, a reply of several lines repeats its code, Sendmail wraps the address.
_FILLING = re.compile(
    r"(?i)unknown address error|other (?:or undefined )?(?:mail system|network|address) problem"
    r"|giving up on \S{1,200}+|i've given up|(?<!\d)[45]\d\d-(?:[245]\.\d\.\d{1,3}(?!\d))?"
    r"|to (?:best )?protect (?:\S{1,20} ){1,3}from spam"
    r"|to reduce the amount of spam (?:sent to \S{1,20})?"
)

# Refused before a recipient was named, it is about who sends: Postfix, Exim, Sendmail say when.
_BEFORE_RECIPIENT = re.compile(
    r"(?i)in reply to (?:mail(?: from)?|helo|ehlo) command|\bafter (?:mail from|helo|ehlo)\b"
    r"|>>> mail from:[^\n]{0,300}+\n<<< [45]"
)
_ABOUT_RECIPIENT = frozenset({Reason.ADDRESS_UNKNOWN, Reason.MAILBOX_DISABLED})


def reason_of(code: str, words: str, around: str = "") -> Reason:
    """Return the reason for the `Status` of a delivery and the peer's words about it. Total.

    `words` are the answer of the server that refused, mostly with a code of its own in them;
    `around` is the text that a person was to read. Either may be empty.
    """
    found = _read(code, words, around)
    if found in _ABOUT_RECIPIENT and _BEFORE_RECIPIENT.search(f"{words}\n{around[:_LONGEST]}"):
        return Reason.SENDER_REJECTED
    return found


def _read(code: str, words: str, around: str) -> Reason:
    said, told = only_words(words), only_words(around)
    inner = find_code(words)
    return (
        _find(STRONG, said)
        or reason_of_code(inner)
        or _find(PLAIN, said)
        or reason_of_code(code)
        or _find(STRONG, told)
        or _find(PLAIN, told)
        or _find(GENERIC, said)
        or reason_of_class(inner)
        or reason_of_class(code)
        or _find(GENERIC, told)
        or Reason.OTHER
    )


def says_why(words: str) -> bool:
    """Say whether a text tells a reason, not only that something went wrong."""
    said = only_words(words)
    return bool(_find(STRONG, said) or reason_of_code(find_code(words)) or _find(PLAIN, said))


def only_words(text: str) -> str:
    """Return a text in one line without names, addresses, links and phrases that say nothing."""
    named = _NAMES.sub("*", " ".join(text[:_LONGEST].split()))
    return " ".join(_FILLING.sub(" ", spell_out(named)).split())


def _find(rows: Rows, words: str) -> Reason | None:
    return (
        next((reason for reason, pattern in rows if pattern.search(words)), None) if words else None
    )
