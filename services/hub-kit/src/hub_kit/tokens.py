"""Service tokens: who calls, for which tenant, in which role; the services trust nothing else."""

import hashlib
import hmac
import time
from dataclasses import dataclass

import jwt
from jwt.types import Options

from hub_kit.keys import KeyRing
from hub_kit.settings import ConfigurationError
from hub_kit.signers import SIGNERS, TokenKeys, may_say

ALGORITHM = "EdDSA"  # RFC 8037
LIFETIME = 60  # seconds: a token is made for a call, not for a day
LEEWAY = 30  # seconds that two machines' clocks may differ
_OPTIONS: Options = {"require": ["iss", "sub", "tenant", "role", "aud", "exp"]}


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
    """Return a signed token (RFC 7519, Ed25519) that `audience` accepts for `lifetime` seconds."""
    own = _tokens(ring).own
    if own is None:
        raise ConfigurationError(
            f"token_keys: this service has no private key; none may sign but {', '.join(SIGNERS)}"
        )
    claims = {
        "iss": own.signer,
        "sub": caller.who,
        "tenant": caller.tenant,
        "role": caller.role,
        "aud": audience,
        "exp": int(time.time()) + lifetime,
    }
    return jwt.encode(claims, own.private, algorithm=ALGORITHM, headers={"kid": own.name})


def verify(ring: KeyRing, token: str, audience: str) -> Caller:
    """Return who calls; `Refused` says why not, without quoting the token.

    Clocks may differ by LEEWAY seconds. Who signed is known by the key, and believed only where,
    and in the roles in which, it has to be heard (`signers`).
    """
    try:
        found = _tokens(ring).find(str(jwt.get_unverified_header(token).get("kid", "")))
        if found is None:
            raise Refused("UnknownKey")
        signer, key = found
        claims = jwt.decode(
            *(token, key, [ALGORITHM]),
            audience=audience,
            issuer=signer,
            leeway=LEEWAY,
            options=_OPTIONS,
        )
    except jwt.PyJWTError as error:
        raise Refused(type(error).__name__) from None
    said = (claims["sub"], claims["tenant"], claims["role"])
    if not all(isinstance(word, str) for word in said):
        raise Refused("InvalidClaims")
    caller = Caller(*said)
    if not may_say(signer, audience, caller.role):
        raise Refused("SignerMayNot")
    return caller


def _tokens(ring: KeyRing) -> TokenKeys:
    if ring.tokens is None:
        raise ConfigurationError("token_keys: there are none; make them with `faden keys`")
    return ring.tokens
