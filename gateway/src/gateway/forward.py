"""Carries a request to a service and its answer back, as they flow, for the door.

A connection inwards is for the service's own time, not for a client's slow line: bodies come in
whole before one is taken (`gateway.gather`), small answers leave it before they are sent, and
nobody has more than their share. Large answers pass piece by piece. A client that goes away cancels
what the service does for it; a body that grows over the limit ends where it does.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import httpcore
import structlog
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from gateway.cross_site import SAFE
from gateway.filter import Header, announced, has_body, outward, with_length
from gateway.gather import Body, Gatherer, Gone, Incoming
from gateway.settings import Shares
from hub_contract.errors import Temporary
from hub_kit.seats import Seats, Slots

CONNECT, READ = 5.0, 120.0  # seconds
_WAIT = 30.0  # seconds that a request waits for others of its own asker
_LINGER = 5.0  # seconds that a refused body is still taken, so that the sender reads why
_WHOLE = 128 * 1024  # bytes of an answer that is read before any of it is sent
AWAY = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.RemoteProtocolError)
_LIVE = b"text/event-stream"
log = structlog.get_logger()


class Malformed(Exception):  # noqa: N818 - an answer, not a fault
    """The client's request is none that we may write to a service."""


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
        return announced(self.headers)

    @property
    def has_body(self) -> bool:
        return has_body(self.headers)

    def whole(self, size: int) -> "Request":
        """Return it with a body of this length."""
        return replace(self, headers=with_length(self.headers, size))

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


class Forwarder:
    """The connections to the services; live pages have their own, for they stay open."""

    def __init__(self, shares: Shares) -> None:
        # Services close an idle connection after 5 s: we let go of it before.
        def pool(size: int) -> httpcore.AsyncConnectionPool:
            return httpcore.AsyncConnectionPool(
                max_connections=size, max_keepalive_connections=32, keepalive_expiry=3
            )

        self._pool, self._live = pool(256), pool(shares.live)
        self._gatherer = Gatherer(shares)
        self._slots, self._downloads = Slots(shares.requests_each), Slots(shares.downloads_each)
        self._seats = Seats(shares.live_each, shares.live)

    async def close(self) -> None:
        await self._pool.aclose()
        await self._live.aclose()

    async def carry(
        self,
        request: Request,
        receive: Receive,
        send: Send,
        over: Callable[[], Coroutine[None, None, None]],
        who: str,
    ) -> None:
        """Carry one request; a live page ends once `over` returns: its session has ended.

        `who` counts as one asker. `Temporary` (nobody answers), `TooLarge`, `Malformed` and `Full`
        come before anything was said to the client.
        """
        body = Body(receive, request.limit)
        if not request.has_body:
            body.ended.set()
        exchange = asyncio.create_task(self._exchange(request, body, send, who))
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

    async def _exchange(self, request: Request, body: Body, send: Send, who: str) -> None:
        async with AsyncExitStack() as slot:
            async with self._gatherer.gathered(body, who):
                if request.has_body and body.ended.is_set():
                    request = request.whole(body.size)
                await slot.enter_async_context(self._slot(request, who))
                answer = await self._ask(request, body)
            await self._return(request, answer, send, slot, who)

    @asynccontextmanager
    async def _slot(self, request: Request, who: str) -> AsyncIterator[None]:
        """Lend a share of the connections inwards; `Full` where there is none for this asker."""
        if request.is_live:
            with self._seats.seat(who):
                yield
            return
        async with self._slots.slot(who, _WAIT):
            yield

    async def _ask(self, request: Request, body: Body) -> httpcore.Response:
        pool = self._live if request.is_live else self._pool
        # A service that starts again leaves us with connections it has closed: asking once more
        # is safe where nothing was to be changed.
        for left in reversed(range(2 if request.method in SAFE else 1)):
            try:
                return await pool.handle_async_request(request.outgoing(body))
            except httpcore.LocalProtocolError as error:
                raise Malformed from error
            except AWAY as error:
                if not left:
                    raise _away(error) from error
        raise AssertionError

    async def _return(
        self,
        request: Request,
        answer: httpcore.Response,
        send: Send,
        slot: AsyncExitStack,
        who: str,
    ) -> None:
        try:
            if request.is_live:
                await _stream(request, answer, send)
            elif announced(answer.headers, _WHOLE + 1) <= _WHOLE:
                await _send_whole(request, answer, send, slot)
            else:
                await slot.aclose()  # who downloads for long may ask for other things meanwhile
                async with self._downloads.slot(who, _WAIT):
                    await _stream(request, answer, send)
        except AWAY as error:
            log.warning("an answer broke off", error=type(error).__name__)
            raise BrokenOff from error
        finally:
            await _let_go(answer)


def _away(error: Exception) -> Temporary:
    return Temporary(f"a service does not answer ({type(error).__name__})")


async def _stream(request: Request, answer: httpcore.Response, send: Send) -> None:
    await _start(request, answer, send)
    async for piece in answer.aiter_stream():
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _start(request: Request, answer: httpcore.Response, send: Send) -> None:
    headers = outward(answer.headers, request.prefix, secure=request.secure)
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})


async def _send_whole(
    request: Request, answer: httpcore.Response, send: Send, slot: AsyncExitStack
) -> None:
    """Let go of the service before the client takes its time."""
    try:
        content = b"".join([piece async for piece in answer.aiter_stream()])
    except AWAY as error:
        raise _away(error) from error
    await _let_go(answer)
    await slot.aclose()
    await _start(request, answer, send)
    await send({"type": "http.response.body", "body": content, "more_body": False})


async def _let_go(answer: httpcore.Response) -> None:
    with suppress(*AWAY):
        # Once all is said the client may go, which cancels us in the middle of letting go.
        await asyncio.shield(answer.aclose())


async def _gone(body: Body) -> None:
    """Return once the client is gone; while its body comes in, that is noticed there."""
    await body.ended.wait()
    while (await body.receive())["type"] != "http.disconnect":
        pass


async def refuse(answer: Response, scope: Scope, receive: Incoming, send: Send) -> None:
    """Say no, and take a little more of what comes: a line that is cut is read as a fault."""
    if receive.ended:
        await answer(scope, receive, send)
        return
    answer.headers["Connection"] = "close"

    async def keep_open(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "more_body": True}
        await send(message)

    await answer(scope, receive, keep_open)
    with suppress(TimeoutError):
        async with asyncio.timeout(_LINGER):
            while not receive.ended:
                await receive()
    await send({"type": "http.response.body", "body": b"", "more_body": False})
