"""Talks to the OpenID Connect provider: where to send a person, and who came back, for `log_in`.

Authorisation code with PKCE (RFC 7636), state and nonce (OIDC Core §3.1). What the provider says of
itself and its keys is read once and again when a key is not among them. `verify` reads tokens.
"""

import asyncio
import base64
import hashlib
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus, urlencode

import httpx
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from gateway.claims import Claims, claim_at, laid_over
from gateway.settings import Oidc
from gateway.verify import Ended, check_id_token, read_logout_token
from hub_contract.errors import Permanent, Temporary

# Asymmetric only: with a shared secret, or none, whoever knows it could sign for the provider.
ALGORITHMS = ["RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519"]
_KEYS_EVERY = 60  # seconds: forged tokens shall not make us ask for keys all the time
_WITHIN = 10  # seconds for each answer of the provider


@dataclass(frozen=True, slots=True)
class Attempt:
    """One log-in under way: what must come back, and what never leaves us."""

    state: str
    nonce: str
    verifier: str
    to: str  # the path that the person wanted
    host: str  # where the callback comes to
    begun: float  # seconds since 1970


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """Who came back from the provider."""

    claims: Claims
    id_token: str  # as it was signed: it tells the provider at log-out whose session it is


class Provider:
    def __init__(self, settings: Oidc, secret: str) -> None:
        self._settings, self._secret = settings, secret
        self._http = httpx.AsyncClient(timeout=_WITHIN)
        self._about: dict[str, Any] = {}
        self._keys, self._keys_at = KeySet([]), 0.0
        self._asking = asyncio.Lock()

    async def close(self) -> None:
        await self._http.aclose()

    async def address(self, attempt: Attempt, callback: str) -> str:
        """Return where the person logs in; `Temporary` where the provider does not answer."""
        endpoint = await self._endpoint("authorization_endpoint")
        digest = hashlib.sha256(attempt.verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": callback,
            "scope": self._settings.scope,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"

    async def end_session_endpoint(self) -> str:
        """Return where a person ends the session at the provider; empty where it has none."""
        endpoint = (await self._read_about()).get("end_session_endpoint")
        return endpoint if isinstance(endpoint, str) else ""

    async def exchange(self, code: str, attempt: Attempt, callback: str) -> LoggedIn:
        """Return what the provider says of who has logged in.

        `Permanent`: the code or the token is not good. `Temporary`: the provider is away.
        """
        endpoint = await self._endpoint("token_endpoint")
        tokens = await self._tokens(endpoint, code, attempt, callback)
        id_token = str(tokens.get("id_token", ""))
        claims = await self._read_token(id_token)
        check_id_token(claims, self._settings, attempt.nonce)
        return LoggedIn(await self._completed(claims, tokens), id_token)

    async def ended(self, logout_token: str) -> Ended:
        """Return what the provider says has ended (OIDC Back-Channel Logout §2.6).

        `Permanent`: the token is not good. `Temporary`: the provider's keys cannot be had.
        """
        return read_logout_token(await self._read_token(logout_token), self._settings)

    async def _completed(self, claims: Claims, tokens: dict[str, Any]) -> Claims:
        """Ask UserInfo (OIDC Core §5.3) where the ID token lacks what we look for."""
        wanted = (self._settings.claim, self._settings.name_claim)
        endpoint = (await self._read_about()).get("userinfo_endpoint")
        if not endpoint or all(claim_at(claims, path) is not None for path in wanted):
            return claims
        more = await self._more(str(endpoint), tokens)
        if more.get("sub") != claims["sub"]:  # §5.3.2: it may be somebody else's
            raise Permanent("UserInfo: of another person than the ID token")
        return laid_over(more, claims)

    async def _tokens(
        self, endpoint: str, code: str, attempt: Attempt, callback: str
    ) -> dict[str, Any]:
        ours, form = self._settings, {"grant_type": "authorization_code", "code": code}
        form |= {"redirect_uri": callback, "code_verifier": attempt.verifier}
        if ours.authentication == "basic":
            # RFC 6749 §2.3.1: written as a form would, then as HTTP Basic.
            basic = httpx.BasicAuth(quote_plus(ours.client_id), quote_plus(self._secret))
            return await _said(self._http.post(endpoint, data=form, auth=basic))
        form["client_id"] = ours.client_id
        if ours.authentication == "post":
            form["client_secret"] = self._secret
        return await _said(self._http.post(endpoint, data=form))

    async def _more(self, endpoint: str, tokens: dict[str, Any]) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {tokens.get('access_token', '')}"}
        return await _said(self._http.get(endpoint, headers=headers))

    async def _read_token(self, token: str) -> Claims:
        """Return what a token says if the provider has signed it."""
        try:
            return (await self._decoded(token)).claims
        except (JoseError, ValueError) as error:
            raise Permanent(f"token: {type(error).__name__}") from None

    async def _decoded(self, token: str) -> jwt.Token:
        await self._read_keys()
        try:
            return jwt.decode(token, self._keys, ALGORITHMS)
        except InvalidKeyIdError:
            await self._read_keys(anew=True)  # it signs with a new one
            return jwt.decode(token, self._keys, ALGORITHMS)

    async def _read_about(self) -> dict[str, Any]:
        """Read the discovery document (OpenID Connect Discovery §4) once."""
        async with self._asking:
            if not self._about:
                issuer = self._settings.issuer
                address = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
                about = await _said(self._http.get(address))
                if (own := about.get("issuer")) != issuer:
                    said = f"the provider calls itself {own or 'nothing'}; correct oidc.issuer"
                    raise Temporary(said)
                self._about = about
        return self._about

    async def _endpoint(self, name: str) -> str:
        endpoint = (await self._read_about()).get(name)
        if not isinstance(endpoint, str):
            raise Temporary(f"the log-in provider names no {name}")
        return endpoint

    async def _read_keys(self, *, anew: bool = False) -> None:
        endpoint = await self._endpoint("jwks_uri")
        async with self._asking:
            age = time.monotonic() - self._keys_at
            if self._keys_at and not (anew and age > _KEYS_EVERY):
                return
            keys: Any = await _said(self._http.get(endpoint))
            self._keys, self._keys_at = KeySet.import_key_set(keys), time.monotonic()


async def _said(call: Any) -> dict[str, Any]:
    try:
        answer: httpx.Response = await call
        body = answer.json() if answer.status_code < 500 else None
    except (httpx.HTTPError, ValueError) as error:
        raise Temporary(f"the log-in provider: {type(error).__name__}") from error
    if not isinstance(body, dict):
        raise Temporary(f"the log-in provider answers {answer.status_code}")
    if answer.is_error:
        raise Permanent(f"the log-in provider answers {answer.status_code}")
    return body
