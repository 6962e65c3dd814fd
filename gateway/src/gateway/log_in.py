"""Logs people in and out: to the provider, back with a code, a session; for the door's own pages.

What is under way lies sealed in a cookie of ten minutes, one for each attempt, so that two tabs may
log in at once, and any copy of the gateway may hear the answer.
"""

import json
import secrets
import time
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass

import structlog

from gateway.claims import Claims, lack_of, text_at
from gateway.grant import grants_of
from gateway.identify import Attempt, Provider
from gateway.lack import Lacks
from gateway.sessions import AtProvider, Session
from gateway.settings import GatewaySettings
from hub_contract.errors import Permanent
from hub_kit.keys import KeyRing, open_sealed, seal
from hub_kit.tokens import derive_key

WITHIN = 600  # seconds for one log-in
DESK = "/desk/"
_WHAT = b"gateway log-in"
_NAME = 100  # characters of a name that are shown
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Start:
    """Where to send the person, and the cookie that will know them again."""

    address: str
    cookie: str
    value: str


@dataclass(frozen=True, slots=True)
class Finish:
    """Who has come back from the provider, and what they wanted."""

    session: Session
    attempt: Attempt
    known_as: AtProvider
    id_token: str


class Login:
    def __init__(
        self,
        provider: Provider,
        settings: GatewaySettings,
        ring: KeyRing,
        tenants: Collection[str],
        lacks: Lacks,
    ) -> None:
        assert settings.oidc is not None
        self._provider, self._settings, self._oidc = provider, settings, settings.oidc
        self._tenants, self._ring, self._lacks = tenants, ring, lacks
        self._key = derive_key(ring, "gateway-login")

    async def start(self, to: str, host: str) -> Start:
        """Begin a log-in that shall end at `to`; `Temporary` where the provider is away."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        attempt = Attempt(state, nonce, verifier, local(to), host, time.time())
        address = await self._provider.address(attempt, self._callback(host))
        sealed = seal(self._key, json.dumps(asdict(attempt)).encode(), _WHAT)
        return Start(address, _cookie(attempt.state), sealed.hex())

    async def finish(self, query: Mapping[str, str], cookies: Mapping[str, str]) -> Finish:
        """Return who has come back from the provider, and what they wanted.

        `Permanent`: this browser has not begun this log-in, it took too long, or the provider
        says no. `Temporary`: the provider is away.
        """
        attempt = self._attempt(query.get("state", ""), cookies)
        if "code" not in query:
            raise Permanent("the provider refused the log-in")
        code, callback = query["code"], self._callback(attempt.host)
        came = await self._provider.exchange(code, attempt, callback)
        session = self._session(came.claims, attempt.host)
        await self._note(came.claims, session)
        return Finish(session, attempt, self._known_as(came.claims), came.id_token)

    def cookie_of(self, attempt: Attempt) -> str:
        return _cookie(attempt.state)

    def _session(self, claims: Claims, host: str) -> Session:
        only = self._settings.hosts.get(host, "")
        tenants = [tenant for tenant in self._tenants if only in ("", tenant)]
        grants = grants_of(claims, self._oidc, tenants)
        person = f"{self._oidc.issuer} {claims['sub']}"
        name = text_at(claims, self._oidc.name_claim)[:_NAME]
        who = self._ring.pseudonym_of("", "staff", person)
        return Session(who, name, grants, grants[0] if len(grants) == 1 else None)

    async def _note(self, claims: Claims, session: Session) -> None:
        """Say to operators why somebody has no role here."""
        lack = lack_of(claims, self._oidc.claim)
        await self._lacks.note(lack)
        if not session.grants:
            why = lack.say() if lack else "nothing in the claim is a role here"
            log.warning("logged in without a role", reason=why)

    def _known_as(self, claims: Claims) -> AtProvider:
        return AtProvider(self._oidc.issuer, text_at(claims, "sid"), text_at(claims, "sub"))

    def _attempt(self, state: str, cookies: Mapping[str, str]) -> Attempt:
        try:
            sealed = bytes.fromhex(cookies.get(_cookie(state), ""))
            attempt = Attempt(**json.loads(open_sealed(self._key, sealed, _WHAT)))
        except (ValueError, Permanent):
            raise Permanent("this browser has not begun this log-in") from None
        if not secrets.compare_digest(attempt.state.encode(), state.encode()):
            raise Permanent("this browser has begun another log-in")
        if time.time() - attempt.begun > WITHIN:
            raise Permanent("the log-in took too long")
        return attempt

    def _callback(self, host: str) -> str:
        return f"{self._settings.origin_of(host)}/login/callback"


def _cookie(state: str) -> str:
    # A cookie's name takes few characters, and a state may be anything.
    return "faden_login_" + "".join(c for c in state[:12] if c.isalnum())


def local(to: str) -> str:
    """Return `to` if it is a path of ours, else the desk: nobody is sent elsewhere from here."""
    # What begins so has no scheme and no host, however the rest may look (RFC 3986 §4.2).
    plain = to.startswith("/") and not to.startswith("//") and to.isprintable() and "\\" not in to
    return to if plain else DESK
