"""Says whether a request that changes something comes from our own pages: pure, for the door.

As Go 1.25's `net/http.CrossOriginProtection`, stricter in one point: a browser that says neither
where it comes from nor from which origin is refused, too. Every browser since 2020 says one.
"""

from collections.abc import Mapping

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def is_ours(method: str, headers: Mapping[str, str], origin: str) -> bool:
    """Say whether a request may go on; `headers` in lower case, `origin` is our own.

    `Sec-Fetch-Site` (W3C Fetch Metadata) decides where it is sent: by browsers to https and to the
    machine itself. Elsewhere `Origin` (RFC 6454) must be ours.
    """
    if method in SAFE:
        return True
    if site := headers.get("sec-fetch-site", ""):
        return site in ("same-origin", "none")
    return headers.get("origin", "").lower() == origin
