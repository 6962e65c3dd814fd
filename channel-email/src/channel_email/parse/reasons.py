"""Translate what foreign mail servers say about a delivery into our few words.

RFC 3463 gives the codes; the words are what Postfix, Exchange, qmail, Exim and the large German
and American providers write, in German and English.
"""

import re

from hub_contract.delivery import Delivery, Reason

ACTIONS = {
    "failed": Delivery.FAILED,
    "delayed": Delivery.DEFERRED,
    "delivered": Delivery.DELIVERED,
    "relayed": Delivery.SENT,
    "expanded": Delivery.SENT,
}
# A mail that somebody deleted unread or refused a receipt for has arrived nevertheless.
DISPOSITIONS = {"displayed": Delivery.READ}

_CODES = {
    "1.0": Reason.ADDRESS_UNKNOWN,
    "1.1": Reason.ADDRESS_UNKNOWN,
    "1.2": Reason.ADDRESS_UNKNOWN,
    "1.3": Reason.ADDRESS_UNKNOWN,
    "1.4": Reason.ADDRESS_UNKNOWN,
    "1.6": Reason.ADDRESS_UNKNOWN,
    "1.8": Reason.REFUSED_BY_POLICY,
    "1.10": Reason.ADDRESS_UNKNOWN,
    "2.0": Reason.MAILBOX_DISABLED,
    "2.1": Reason.MAILBOX_DISABLED,
    "2.2": Reason.MAILBOX_FULL,
    "2.3": Reason.TOO_LARGE,
    "2.4": Reason.REFUSED_BY_POLICY,
    "3.1": Reason.MAILBOX_FULL,
    "3.2": Reason.UNREACHABLE,
    "3.4": Reason.TOO_LARGE,
    "4.0": Reason.UNREACHABLE,
    "4.1": Reason.UNREACHABLE,
    "4.2": Reason.UNREACHABLE,
    "4.3": Reason.UNREACHABLE,
    "4.4": Reason.UNREACHABLE,
    "4.5": Reason.UNREACHABLE,
    "4.6": Reason.UNREACHABLE,
    "4.7": Reason.EXPIRED,
    "7.0": Reason.REFUSED_BY_POLICY,
    "7.1": Reason.REFUSED_BY_POLICY,
    "7.2": Reason.REFUSED_BY_POLICY,
    "7.23": Reason.REFUSED_BY_POLICY,
    "7.26": Reason.REFUSED_BY_POLICY,
    "7.27": Reason.REFUSED_BY_POLICY,
    "7.28": Reason.REFUSED_AS_SPAM,
}
# Servers say "5.7.1" and "5.0.0" about everything: there the words know better than the code.
_VAGUE = frozenset({Reason.OTHER, Reason.REFUSED_BY_POLICY, Reason.MAILBOX_DISABLED})

_PATTERNS: dict[Reason, str] = {
    Reason.MAILBOX_FULL: (
        r"mailbox (?:is |has been )?(?:full|over)|quota|over ?limit|postfach .{0,40}\bvoll\b"
        r"|ist voll\b|speicherplatz|insufficient (?:disk|system storage)|out of storage"
    ),
    Reason.TOO_LARGE: (
        r"too (?:large|big)|size limit|exceed\w{0,9} .{0,40}size|(?:nachricht|mail) .{0,30}zu groß"
        r"|maximum .{0,30}(?:message|mail) size"
    ),
    Reason.ADDRESS_UNKNOWN: (
        r"(?:user|recipient|mailbox|account|address)\b.{0,60}\b(?:unknown|not (?:be )?found"
        r"|does ?n[o']t exist|does not exist|not exist)|unknown (?:user|recipient|address|local)"
        r"|no such (?:user|recipient|mailbox|address|person)|no mailbox"
        r"|invalid (?:recipient|mailbox|address)|unrouteable address"
        r"|adresse (?:wurde |konnte )?nicht gefunden"
        r"|unbekannte\w{0,9} (?:empfänger|adresse|benutzer)"
        r"|(?:adresse|empfänger|benutzer|postfach|e-?mail-adresse)\b.{0,80}\b"
        r"(?:existiert nicht|unbekannt|nicht (?:gefunden|bekannt|vorhanden))"
        r"|couldn't be found|wasn't found"
    ),
    Reason.MAILBOX_DISABLED: (
        r"(?:account|mailbox|user|postfach|konto)\b.{0,40}\b(?:disabled|inactive|suspended"
        r"|deaktiviert|gesperrt|abgeschaltet|closed|not active)"
    ),
    Reason.REFUSED_AS_SPAM: (
        r"\bspam|black ?list|block ?list|blocked (?:using|by|for)|dnsbl|\brbl\b|reputation"
        r"|\bjunk\b|unsolicited"
    ),
    Reason.EXPIRED: (
        r"\bexpired\b|too long|retry time(?:out)?|gave up|giving up|maximum (?:time|queue)"
        r"|zustellfrist|message timed out"
    ),
    Reason.UNREACHABLE: (
        r"host .{0,60}(?:not found|unknown)|domain .{0,60}(?:not found|does not exist)"
        r"|connection (?:timed out|refused|reset)|could not connect|couldn't establish"
        r"|couldn't find any host|no route|name server|mx record|dns\b|not reachable|unreachable"
        r"|keine verbindung|nicht erreichbar|server antwortet nicht"
    ),
    Reason.REFUSED_BY_POLICY: (
        r"polic(?:y|ies)|not (?:authorized|allowed|permitted)|relay(?:ing)? .{0,20}denied"
        r"|access denied|dmarc|\bspf\b|\bdkim\b|abgelehnt|verweigert|prohibited|rejected"
    ),
}
_WORDS = {reason: re.compile(pattern, re.IGNORECASE) for reason, pattern in _PATTERNS.items()}


def reason_of(code: str, words: str) -> Reason:
    """Return the reason for an enhanced status code and the words beside it. Total."""
    _, _, subject = code.partition(".")
    reason = _CODES.get(subject, Reason.OTHER)
    if reason in _VAGUE:
        for said, pattern in _WORDS.items():
            if pattern.search(words):
                return said
    return reason
