"""Says who asks for a page: the gateway's signed token, and where the service hangs outside."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import unquote

from starlette.requests import Request

from hub_kit.keys import KeyRing
from hub_kit.tokens import Caller, Refused, verify

_PREFIX = re.compile(r"(/[a-z0-9][a-z0-9._-]{0,62}){0,4}")


@dataclass(frozen=True, slots=True)
class Visitor:
    """`prefix` is where the service hangs outside (/desk, /musterstadt), without a last slash."""

    caller: Caller
    prefix: str = ""
    name: str = (
        ""  # as the log-in names the person; for greeting and for answers, never an identity
    )
    address: str = ""  # the peer's, as the gateway saw it; for limits only


def visitor_of(audience: str) -> Callable[[Request], Awaitable[Visitor]]:
    """Return the dependency of this service; `app.state.ring` holds its key ring.

    It raises `Refused`, which the shell answers with 401: none but the gateway may ask.
    """

    async def visitor(request: Request) -> Visitor:
        caller = _verify(request, audience)
        # Only behind a good token are the gateway's other words worth anything.
        return Visitor(
            caller,
            prefix_of(request.headers.get("x-forwarded-prefix", "")),
            unquote(request.headers.get("x-faden-name", ""))[:100],
            request.headers.get("x-forwarded-for", "")[:64],
        )

    return visitor


def tenant_of(request: Request, audience: str) -> str:
    """Return whose page was asked for, also where there is none; empty: nobody says so."""
    try:
        return _verify(request, audience).tenant
    except Refused:
        return ""


def _verify(request: Request, audience: str) -> Caller:
    ring: KeyRing = request.app.state.ring
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise Refused("MissingToken")
    return verify(ring, token.strip(), audience)


def prefix_of(header: str) -> str:
    """Return the prefix that the header names, or none where it is no plain path."""
    prefix = header.rstrip("/")
    return prefix if _PREFIX.fullmatch(prefix) else ""
