"""Speaks to hfaxd, HylaFAX's server: its protocol is FTP's (RFC 959), with jobs (`man hfaxd`).

Each command has one answer: three digits and words, in several lines where a `-` follows the
digits. Pages go over a connection of their own, which hfaxd opens a port for (EPSV, RFC 2428).
"""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from hub_contract.errors import Temporary

PATIENCE = 20.0  # seconds for one answer
_LINE, _LINES = 8_192, 200  # bytes of one line, lines of one answer
_LISTING = 4_000_000  # bytes
_PORT = re.compile(r"\(\|\|\|(\d{1,5})\|\)")
_FILE = re.compile(r"FILE: ([^\s)]{1,200})")
_JOB = re.compile(r"jobid: (\d{1,9})")


class Said(Exception):  # noqa: N818 - an answer, not always an error
    """hfaxd said no; `code` is its own, 4xx may be otherwise tomorrow."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"hfaxd: {code} {text}"[:200])
        self.code, self.text = code, text


class Lost(Exception):  # noqa: N818
    """The line broke before the answer came: nobody knows whether the command was carried out."""


@dataclass(frozen=True, slots=True)
class Login:
    host: str
    port: int
    user: str
    password: str = ""


class Session:
    """One connection, logged in. `Said`, `Lost` from every method."""

    def __init__(
        self, host: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._host, self._reader, self._writer = host, reader, writer

    async def ask(self, command: str) -> tuple[int, str]:
        """Send one command and return its answer's code and words; `Said` for 4xx and 5xx."""
        try:
            self._writer.write(command.encode("utf-8", "replace") + b"\r\n")
            await self._writer.drain()
        except OSError as error:
            raise Lost(type(error).__name__) from error
        return await self.answer()

    async def answer(self) -> tuple[int, str]:
        try:
            async with asyncio.timeout(PATIENCE):
                code, text = await self._read()
        except (OSError, ValueError, TimeoutError, asyncio.IncompleteReadError) as error:
            raise Lost(type(error).__name__) from error
        if code >= 400:
            raise Said(code, text)
        return code, text

    async def _read(self) -> tuple[int, str]:
        for _ in range(_LINES):
            line = (await self._reader.readuntil(b"\n")).decode("utf-8", "replace").rstrip("\r\n")
            if line[:3].isdecimal() and line[3:4] != "-":
                return int(line[:3]), line[4:]
        raise ValueError("too many lines")

    async def store(self, data: bytes) -> str:
        """Hand pages over for a job of this session; return what hfaxd calls the file."""
        _, writer = await self._open_data()
        try:
            _, said = await self.ask("STOT")
            writer.write(data)
            await writer.drain()
        except OSError as error:
            raise Lost(type(error).__name__) from error
        finally:
            writer.close()
        _, done = await self.answer()
        found = _FILE.search(said) or _FILE.search(done)
        if not found:
            raise Said(500, "no name for a stored file")
        return found[1]

    async def list(self, folder: str) -> str:
        """Return what hfaxd lists of a folder, in the form of JOBFMT before."""
        reader, writer = await self._open_data()
        try:
            await self.ask(f"LIST {folder}")
            async with asyncio.timeout(PATIENCE):
                parts = [part async for part in _until_end(reader)]
        except (OSError, TimeoutError) as error:
            raise Lost(type(error).__name__) from error
        finally:
            writer.close()
        await self.answer()
        return b"".join(parts).decode("utf-8", "replace")

    async def new_job(self) -> str:
        _, said = await self.ask("JNEW")
        found = _JOB.search(said)
        if not found:
            raise Said(500, "no number for a new job")
        return found[1]

    async def parameters(self, names: tuple[str, ...]) -> Mapping[str, str]:
        """Return what the current job says of itself; what it does not know is empty."""
        found = {}
        for name in names:
            try:
                found[name] = (await self.ask(f"JPARM {name}"))[1].strip().strip('"')
            except Said:
                found[name] = ""
        return found

    async def _open_data(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        _, said = await self.ask("EPSV")
        found = _PORT.search(said)
        if not found:
            raise Said(500, "no port for data")
        try:
            async with asyncio.timeout(PATIENCE):
                return await asyncio.open_connection(self._host, int(found[1]))
        except (OSError, TimeoutError, OverflowError) as error:
            raise Lost(type(error).__name__) from error


async def _until_end(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    size = 0
    while size < _LISTING and (part := await reader.read(65_536)):
        size += len(part)
        yield part


@asynccontextmanager
async def session(login: Login) -> AsyncIterator[Session]:
    """Log in and lend the line; `Temporary` where nobody is there or we are not let in."""
    try:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection(login.host, login.port, limit=_LINE)
    except (OSError, TimeoutError) as error:
        raise Temporary(f"hfaxd: {type(error).__name__}") from error
    line = Session(login.host, reader, writer)
    try:
        await _log_in(line, login)
        yield line
    finally:
        writer.close()


async def _log_in(line: Session, login: Login) -> None:
    try:
        await line.answer()
        code, _ = await line.ask(f"USER {login.user}")
        if code == 331:
            await line.ask(f"PASS {login.password}")
        await line.ask("TYPE I")
    except (Said, Lost) as error:
        raise Temporary(f"hfaxd: not let in: {error}"[:200]) from error


def quoted(text: str) -> str:
    """Return a value as JPARM takes it: no quotes and no ends of lines of its own."""
    plain = "".join(one for one in text if one.isprintable() and one not in '"\\')
    return f'"{plain}"'
