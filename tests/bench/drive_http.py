"""Calls a hook over and over, as providers do: many connections, one request in flight on each.

A Python client on uvloop costs the two cores about as much for a request as wrk does, and it can
send a body of its own in every request, without which nothing could be counted afterwards.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

Make = Callable[[int], bytes]  # the n-th body
Tell = Callable[[int, float], None]
Head = Callable[[bytes], str]  # the header lines of a body, each with its line end
JSON = "Content-Type: application/json\r\n"


@dataclass(slots=True)
class Answered:
    """What came back: how many 2xx, how many others, how long each took."""

    sent: int = 0
    refused: int = 0
    waits: list[float] = field(default_factory=list)  # seconds from request to answer
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        return len(self.waits) / self.seconds


class _Caller(asyncio.Protocol):
    def __init__(self, driver: "_Driver") -> None:
        self._driver = driver
        self._buffer = b""
        self._number, self._asked = -1, 0.0
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass of it

    def ask(self, number: int, request: bytes) -> None:
        assert self.transport is not None
        self._number, self._asked = number, time.perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if found and len(body) >= _length(head):
            self._buffer = b""
            self._driver.answered(self, self._number, head[9:10] == b"2", self._asked)

    def connection_lost(self, exc: Exception | None) -> None:
        self._driver.lost(self)


def _length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"content-length:")
    return int(rest.partition(b"\r\n")[0]) if found else 0


class _Driver:
    def __init__(self, port: int, path: str, make: Make, tell: Tell, head: Head) -> None:
        self._start = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        self._make, self.tell, self._head = make, tell, head
        self._idle: list[_Caller] = []
        self._flying = 0
        self.limit = 0
        self.rate: float | None = None
        self.until = 0.0
        self.result = Answered()
        self.done = asyncio.get_running_loop().create_future()

    def ask(self, caller: _Caller) -> None:
        number, self.result.sent = self.result.sent, self.result.sent + 1
        body = self._make(number)
        self._flying += 1
        head = f"{self._start}{self._head(body)}Content-Length: {len(body)}\r\n\r\n"
        caller.ask(number, head.encode() + body)

    def over(self) -> bool:
        return self.result.sent >= self.limit or time.perf_counter() >= self.until

    def answered(self, caller: _Caller, number: int, good: bool, asked: float) -> None:
        self._flying -= 1
        if good:
            self.tell(number, time.time())
            self.result.waits.append(time.perf_counter() - asked)
        else:
            self.result.refused += 1
        if self.rate is None and not self.over():
            self.ask(caller)
        elif self.rate is None and not self._flying:
            self.finish()
        else:
            self._idle.append(caller)

    def lost(self, caller: _Caller) -> None:
        if not self.done.done():
            self.done.set_exception(ConnectionError("the receiver closed a connection"))

    def finish(self) -> None:
        if not self.done.done():
            self.done.set_result(None)

    async def pace(self, callers: list[_Caller]) -> None:
        """Ask at a steady rate, whatever the answers do; late ones are caught up with."""
        assert self.rate is not None
        self._idle = list(callers)
        start = time.perf_counter()
        while not self.over():
            due = int((time.perf_counter() - start) * self.rate) + 1
            while self.result.sent < min(due, self.limit) and self._idle:
                self.ask(self._idle.pop())
            await asyncio.sleep(0.5 / self.rate)
        while self._flying:  # noqa: ASYNC110 - the last answers, once
            await asyncio.sleep(0.005)
        self.finish()


async def drive(
    port: int,
    path: str,
    make: Make,
    *,
    connections: int = 32,
    count: int = 1_000_000,
    seconds: float = 60,
    rate: float | None = None,
    tell: Tell = lambda _number, _at: None,
    head: Head = lambda _body: JSON,
) -> Answered:
    """Ask until `count` or `seconds` is reached; `rate`: so many a second, else as fast as can be.

    `tell` hears the number of each request that was answered 2xx, and the wall clock then.
    """
    loop = asyncio.get_running_loop()
    driver = _Driver(port, path, make, tell, head)
    callers = [
        (await loop.create_connection(lambda: _Caller(driver), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    start = time.perf_counter()
    driver.limit, driver.rate, driver.until = count, rate, start + seconds
    if rate is None:
        for caller in callers:
            driver.ask(caller)
    else:
        await driver.pace(callers)
    async with asyncio.timeout(seconds + 60):
        await driver.done
    driver.result.seconds = time.perf_counter() - start
    for caller in callers:
        assert caller.transport is not None
        caller.transport.close()
    return driver.result
