"""Makes the HTTP server of every listener of ours, so that all of them have the same guard."""

from collections.abc import Sequence
from functools import partial
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub_kit.connection import Connection
from hub_kit.guard import INSIDE, Guard, ListenerLimits
from hub_kit.handles import raise_handles

# For answers that no app has written: nothing in them is to be run or kept.
_HEADERS = (("X-Content-Type-Options", "nosniff"), ("Cache-Control", "no-store"))


def make_server(
    app: ASGIApp,
    name: str,
    limits: ListenerLimits = INSIDE,
    *,
    headers: Sequence[tuple[str, str]] = (),
    trusted: Sequence[str] = (),
    **more: Any,
) -> uvicorn.Server:
    """Return a server that takes no client for more than `limits`; `more` is uvicorn's.

    `name` is the listener's in metrics and lines; `headers` are said where no app answers;
    `trusted`: proxies whose X-Forwarded-For is believed.
    """
    guard = Guard(name, limits, raise_handles(), trusted)
    protocol = partial(Connection, guard, tuple(dict((*_HEADERS, *headers)).items()))
    config = uvicorn.Config(
        app,
        http=cast("Any", protocol),
        ws="none",
        log_config=None,
        access_log=False,  # paths may hold ids, and access is counted, not written down
        server_header=False,
        # Whom to believe is the gateway's to say, and it costs every call.
        proxy_headers=bool(trusted),
        forwarded_allow_ips=list(trusted),
        **more,
    )
    return uvicorn.Server(config)


class AnswersHead:
    """ASGI middleware: HEAD is answered where GET is, without a body (RFC 9110 §9.3.2).

    `scope["is_head"]` tells a page that uses something up by being shown.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def only_head(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send(message)
                # At once: a live page has no end that anybody would wait for.
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        await self._app({**scope, "method": "GET", "is_head": True}, receive, only_head)
