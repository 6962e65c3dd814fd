"""Takes a request's body in before a connection inwards is taken, so that slow senders hold none.

Rule 1. A body is held here until it is whole. Room for it is taken as its bytes arrive, within the
        share of its asker; who only announces much holds nothing.
Rule 2. What finds no room any more flows inwards as it comes, few at a time and fewer for each
        asker; `Full` beyond that.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field

from starlette.types import Message, Receive

from gateway.settings import Shares
from hub_kit.seats import Full, Seats

_PIECE = 65_536  # bytes


class TooLarge(Exception):  # noqa: N818 - an answer, not a fault
    """The body of a request grew over the limit."""


class Gone(Exception):  # noqa: N818 - nobody is there to be told
    """The client went away while its body came in."""


class Incoming:
    """What a client sends; `ended` once there is no more of it, or once it is gone."""

    def __init__(self, receive: Receive, *, has_body: bool) -> None:
        self._receive, self.ended = receive, not has_body

    async def __call__(self) -> Message:
        message = await self._receive()
        self.ended = self.ended or not message.get("more_body", False)
        return message


@dataclass
class Body:
    """A request's body as it comes in; `ended` once there is no more of it."""

    receive: Receive
    limit: int
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    size: int = 0
    held: bytearray = field(default_factory=bytearray)

    async def read(self) -> bytes:
        """Return what comes next; `TooLarge`, `Gone`."""
        message = await self.receive()
        if message["type"] == "http.disconnect":
            raise Gone
        piece: bytes = message.get("body", b"")
        self.size += len(piece)
        if self.size > self.limit:
            raise TooLarge
        if not message.get("more_body", False):
            self.ended.set()
        return piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for at in range(0, len(self.held), _PIECE):
            yield bytes(self.held[at : at + _PIECE])
        while not self.ended.is_set():
            yield await self.read()


class Gatherer:
    """Holds the bodies of all who send one just now."""

    def __init__(self, shares: Shares) -> None:
        self.bytes = Seats(shares.body_bytes_each, shares.body_bytes)
        self.flowing = Seats(shares.flowing_each, shares.flowing)

    @asynccontextmanager
    async def gathered(self, body: Body, who: str) -> AsyncIterator[None]:
        """Hold the body meanwhile: whole (`ended`), or what of it found room."""
        taken = 0
        try:
            with ExitStack() as stack:
                while not body.ended.is_set():
                    piece = await body.read()
                    body.held += piece
                    try:
                        self.bytes.take(who, len(piece))
                        taken += len(piece)
                    except Full:
                        if not body.ended.is_set():
                            stack.enter_context(self.flowing.seat(who))
                        break
                yield
        finally:
            self.bytes.give(who, taken)
            body.held = bytearray()
