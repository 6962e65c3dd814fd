"""Ids derived from facts: the same webhook, mail or file seen twice is the same event.

Rule 1. Every derived id is made here, and begins with the tenant: what a stranger writes to one
        authority never takes an id that another one's event will have.
Rule 2. What comes in or goes out by an account has the account in it too. What belongs to a
        conversation has none: there the conversation tells apart.
Rule 3. An id stays what it was when it was given. Where a derivation changes, what was told before
        and is told again after it counts as new; so it changes only where that does no harm.
"""

import secrets
import time
from json.encoder import encode_basestring_ascii
from uuid import UUID, uuid5

NAMESPACE = UUID("0f9d5c0e-6d2b-5f5e-9d0f-fade0000fade")


def derive(kind: str, *facts: str) -> UUID:
    """Return the id of the thing of this `kind` that has these facts, in this order.

    Ids are readable everywhere and anyone can derive them: never from an address or a number
    alone, which could be found by trying.
    """
    return uuid5(NAMESPACE, write_facts(kind, *facts))


def write_facts(*facts: str) -> str:
    """Return facts as one text, which keeps ("a", "bc") and ("ab", "c") apart: a list in JSON.

    In ASCII, since broken mails bring lone surrogates that have no UTF-8. As `json.dumps` writes
    it, in a quarter of the time: every event has several ids and look-ups.
    """
    return f"[{', '.join(map(encode_basestring_ascii, facts))}]"


def received_id(
    tenant: str, channel: str, account: str, external_id: str, content_hash: str = ""
) -> UUID:
    """Return the id of a message that arrived.

    E-mail gives a `content_hash` too: senders reuse Message-IDs (freescout#5591), and some mails
    have none at all.
    """
    return derive("message.received", tenant, channel, account, external_id, content_hash)


def read_id(tenant: str, message_id: UUID, *facts: str) -> UUID:
    """Return the id of what was read in a message's original: read twice, it is one reading.

    `facts` tell a later, better one apart from the first.
    """
    return derive("message.read", tenant, str(message_id), *facts)


def requested_id(tenant: str, conversation_id: UUID, key: str) -> UUID:
    """Return the id of an answer that the store took under this Idempotency-Key.

    The account is chosen by the store, perhaps another one when the same is asked again.
    """
    return derive("message.requested", tenant, str(conversation_id), "key", key)


def reported_id(
    tenant: str, channel: str, account: str, message_id: UUID, status: str, *facts: str
) -> UUID:
    """Return the id of a delivery report: the same word said twice is one report.

    Of this account alone: whoever was written to knows the message's id, and may send a report
    of it to any mailbox of any authority.
    """
    of_message = (str(message_id), status, *facts)
    return derive("delivery.reported", tenant, channel, account, *of_message)


def call_id(tenant: str, channel: str, account: str, external_id: str) -> UUID:
    """Return the id of a call while it lasts; its provider's id is the CallSid, for example."""
    return derive("call", tenant, channel, account, external_id)


def rang_id(tenant: str, channel: str, account: str, external_id: str, status: str) -> UUID:
    """Return the id of the event that a call rings, is answered or has ended: each is one."""
    return derive("call.rang", tenant, channel, account, external_id, status)


def note_id(tenant: str, conversation_id: UUID, key: str) -> UUID:
    """Return the id of an agent's note, taken under this key."""
    return derive("note", tenant, str(conversation_id), key)


def held_id(tenant: str, conversation_id: UUID, who: str, token: str) -> UUID:
    """Return the id of an answer that is held before it goes out: one for each form."""
    return derive("held", tenant, str(conversation_id), who, token)


def transaction_id(tenant: str, conversation_id: UUID) -> UUID:
    """Return the id of the transaction that this conversation began."""
    return derive("transaction", tenant, str(conversation_id))


def proposal_id(tenant: str, conversation_id: UUID, kind: str, other: UUID) -> UUID:
    """Return the id of what an agent is asked: the same question is asked once."""
    return derive("proposal", tenant, str(conversation_id), kind, str(other))


def appended_id(tenant: str, entry_id: UUID, change: str, cause: str) -> UUID:
    """Return the id of the news that an entry came or changed."""
    return derive("entry.appended", tenant, str(entry_id), change, cause)


def changed_id(tenant: str, transaction_id: UUID, status: str, cause: str) -> UUID:
    """Return the id of the news that a transaction's status moved."""
    return derive("transaction.changed", tenant, str(transaction_id), status, cause)


def time_ordered() -> UUID:
    """Return a new id, above those of earlier milliseconds (UUIDv7, RFC 9562 section 5.7).

    For what is made of no facts and lies in an index: random ids would touch all of its pages.
    """
    now = time.time_ns() // 1_000_000
    return UUID(
        int=now << 80 | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62 | secrets.randbits(62)
    )
