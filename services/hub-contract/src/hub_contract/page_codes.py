"""What the DataMatrix on our own pages says: whose conversation, which message, or where to part.

Short, and nearly all digits, of which a DataMatrix takes two a byte: 14 mm are read off a fax, too.
A code routes; it is never a secret, and anybody can print one.
"""

from typing import NamedTuple
from uuid import UUID

from hub_contract.references import is_reference

SEPARATOR = "F:TRENNBLATT"  # between two documents of one batch
_BEGIN = "F"
_DIGITS = 39  # of 128 bits


class PageCode(NamedTuple):
    reference: str  # twelve digits, bare
    message_id: UUID  # of what we have sent


def write_page_code(reference: str, message_id: UUID) -> str:
    """Return what stands in the DataMatrix of every page of this message."""
    return f"{_BEGIN}:{reference}:{message_id.int:0{_DIGITS}d}"


def read_page_code(text: str) -> PageCode | None:
    """Return what a code says, or None where it is none of our letters and faxes."""
    begin, _, rest = text.strip().partition(":")
    reference, _, number = rest.partition(":")
    digits = number.isascii() and number.isdigit() and len(number) == _DIGITS
    if begin != _BEGIN or not digits or not is_reference(reference):
        return None
    value = int(number)
    return PageCode(reference, UUID(int=value)) if value < 1 << 128 else None
