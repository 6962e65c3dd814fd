"""Remembers in a cookie which inbox a browser has opened; sealed, and only for a while.

Rule 1. The cookie is the session: sealed under a key of the ring, bound to the tenant, with its
        end inside. Another tenant's, a forged or a changed one is none.
Rule 2. It ends when nothing was done for the minutes of the settings. Then it still says whose it
        was, so that the page can ask for the six digits alone and keep what was typed.
"""

import base64
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from fastapi import Request, Response

from channel_web.parse import Inbox
from hub_contract.errors import Permanent
from hub_kit.keys import KeyRing, open_sealed, seal
from hub_kit.tokens import derive_key

COOKIE = "faden_citizen"


@dataclass(frozen=True, slots=True)
class Session:
    """`secret` stays readable only for the thank-you page of a form that was just sent.

    `name` is how she called herself, once a page of the conversation has said it.
    """

    inbox: Inbox
    until: datetime
    secret: str = ""
    name: str = ""

    @property
    def has_ended(self) -> bool:
        return self.until <= datetime.now(UTC)


class Sessions:
    def __init__(self, ring: KeyRing, minutes: int) -> None:
        self._key = derive_key(ring, "portal-session")
        self._minutes = timedelta(minutes=minutes)

    def begin(self, inbox: Inbox, secret: str = "") -> Session:
        return Session(inbox, datetime.now(UTC) + self._minutes, secret)

    def read(self, request: Request, tenant: str) -> Session | None:
        """Return the session of this browser, ended ones too; None for none that is ours."""
        try:
            sealed = base64.urlsafe_b64decode(request.cookies.get(COOKIE, "").encode())
            said = json.loads(open_sealed(self._key, sealed, tenant.encode()))
            inbox = Inbox(UUID(said["inbox"]), said["reference"])
            until = datetime.fromisoformat(said["until"])
            return Session(inbox, until, said["secret"], said["name"])
        except (Permanent, ValueError, KeyError, TypeError):
            return None

    def write(self, answer: Response, session: Session, tenant: str, prefix: str) -> None:
        """Have the browser keep the session, from now on for its whole time."""
        renewed = replace(session, until=datetime.now(UTC) + self._minutes)
        said = {
            "inbox": str(renewed.inbox.portal_id),
            "reference": renewed.inbox.reference,
            "until": renewed.until.isoformat(),
            "secret": renewed.secret,
            "name": renewed.name,
        }
        sealed = seal(self._key, json.dumps(said).encode(), tenant.encode())
        # No Max-Age: it goes with the browser's window, its end stands inside.
        answer.set_cookie(
            COOKIE,
            base64.urlsafe_b64encode(sealed).decode(),
            path=prefix or "/",
            httponly=True,
            samesite="lax",
        )

    def end(self, answer: Response, prefix: str) -> None:
        answer.delete_cookie(COOKIE, path=prefix or "/", httponly=True, samesite="lax")
