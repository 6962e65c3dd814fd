"""Carries a request to a service and its answer back, as they flow, for the door.

Nothing is held: bodies of both directions pass piece by piece. A client that goes away cancels what
the service does for it; a body that grows over the limit ends where it does.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpcore
import structlog
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from gateway.cross_site import SAFE
from gateway.filter import Header, outward
from hub_contract.errors import Temporary

CONNECT, READ = 5.0, 120.0  # seconds
_LINGER = 5.0  # seconds that a refused body is still taken, so that the sender reads why
AWAY = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError)
_LIVE = b"text/event-stream"
log = structlog.get_logger()


class TooLarge(Exception):  # noqa: N818 - an answer, not a fault
    """The body of a request grew over the limit."""


class Gone(Exception):  # noqa: N818 - nobody is there to be told
    """The client went away while its body came in."""


class BrokenOff(Exception):  # noqa: N818 - the server ends the connection for it
    """The service ended in the middle of its answer; the client must not take it for whole."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a service shall get; `target` is path and query, undecoded."""

    method: str
    origin: str
    target: bytes
    headers: Sequence[Header]
    prefix: str
    secure: bool
    limit: int  # bytes of the body

    @property
    def is_live(self) -> bool:
        return any(name == b"accept" and _LIVE in value for name, value in self.headers)

    @property
    def announced(self) -> int:
        """How long the body is, as its sender says; 0 where it does not."""
        return next((int(v) for name, v in self.headers if name == b"content-length"), 0)

    @property
    def has_body(self) -> bool:
        return any(
            name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
            for name, value in self.headers
        )

    def outgoing(self, body: "Body") -> httpcore.Request:
        """Return it as the pool wants it; a live page may be silent for as long as it likes."""
        parts = urlsplit(self.origin)
        timeouts = {"connect": CONNECT, "pool": CONNECT, "write": READ}
        return httpcore.Request(
            self.method,
            httpcore.URL(
                scheme=parts.scheme,
                host=parts.hostname or "",
                port=parts.port,
                target=self.target,
            ),
            headers=list(self.headers),
            content=body if self.has_body else None,
            extensions={"timeout": timeouts if self.is_live else {**timeouts, "read": READ}},
        )


@dataclass
class Body:
    """A request's body as it comes in; `ended` once there is no more of it."""

    receive: Receive
    limit: int
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        while not self.ended.is_set():
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise Gone
            piece = message.get("body", b"")
            size += len(piece)
            if size > self.limit:
                raise TooLarge
            if not message.get("more_body", False):
                self.ended.set()
            yield piece


class Forwarder:
    """The connections to the services; live pages have their own, for they stay open."""

    def __init__(self) -> None:
        # Services close an idle connection after 5 s: we let go of it before.
        def pool(size: int) -> httpcore.AsyncConnectionPool:
            return httpcore.AsyncConnectionPool(
                max_connections=size, max_keepalive_connections=32, keepalive_expiry=3
            )

        self._pool, self._live = pool(256), pool(4096)

    async def close(self) -> None:
        await self._pool.aclose()
        await self._live.aclose()

    async def carry(
        self,
        request: Request,
        receive: Receive,
        send: Send,
        over: Callable[[], Coroutine[None, None, None]],
    ) -> None:
        """Carry one request; a live page ends once `over` returns: its session has ended.

        `Temporary` (nobody answers) and `TooLarge` come before anything was said to the client.
        """
        body = Body(receive, request.limit)
        if not request.has_body:
            body.ended.set()
        exchange = asyncio.create_task(self._exchange(request, body, send))
        tasks = [exchange, asyncio.create_task(_gone(body))]
        if request.is_live:
            tasks.append(asyncio.create_task(over()))
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        if not exchange.cancelled():
            with suppress(Gone):
                exchange.result()

    async def _exchange(self, request: Request, body: Body, send: Send) -> None:
        pool = self._live if request.is_live else self._pool
        # A service that starts again leaves us with connections it has closed: asking once more
        # is safe where nothing was to be changed.
        tries = 2 if request.method in SAFE and not request.has_body else 1
        for left in reversed(range(tries)):
            try:
                answer = await pool.handle_async_request(request.outgoing(body))
                break
            except AWAY as error:
                if not left:
                    reason = f"a service does not answer ({type(error).__name__})"
                    raise Temporary(reason) from error
        await _return(request, answer, send)


async def _return(request: Request, answer: httpcore.Response, send: Send) -> None:
    headers = outward(answer.headers, request.prefix, secure=request.secure)
    start = {"type": "http.response.start", "status": answer.status, "headers": headers}
    try:
        await send(start)
        async for piece in answer.aiter_stream():
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    except AWAY as error:
        log.warning("an answer broke off", error=type(error).__name__)
        raise BrokenOff from error
    finally:
        with suppress(*AWAY):
            # Once all is said the client may go, which cancels us in the middle of letting go.
            await asyncio.shield(answer.aclose())


async def _gone(body: Body) -> None:
    """Return once the client is gone; while its body comes in, that is noticed there."""
    await body.ended.wait()
    while (await body.receive())["type"] != "http.disconnect":
        pass


async def refuse_body(answer: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Say no, and take a little more of what comes: a line that is cut is read as a fault."""
    answer.headers["Connection"] = "close"

    async def keep_open(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "more_body": True}
        await send(message)

    await answer(scope, receive, keep_open)
    with suppress(TimeoutError):
        async with asyncio.timeout(_LINGER):
            while (await receive()).get("more_body", False):
                pass
    await send({"type": "http.response.body", "body": b"", "more_body": False})
