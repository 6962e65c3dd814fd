"""What is known of a fax beside its pages."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Context:
    tenant: str
    account: str
    received_at: datetime
    country: str = "DE"  # whose national numbers are meant


@dataclass(frozen=True, slots=True)
class Call:
    """What whoever took the call says of it; all of it is a claim."""

    external_id: str = ""  # HylaFAX's commID, Telnyx's fax_id
    caller: str = ""  # empty: withheld
    dialled: str = ""
    station: str = ""  # what the sending machine calls itself (TSI): anybody sets it
    fault: str = ""  # the provider's words, where the call did not end as it should
    pages: int | None = None  # that came, where the provider counts them
    expected: int | None = None  # that were to come, where anybody knows
    partial: bool = False
    named: bool = False  # `external_id` is this fax's alone, for ever; else its bytes name it
