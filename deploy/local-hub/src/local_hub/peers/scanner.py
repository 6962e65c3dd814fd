"""A pretend clamd: finds the EICAR test file, and nothing else.

It speaks what clamd does (man 8 clamd: PING, VERSION, INSTREAM), so that a hub can be tried without
ClamAV and its 200 MB of signatures.
"""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hub_kit.listen import HostPort

# https://www.eicar.org/download-anti-malware-testfile/; in two parts, so that no scanner takes
# this file for it.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR" + b"-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
FINDING = "Eicar-Test-Signature"
LONGEST = 25 * 1024 * 1024  # bytes; clamd's StreamMaxLength
_AS_MAILED = base64.b64encode(EICAR)[:80]  # as a mail carries it


class Scanner:
    """Answers one command a connection; while `go_on` is not set, no scan is answered."""

    def __init__(self, longest: int = LONGEST) -> None:
        self.longest = longest
        self.asked = 0
        self.go_on = asyncio.Event()
        self.go_on.set()

    @asynccontextmanager
    async def listening(self, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[HostPort]:
        async with await asyncio.start_server(self._serve, host, port) as server:
            yield HostPort(*server.sockets[0].getsockname()[:2])

    async def run(self, host: str, port: int) -> None:
        async with await asyncio.start_server(self._serve, host, port) as server:
            await server.serve_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            command = (await reader.readuntil(b"\n")).strip()
            writer.write(await self._answer(command, reader) + b"\n")
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # whoever asked has gone
        finally:
            writer.close()

    async def _answer(self, command: bytes, reader: asyncio.StreamReader) -> bytes:
        if command == b"nPING":
            return b"PONG"
        if command == b"nVERSION":
            return b"ClamAV 1.4.6/27000/pretend"
        if command != b"nINSTREAM":
            return b"UNKNOWN COMMAND"
        return await self._scan(reader)

    async def _scan(self, reader: asyncio.StreamReader) -> bytes:
        data = b""
        while size := int.from_bytes(await reader.readexactly(4)):
            data += await reader.readexactly(size)
            if len(data) > self.longest:
                return b"INSTREAM size limit exceeded. ERROR"
        self.asked += 1
        await self.go_on.wait()
        found = EICAR in data or _AS_MAILED in data.replace(b"\r\n", b"")
        return b"stream: " + (FINDING.encode() + b" FOUND" if found else b"OK")
