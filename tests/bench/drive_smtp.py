"""Sends mails at a steady rate over a few open connections, and notes the moment of each 250."""

import asyncio
import re
import time
from collections.abc import Callable
from uuid import UUID

_ENVELOPE = "MAIL FROM:<erika{n}@example.org>\r\nRCPT TO:<{to}>\r\nDATA\r\n"
_ID = re.compile(rb"^250 .* ([0-9a-f-]{36})\r\n$")


async def drive(
    port: int,
    to: str,
    make: Callable[[int], bytes],
    tell: Callable[[UUID, float], None],
    *,
    count: int,
    rate: float,
    sessions: int = 16,
) -> None:
    """`tell` hears the id that each 250 names, and the wall clock then."""
    numbers = iter(range(count))
    start = time.perf_counter()

    async def session() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await _answer(reader)
        writer.write(b"EHLO bench.example\r\n")
        await _answer(reader)
        for number in numbers:
            await asyncio.sleep(start + number / rate - time.perf_counter())
            writer.write(_ENVELOPE.format(n=number % 1_000, to=to).encode())
            for _ in range(3):
                await _answer(reader)
            writer.write(make(number) + b".\r\n")
            said = _ID.match(await _answer(reader))
            if said is None:
                raise RuntimeError("a mail was not answered 250 with its id")
            tell(UUID(said[1].decode()), time.time())
        writer.write(b"QUIT\r\n")
        writer.close()

    await asyncio.gather(*(session() for _ in range(sessions)))


async def _answer(reader: asyncio.StreamReader) -> bytes:
    """Return the last line of an answer; `RuntimeError` where it is no yes."""
    while (line := await reader.readline())[3:4] == b"-":
        pass
    if line[:1] not in b"23":
        raise RuntimeError(line.decode(errors="replace"))
    return line
