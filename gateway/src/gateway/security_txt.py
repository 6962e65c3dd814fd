"""Writes `/.well-known/security.txt` (RFC 9116): whom to tell of a weakness; for `answer`."""

from datetime import UTC, datetime, timedelta

_LASTS = timedelta(days=180)  # RFC 9116 §2.5.5 recommends less than a year


def write_security_txt(contact: str, canonical: str, now: datetime) -> str:
    """Return the file; `contact` is a URI, `canonical` where this very file lies."""
    expires = (now.astimezone(UTC) + _LASTS).strftime("%Y-%m-%dT00:00:00Z")
    return (
        f"Contact: {contact}\nExpires: {expires}\nPreferred-Languages: de, en\n"
        f"Canonical: {canonical}\n"
    )
