"""Receives providers' hooks in front of a FastAPI app: bytes in, kept safely, 202.

Hooks are the hot path: a framework between socket and commit costs three times what they cost
(measured: 12,300 a second as raw ASGI, 4,250 as a route). All else falls through to the app.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from hub_contract.errors import Permanent, Temporary
from hub_contract.events import Arrival
from hub_kit import logs, tracing
from hub_kit.accept import Accept
from hub_kit.shell import problem
from hub_kit.tokens import Refused

PREFIX = "/hooks/"
LIMIT = 1024 * 1024  # bytes of a hook; what is larger is fetched from the provider by its address
_KEPT = Response(status_code=202)
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Hook:
    path: str  # undecoded, with its query: several providers sign the address they called
    headers: Mapping[str, str]  # names in lower case
    body: bytes


# Checks authenticity (`Refused`), parses, returns what is to be kept, or nothing; `Temporary`: the
# provider shall call again.
Handler = Callable[[Hook], Awaitable[Sequence[Arrival]]]


class Hooks:
    """POST /hooks/<name>/... goes to the handler of that name, everything else to the app."""

    def __init__(
        self, app: ASGIApp, accept: Accept, handlers: Mapping[str, Handler], *, limit: int = LIMIT
    ) -> None:
        self._app, self._accept, self._handlers, self._limit = app, accept, handlers, limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        name = _name(scope)
        if name not in self._handlers:
            await self._app(scope, receive, send)
            return
        body = await self._read(receive)
        if body is not None:  # else nobody waits for an answer any more
            answer = await self._answer(name, scope, body)
            await answer(scope, receive, send)

    async def _read(self, receive: Receive) -> bytes | None:
        parts: list[bytes] = []
        size, more = 0, True
        while more and size <= self._limit:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            more = message.get("more_body", False)
        return b"".join(parts)

    async def _answer(self, name: str, scope: Scope, body: bytes) -> Response:
        if len(body) > self._limit:
            return problem(413, "Content Too Large", f"A hook has at most {self._limit} bytes.")
        headers = {
            key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]
        }
        try:
            with tracing.span(f"hook {name}", headers.get("traceparent", "")):
                hook = Hook(_address(scope), headers, body)
                await self._accept.all(await self._handlers[name](hook))
        except Refused as error:
            log.warning("hook refused", hook=name, reason=str(error))
            return problem(403, "Forbidden", "The signature does not fit this call.")
        except Permanent as error:
            log.error("hook cannot be taken", hook=name, reason=str(error))
            return problem(422, "Cannot be taken", str(error))
        except Temporary as error:
            log.warning("hook sent back: try again", hook=name, reason=str(error)[:200])
            return problem(503, "Try again later", "A part of the hub is away; twice is once.")
        except Exception as error:  # noqa: BLE001 - outermost: a fault of ours is no reason to give up
            log.error("hook sent back: try again", hook=name, error=logs.place(error))
            return problem(503, "Try again later", "A fault of ours; twice is once.")
        return _KEPT


def _name(scope: Scope) -> str:
    if scope["type"] != "http" or scope["method"] != "POST" or scope["path"][:7] != PREFIX:
        return ""
    return str(scope["path"][7:].partition("/")[0])


def _address(scope: Scope) -> str:
    query = scope["query_string"].decode("latin-1")
    return str(scope["raw_path"].decode("latin-1") + ("?" + query if query else ""))
