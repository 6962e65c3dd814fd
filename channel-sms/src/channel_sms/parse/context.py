"""What is known of a message beside what the provider says of it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Context:
    tenant: str
    account: str
    received_at: datetime
    country: str = "DE"  # whose national numbers are meant
    answered: frozenset[str] = frozenset()  # words that the provider answers by itself
