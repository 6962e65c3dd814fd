"""Puts the security headers on every answer, for the gateway and for tests of pages.

An answer that brings a policy of its own keeps it: attachments are locked in a sandbox.
"""

from collections.abc import Sequence

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def policy(form_action: Sequence[str] = ()) -> str:
    """Return the Content-Security-Policy of our pages: no inline script, no inline style.

    `form_action`: origins, beside our own, that a form may lead to (the OIDC provider at log-in).
    """
    rules = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data: blob:",
        "font-src": "'self'",
        "connect-src": "'self'",
        "frame-src": "'self'",
        "form-action": " ".join(("'self'", *form_action)),
        "frame-ancestors": "'self'",
        "base-uri": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


class SecurityHeaders:
    """ASGI middleware; adds what an answer does not say itself."""

    def __init__(self, app: ASGIApp, form_action: Sequence[str] = ()) -> None:
        self.app = app
        self.headers = {**HEADERS, "Content-Security-Policy": policy(form_action)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    said.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, add)
