"""Asks the citizens' pages how far an inbox is, with number and secret that a caller keyed in.

They alone know secrets and count wrong ones; what they say is of one inbox, and is not kept here.
"""

from urllib.parse import urlencode

import httpx

from channel_phone.settings import SERVICE
from hub_contract.channels import CHANNELS
from hub_contract.words import ContactKind
from hub_kit.keys import KeyRing
from hub_kit.tokens import Caller, issue

TIMEOUT = 6.0  # seconds; Twilio itself waits for 15
# The service that has inboxes: the one channel that reaches them.
AUDIENCE = next(
    f"channel_{channel}" for channel, row in CHANNELS.items() if row.reaches is ContactKind.PORTAL
)
_FOUND = {200: "open", 403: "wrong", 429: "shut"}


class Portal:
    def __init__(self, client: httpx.AsyncClient, ring: KeyRing) -> None:
        self._client, self._ring = client, ring
        self.close = client.aclose

    async def look(self, tenant: str, reference: str, secret: str) -> bytes:
        """Return what a leg says of it: `Found=open&State=answered&At=…`; away is an answer too."""
        token = issue(self._ring, Caller(SERVICE, tenant, "portal"), AUDIENCE)
        headers = {"Authorization": f"Bearer {token}"}
        body = {"reference": reference, "secret": secret}
        try:
            answer = await self._client.post("/inbox/state", json=body, headers=headers)
            found = _FOUND.get(answer.status_code, "away")
            said = answer.json() if found == "open" else {}
            facts = {"State": str(said["state"]), "At": str(said["at"])} if said else {}
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            found, facts = "away", {}
        return urlencode({"Found": found, **facts}).encode()


def open_client(origin: str) -> httpx.AsyncClient:
    """Return the way to the pages; services close idle connections after 5 s, we before that."""
    limits = httpx.Limits(keepalive_expiry=3)
    return httpx.AsyncClient(base_url=origin, timeout=TIMEOUT, limits=limits)
