"""What is known of a scan beside its bytes."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Context:
    tenant: str
    account: str
    received_at: datetime
    file_name: str = ""  # as the scanner named it
