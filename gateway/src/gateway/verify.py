"""Says whether what the provider has signed is for us, now: ID tokens and log-out tokens; pure.

The signature has been checked before, in `identify`.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwt import ClaimsOption, JWTClaimsRegistry

from gateway.claims import Claims
from gateway.settings import Oidc
from hub_contract.errors import Permanent

LEEWAY = 60  # seconds that clocks may differ
FRESH = 600  # seconds that a log-out token counts, whatever it says of its end itself
_EVENT = "http://schemas.openid.net/event/backchannel-logout"


@dataclass(frozen=True, slots=True)
class Ended:
    """What ended at the provider: one session, or all of a person where `session` is empty."""

    person: str  # its `sub`; may be empty, but not both
    session: str  # its `sid`
    token: str  # `jti`: no log-out token counts twice
    until: float  # seconds since 1970; after that the token is refused for its age


def check_id_token(claims: Claims, oidc: Oidc, nonce: str) -> None:
    """Check what OIDC Core §3.1.3.7 asks of an ID token; `Permanent` says what is wrong."""
    essential = {"sub": _IS_THERE, "exp": _IS_THERE, "nonce": _is(nonce)}
    _validate("ID token", claims, oidc, essential)
    # Made for others, too, it must have been made for us.
    party = claims.get("azp", oidc.client_id)
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if party != oidc.client_id or (several and "azp" not in claims):
        raise Permanent("ID token: made for another client")


def read_logout_token(claims: Claims, oidc: Oidc) -> Ended:
    """Check what OIDC Back-Channel Logout §2.6 asks; `Permanent` says what is wrong.

    Providers of an earlier draft say no `exp`: how old a token may be is ours to say in any case.
    """
    _validate("log-out token", claims, oidc, {"jti": _IS_THERE})
    events = claims.get("events")
    if not isinstance(events, Mapping) or not isinstance(events.get(_EVENT), Mapping):
        raise Permanent("log-out token: not of a log-out")
    if "nonce" in claims:  # an ID token is none, even one that has `events`
        raise Permanent("log-out token: has a nonce")
    person, session = claims.get("sub", ""), claims.get("sid", "")
    if not isinstance(session, str) or not (person or session):
        raise Permanent("log-out token: names neither a session nor a person")
    until = claims["iat"] + FRESH + LEEWAY
    if until < time.time():
        raise Permanent("log-out token: too old")
    return Ended(person, session, claims["jti"], until)


def _is(value: str) -> ClaimsOption:
    return {"essential": True, "value": value}


_IS_THERE: ClaimsOption = {"essential": True}


def _validate(what: str, claims: Claims, oidc: Oidc, more: Mapping[str, ClaimsOption]) -> None:
    ours: dict[str, Any] = {"iss": _is(oidc.issuer), "aud": _is(oidc.client_id), "iat": _IS_THERE}
    try:
        JWTClaimsRegistry(leeway=LEEWAY, **{**ours, **more}).validate(dict(claims))
    except JoseError as error:
        raise Permanent(f"{what}: {error}") from None
