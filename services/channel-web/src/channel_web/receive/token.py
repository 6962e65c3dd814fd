"""Makes the token of a form, and binds what is sent with it to the browser that sends it.

Rule 1. A token is ours, and young, or it is worth nothing: it says when it was made, signed.
Rule 2. What follows from it (the inbox, its digits, its kept files) follows from token and browser
        together: in another browser, or in this one after somebody left it, the same page is
        another form. Nothing has to be kept for that.
Rule 3. A form sent twice is one message. Of one that is too old the same holds for minutes, so
        that a double click is one too.
"""

import base64
import hmac
import re
import secrets
import time
from collections.abc import Callable

from hub_kit.keys import KeyRing
from hub_kit.tokens import derive_key

_FORM = re.compile(r"([0-9a-f]{8})[A-Za-z0-9_-]{16}")
_SIGNED = 16  # letters of the signature behind it
_CLICK = 600  # seconds


class Forms:
    """`minutes`: how long a token is young; `now` gives seconds of the clock."""

    def __init__(self, ring: KeyRing, minutes: int, now: Callable[[], float] = time.time) -> None:
        self._key, self._bind = derive_key(ring, "portal-form"), derive_key(ring, "portal-bound")
        self._seconds, self._now = minutes * 60, now

    def new(self, tenant: str) -> str:
        """Return the token of a page that is shown now."""
        said = f"{int(self._now()):08x}{secrets.token_urlsafe(12)}"
        return said + self._signature(tenant, said)

    def is_ours(self, tenant: str, token: str) -> bool:
        said, signature = token[:-_SIGNED], token[-_SIGNED:]
        return bool(_FORM.fullmatch(said)) and hmac.compare_digest(
            self._signature(tenant, said).encode(), signature.encode("ascii", "replace")
        )

    def page(self, tenant: str, token: str, browser: str) -> str:
        """Return what files are bound to that wait for this page, however old it is."""
        return self._bound(tenant, token, browser, "files")

    def sent(self, tenant: str, token: str, browser: str) -> str:
        """Return what identifies the form as sent by this browser: who has it knows the digits."""
        age = self._now() - int(token[:8], 16)
        when = "" if age <= self._seconds else f"{self._now() // _CLICK:.0f}"
        return self._bound(tenant, token, browser, f"sent {when}")

    def _signature(self, tenant: str, said: str) -> str:
        return _letters(hmac.digest(self._key, f"{tenant}\n{said}".encode(), "sha256")[:12])

    def _bound(self, tenant: str, token: str, browser: str, purpose: str) -> str:
        said = f"{tenant}\n{token}\n{browser}\n{purpose}"
        return _letters(hmac.digest(self._bind, said.encode(), "sha256")[:24])


def _letters(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode()
