"""Normalises an address of the outside world once, for channels, forms, search and look-ups.

Rule 1. `value` is what is sent to: the local part of a mail address stays as its owner writes it.
Rule 2. `compared` is what two spellings of one address share: for look-ups, nobody sees it.
Rule 3. What cannot be normalised stays as it was written, and is marked: nothing is dropped but
        the characters that nobody sees.
Rule 4. Normalising is idempotent and total: what is normal stays, and no text raises.
"""

import unicodedata

from hub_contract.email_address import read_email
from hub_contract.invisible import is_blank, without_invisible
from hub_contract.phone_number import names_somebody, read_number
from hub_contract.postal_address import compared_lines, read_postal
from hub_contract.words import ContactKind, ContactPoint, writable

# Raised when `compared` says something else of a value than before: the store makes its look-ups
# anew (`conversation_store.renew`). 0 was: byte by byte.
SPELLING = 1
LONGEST = 1000  # characters; what is longer is no address, and not worth reading


def contact_point(kind: ContactKind, text: str, country: str = "", name: str = "") -> ContactPoint:
    """Return the contact point that this text names, as `ContactPoint.value` is written.

    `country` is the tenant's (ISO 3166-1, two capital letters): whose national numbers, short codes
    and postcodes are meant. Mail addresses need none; without it, only what names its own country
    is normalised.
    """
    written = writable(without_invisible(text)).strip()
    name = "" if is_blank(name) else name
    normal = _normal(kind, written, country) if len(written) <= LONGEST else None
    if normal is None:
        return ContactPoint(kind=kind, value=written, name=name, as_written=True)
    return ContactPoint(kind=kind, value=normal, name=name)


def _normal(kind: ContactKind, text: str, country: str) -> str | None:
    match kind:
        case ContactKind.EMAIL:
            return read_email(text)
        case ContactKind.PHONE | ContactKind.FAX:
            return read_number(text, country)
        case ContactKind.POSTAL:
            return read_postal(text, country)
        case ContactKind.PORTAL:
            return text or None  # an id of ours


def compared(point: ContactPoint) -> str:
    """Return what is equal for two spellings of one contact point; empty: it names nobody.

    Callers who withhold their number are not one person, and neither are fax machines that call
    themselves FAX. Case is not told apart even where RFC 5321 §2.4 would allow it for local parts:
    no mail service does, and people do not.
    """
    value = point.value
    if len(value) > LONGEST:
        return value  # as it was written: putting it right may take the square of its length
    if point.kind is ContactKind.EMAIL:
        return value.lower() if value.isascii() else _folded(value)
    if point.kind is ContactKind.PORTAL:
        return value
    if point.kind is ContactKind.POSTAL:
        return compared_lines(value)
    return _folded(value) if names_somebody(value) else ""


def _folded(text: str) -> str:
    """Without case and doubled blanks. Not `casefold`: strauß@ and strauss@ are two people."""
    return unicodedata.normalize("NFC", " ".join(text.lower().split()))
