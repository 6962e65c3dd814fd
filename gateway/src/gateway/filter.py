"""What passes between the outside and a service, header by header: pure, for `forward`.

Rule 1. Who calls is said by our token alone: nothing from outside can look like it.
Rule 2. Of cookies only those pass that a service of ours has given out. A citizen's session lives
        below its own prefix, so that no authority sees another's; how the pages look is the same
        for all of them.
Rule 3. A provider's hook has no cookie, and may show a password of its own (HTTP Basic): its
        channel checks it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

Header = tuple[bytes, bytes]  # the name in lower case

_LOOKS = frozenset({b"faden_language", b"faden_theme", b"faden_rows"})
COOKIES = _LOOKS | {b"faden_citizen", b"faden_known"}
# RFC 9110 §7.6.1: for one connection only.
_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
# Without these it would be another request, whatever a client says.
_FOR_ALL = frozenset({b"content-length", b"content-type", b"host"})
# What some framework somewhere believes, and what only we may say.
_OURS_TO_SAY = frozenset(
    {
        b"authorization",
        b"baggage",
        b"cookie",
        b"expect",  # our server has answered it
        b"forwarded",
        b"traceparent",
        b"tracestate",
        b"x-http-method",
        b"x-http-method-override",
        b"x-method-override",
        b"x-original-url",
        b"x-real-ip",
        b"x-rewrite-url",
    }
)
_OURS_PREFIXES = (b"x-forwarded-", b"x-faden-")
_NOT_OUT = frozenset({b"server", b"date", b"set-cookie"})  # our server says the first two itself


@dataclass(frozen=True, slots=True)
class Said:
    """What we say to a service about a request."""

    token: str
    prefix: str
    scheme: str
    peer: str
    name: str = ""  # of the member of staff, as colleagues read it


def has_body(headers: Iterable[Header]) -> bool:
    """Say whether a body follows these headers (RFC 9112 §6.3)."""
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value.strip(b" 0"))
        for name, value in headers
    )


def announced(headers: Iterable[Header], otherwise: int = 0) -> int:
    """Return how long the body is, as its sender says, in bytes."""
    said = [value for name, value in headers if name.lower() == b"content-length"]
    return int(said[0]) if said and said[0].isdigit() and len(said[0]) < 19 else otherwise


def with_length(headers: Iterable[Header], size: int) -> list[Header]:
    """Return them for a body of this length, in one piece."""
    framing = {b"content-length", b"transfer-encoding"}
    kept = [header for header in headers if header[0] not in framing]
    return [*kept, (b"content-length", b"%d" % size)]


def hooked(headers: Iterable[Header], said: Said) -> list[Header]:
    """Return the headers of a provider's hook as its channel gets them."""
    headers = [header for header in headers if header[0] != b"cookie"]
    shown = [header for header in headers if header[0] == b"authorization"]
    return inward(headers, said) + shown


def inward(headers: Iterable[Header], said: Said) -> list[Header]:
    """Return the headers of a request as the service gets them."""
    headers = list(headers)
    dropped = _HOP | _OURS_TO_SAY | _named_by_connection(headers)
    chunked = any(name == b"transfer-encoding" for name, _ in headers)
    if chunked:
        dropped |= {b"content-length"}  # two lengths are how requests are smuggled
    kept = [
        (name, value)
        for name, value in headers
        if name not in dropped and not name.startswith(_OURS_PREFIXES)
    ]
    if chunked:
        kept.append((b"transfer-encoding", b"chunked"))
    if cookies := _passing_cookies(headers):
        kept.append((b"cookie", cookies))
    ours = {
        b"authorization": f"Bearer {said.token}" if said.token else "",
        b"x-forwarded-prefix": said.prefix,
        b"x-forwarded-proto": said.scheme,
        b"x-forwarded-for": said.peer,
        b"x-faden-name": quote(said.name),
    }
    return kept + [(name, value.encode()) for name, value in ours.items() if value]


def outward(headers: Iterable[Header], prefix: str, *, secure: bool) -> list[Header]:
    """Return the headers of an answer as the outside gets them; without a prefix, no cookie."""
    headers = [(name.lower(), value) for name, value in headers]
    dropped = _HOP | _NOT_OUT | _named_by_connection(headers)
    kept = [(name, value) for name, value in headers if name not in dropped]
    for name, value in headers:
        if prefix and name == b"set-cookie" and (cookie := _confined(value, prefix, secure=secure)):
            kept.append((name, cookie))
    return kept


def _named_by_connection(headers: Iterable[Header]) -> frozenset[bytes]:
    named = [value for name, value in headers if name == b"connection"]
    words = frozenset(word.strip().lower() for value in named for word in value.split(b","))
    return words - _FOR_ALL


def _passing_cookies(headers: Iterable[Header]) -> bytes:
    pairs = [
        pair.strip()
        for name, value in headers
        if name == b"cookie"
        for pair in value.split(b";")
        if pair.partition(b"=")[0].strip() in COOKIES
    ]
    return b"; ".join(pairs)


def _confined(cookie: bytes, prefix: str, *, secure: bool) -> bytes:
    """Return a Set-Cookie that holds where it may hold; empty where it is none of ours."""
    pair, *attributes = (part.strip() for part in cookie.split(b";"))
    name = pair.partition(b"=")[0].strip()
    if name not in COOKIES:
        return b""
    path = "/" if name in _LOOKS else prefix
    kept = [a for a in attributes if a.lower().startswith((b"max-age=", b"expires="))]
    ours = [f"Path={path}".encode(), b"HttpOnly", b"SameSite=Lax", *([b"Secure"] * secure)]
    return b"; ".join([pair, *kept, *ours])
