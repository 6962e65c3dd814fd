"""Service tokens: who calls, for which tenant, in which role; the services trust nothing else."""

import hashlib
import hmac
import time
from dataclasses import dataclass

import jwt
from jwt.types import Options

from hub_kit.keys import KeyRing

LIFETIME = 60  # seconds: a token is made for a call, not for a day


class Refused(Exception):  # noqa: N818 - an answer, not a fault
    """The token is missing, forged, expired, or meant for another service."""


@dataclass(frozen=True, slots=True)
class Caller:
    who: str  # an opaque id of a person or service, never a name
    tenant: str
    role: str  # citizen, agent, supervisor, operator, service


def derive_key(ring: KeyRing, purpose: str) -> bytes:
    """Return a key for one purpose, so that no token serves as another kind of token."""
    return hmac.new(ring.signing, purpose.encode(), hashlib.sha256).digest()


def issue(ring: KeyRing, caller: Caller, audience: str, *, lifetime: int = LIFETIME) -> str:
    """Return a signed token (RFC 7519, HS256) that `audience` accepts for `lifetime` seconds."""
    claims = {
        "sub": caller.who,
        "tenant": caller.tenant,
        "role": caller.role,
        "aud": audience,
        "exp": int(time.time()) + lifetime,
    }
    return jwt.encode(claims, derive_key(ring, "service-token"), algorithm="HS256")


def verify(ring: KeyRing, token: str, audience: str) -> Caller:
    """Return who calls; `Refused` says why not, without quoting the token."""
    options: Options = {"require": ["sub", "tenant", "role", "aud", "exp"]}
    key = derive_key(ring, "service-token")
    try:
        claims = jwt.decode(token, key, ["HS256"], audience=audience, options=options)
    except jwt.PyJWTError as error:
        raise Refused(type(error).__name__) from None
    said = (claims["sub"], claims["tenant"], claims["role"])
    if not all(isinstance(word, str) for word in said):
        raise Refused("InvalidClaims")
    return Caller(*said)
