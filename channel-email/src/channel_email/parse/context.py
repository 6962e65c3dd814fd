"""What the transport knows about a mail besides its bytes, for everyone who parses."""

from dataclasses import dataclass
from datetime import datetime

from hub_contract.words import Evidence


@dataclass(frozen=True, slots=True)
class Context:
    """`received_at` is aware; `domain` is the mail domain under which this account writes."""

    tenant: str
    account: str
    received_at: datetime
    envelope_from: str = ""  # empty is also what a bounce has
    envelope_to: tuple[str, ...] = ()
    trusted_hosts: frozenset[str] = frozenset()  # whose Authentication-Results count
    received_by: frozenset[str] = frozenset()  # only above the Received of these, where named
    checked: tuple[Evidence, ...] = ()  # what we found about the sender ourselves
    domain: str = ""  # of our Message-IDs, reply and bounce addresses
    # Addresses, and domains as @domain, that write for many people; ours are among them.
    shared_senders: frozenset[str] = frozenset()
