"""What is known of a call beside what the provider says of it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Context:
    tenant: str
    account: str
    country: str = "DE"  # whose national numbers are meant
