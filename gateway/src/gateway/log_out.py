"""Logs people out at the provider, too, and here when the provider says so; for the door's pages.

At the provider by OpenID Connect RP-Initiated Logout 1.0. Its fields are sent as a form: the ID
token names a person, and what stands in an address stands in logs. From there by OpenID Connect
Back-Channel Logout 1.0.
"""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

from gateway.identify import Provider
from gateway.sessions import AtProvider, Sessions
from gateway.settings import GatewaySettings
from hub_pages.headers import policy

DONE = "/logout/done"


@dataclass(frozen=True, slots=True)
class Leave:
    """The form that ends a session at the provider; `state` comes back when it is done."""

    address: str
    fields: dict[str, str]
    state: str

    @property
    def policy(self) -> str:
        """Return the policy of the page with the form.

        The provider may lead on to others behind it, and Chromium holds the policy against each.
        """
        return policy([f"{urlsplit(self.address).scheme}:"])


class Logout:
    def __init__(self, provider: Provider, settings: GatewaySettings, sessions: Sessions) -> None:
        assert settings.oidc is not None
        self._provider, self._sessions = provider, sessions
        self._settings, self._oidc = settings, settings.oidc

    async def leave(self, host: str, id_token: str) -> Leave | None:
        """Return how a person leaves the provider; None where it has no such thing.

        Without the ID token it asks them once more. `Temporary`: the provider is away.
        """
        if not (address := await self._provider.end_session_endpoint()):
            return None
        state = secrets.token_urlsafe(16)
        fields = {
            "client_id": self._oidc.client_id,
            "post_logout_redirect_uri": f"{self._settings.origin_of(host)}{DONE}",
            "state": state,
        }
        if id_token:
            fields["id_token_hint"] = id_token
        return Leave(address, fields, state)

    async def hear(self, body: bytes) -> None:
        """End here what the provider says has ended there; `body` is its form.

        `Permanent`: it is no good log-out token. `Temporary`: try again.
        """
        token = parse_qs(body.decode("utf-8", "replace")).get("logout_token", [""])[0]
        ended = await self._provider.ended(token)
        known_as = AtProvider(self._oidc.issuer, ended.session, ended.person)
        until = datetime.fromtimestamp(ended.until, UTC)
        await self._sessions.end_told(known_as, ended.token, until)
