"""Receives providers' hooks in front of a FastAPI app: bytes in, kept safely, an answer.

Hooks are the hot path: a framework between socket and commit costs three times what they cost
(measured: 12,300 a second as raw ASGI, 4,250 as a route). All else falls through to the app.

Rule 1. Providers call `<public>/hooks/<channel>/<tenant>/<account>`, and what they like behind it:
        the account as the settings name it. For any other there is nothing: 404, nothing read.
Rule 2. Nothing is answered before all that the handler returns is safe.
Rule 3. Many providers sign the address that they called. It is `public` of the gateway's settings
        with path and query as they came; no header is believed, so nobody can say another one.
Rule 4. HEAD, and GET without a query, ask whether anybody is there: 200. A GET with a query is a
        call like any other: some providers (Vonage) hand messages over so.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import structlog
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from hub_contract.errors import Permanent, Temporary
from hub_contract.events import Arrival
from hub_contract.words import Channel
from hub_kit import logs, metrics, tracing
from hub_kit.ground import Ground
from hub_kit.shell import problem
from hub_kit.strangers import Strangers
from hub_kit.tokens import Refused

PREFIX = "/hooks/"
METHODS = ("GET", "HEAD", "POST")
LIMIT = 1024 * 1024  # bytes of a hook; what is larger is fetched from the provider by its address
_KEPT = Response(status_code=202)
_HERE = PlainTextResponse("Hooks are taken here.\n")
log = structlog.get_logger()


class Account(NamedTuple):
    """Which of our accounts is called."""

    channel: str
    tenant: str
    name: str


@dataclass(frozen=True, slots=True)
class Hook:
    """One call of a provider."""

    account: Account
    rest: str  # of the path, behind the account, undecoded: "" or "/status"
    address: str  # as it was called: scheme, host, path, query; nothing decoded
    method: str  # POST, or GET
    headers: Mapping[str, str]  # names in lower case
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider shall read once the arrivals are safe, where 202 and nothing will not do."""

    arrivals: Sequence[Arrival] = ()
    body: bytes = b""
    media_type: str = ""  # application/json, text/xml for TwiML
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


# Checks authenticity first (`Refused`), parses, returns what is to be kept, or nothing;
# `Temporary`: the provider shall call again.
Handler = Callable[[Hook], Awaitable[Sequence[Arrival] | Answer]]


class Hooks:
    """`/hooks/<channel>/…` goes to the handler of that channel, everything else to the app."""

    def __init__(
        self,
        app: ASGIApp,
        ground: Ground,
        handlers: Mapping[Channel, Handler],
        public: str,  # `Loaded.public`: how providers write our address
        *,
        limit: int = LIMIT,
        strangers: Strangers | None = None,
    ) -> None:
        self._strangers = strangers or Strangers(())
        self._app, self._accept, self._handlers = app, ground.accept, handlers
        self._public, self._limit = public, limit
        self._accounts = {
            Account(channel, tenant, name)
            for channel in handlers
            for tenant, name, _ in ground.settings.accounts(channel)
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        called = called_account(_path(scope)) if scope["type"] == "http" else None
        if called is None or called[0].channel not in self._handlers:
            await self._app(scope, receive, send)
        elif answer := await self._answer(*called, scope, receive):
            metrics.HOOKS.labels(called[0].channel, answer.status_code).inc()
            await answer(scope, receive, send)

    async def _answer(
        self, account: Account, rest: str, scope: Scope, receive: Receive
    ) -> Response | None:
        """Return what to say, or None where nobody waits for it any more."""
        headers = {
            key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]
        }
        if unread := self._answer_unread(account, scope, headers):
            return unread
        body = await self._read(receive)
        if body is None:
            return None
        if len(body) > self._limit:
            return too_large(self._limit)
        address = self._public + _target(scope)
        return await self._keep(Hook(account, rest, address, scope["method"], headers, body))

    def _answer_unread(
        self, account: Account, scope: Scope, headers: Mapping[str, str]
    ) -> Response | None:
        """Return what can be said without the body, or None where it must be read."""
        if account not in self._accounts:
            self._strangers.note(account.tenant)
            return no_account()
        method = scope["method"]
        if method not in METHODS:
            return not_allowed()
        if method == "HEAD" or (method == "GET" and not scope["query_string"]):
            return _HERE
        if int(headers.get("content-length", "0")) > self._limit:
            return too_large(self._limit)
        return None

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

    async def _keep(self, hook: Hook) -> Response:
        channel = Channel(hook.account.channel)
        try:
            with tracing.span(f"hook {channel}", hook.headers.get("traceparent", "")):
                said = await self._handlers[channel](hook)
                await self._accept.all(said.arrivals if isinstance(said, Answer) else said)
        except Refused as error:
            log.warning("hook refused", hook=channel, reason=str(error))
            return problem(403, "Forbidden", "The signature does not fit this call.")
        except Permanent as error:
            log.error("hook cannot be taken", hook=channel, reason=str(error))
            return problem(422, "Cannot be taken", str(error))
        except Temporary as error:
            log.warning("hook sent back: try again", hook=channel, reason=str(error)[:200])
            return problem(503, "Try again later", "A part of the hub is away; twice is once.")
        except Exception as error:  # noqa: BLE001 - outermost: a fault of ours is no reason to give up
            log.error("hook sent back: try again", hook=channel, error=logs.where(error))
            return problem(503, "Try again later", "A fault of ours; twice is once.")
        return _written(said) if isinstance(said, Answer) else _KEPT


def called_account(path: str) -> tuple[Account, str] | None:
    """Return whose hook this path is and what stands behind it; None where it is no hook's."""
    if not path.startswith(PREFIX):
        return None
    words = path.removeprefix(PREFIX).split("/", 3)
    channel, tenant, name = [*words[:3], "", ""][:3]
    return Account(channel, tenant, name), "".join(f"/{rest}" for rest in words[3:])


def no_account() -> Response:
    return problem(404, "Not Found", "No such account: /hooks/<channel>/<tenant>/<account>.")


def not_allowed() -> Response:
    answer = problem(405, "Method Not Allowed", "Send hooks by POST.")
    answer.headers["Allow"] = ", ".join(METHODS)
    return answer


def too_large(limit: int) -> Response:
    return problem(413, "Content Too Large", f"A hook has at most {limit} bytes.")


def _path(scope: Scope) -> str:
    return str(scope["raw_path"].decode("latin-1"))


def _target(scope: Scope) -> str:
    query = scope["query_string"].decode("latin-1")
    return f"{_path(scope)}?{query}" if query else _path(scope)


def _written(said: Answer) -> Response:
    return Response(said.body, said.status, dict(said.headers), said.media_type or None)
