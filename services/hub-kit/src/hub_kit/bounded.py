"""Runs a function over foreign bytes in processes of their own, within a time and a memory.

Rule 1. The event loop never waits: neither for the function, nor for a process to start.
Rule 2. A process that overruns, or dies of the bytes, is replaced; `Overrun` says which it was.
        Time is wall-clock time in which the process also had the processor: on a machine that is
        busy with other things nobody's bytes are to blame, so it may take three times as long.
Rule 3. The processes end with the service, however it ends.

They are forks of one process that has loaded the function (`hub_kit.bounded_worker`): a new one
costs milliseconds, and no process with threads or an event loop is ever forked.
"""

import asyncio
import os
import pickle
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from hub_contract.errors import Permanent, Temporary
from hub_kit import bounded_worker, metrics
from hub_kit.bounded_worker import ANSWER, DIED, HEAD, LAST, MEMORY, RAISED

SECONDS = 5.0  # for one call
PATIENCE = 3  # times as long, where the machine left the process without a processor
WORKERS = 4  # at once; more than this wait for their turn
START = 60.0  # seconds until what is forked has loaded; some machines are slow
_TICK = 0.25  # seconds between looks at a call that is late
_HELD = 1024 * 1024  # bytes of an answer that wait in the loop
_AT_ONCE = 1024 * 1024  # bytes that go to a process or back without a pause, if the system has room
_HZ = os.sysconf("SC_CLK_TCK")
# What a Python needs of its surroundings; no password that the service was given.
_NEEDED = ("PYTHON", "PATH", "LD_", "LANG", "LC_", "TZ", "HOME", "VIRTUAL_ENV")
log = structlog.get_logger()


def bound(size: int) -> int:
    """Return the bytes that a call over so many bytes may take."""
    return 8 * size + 64 * 1024 * 1024


class Overrun(Permanent):
    """The function did not come to an end within its bounds; the text says within which."""


@dataclass(slots=True)
class _Worker:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    pid: int
    spent: float = 0.0  # processor seconds, as it said with its last answer

    def end(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(self.pid, signal.SIGKILL)
        self.writer.transport.abort()

    def processor_seconds(self) -> float | None:
        """Return what it has had of the processor; None where this system does not say."""
        try:
            said = Path(f"/proc/{self.pid}/stat").read_bytes()
        except OSError:
            return None
        fields = said.rpartition(b")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _HZ


@dataclass(slots=True)
class Bounded:
    """`await it(data, ...)` calls `function(data, ...)`; made in any loop, used in one.

    `function` is written `package.module:name`. What goes in and comes out is pickled.
    """

    function: str
    seconds: float = SECONDS
    memory: Callable[[int], int] = bound
    workers: int = WORKERS
    _mother: "asyncio.subprocess.Process | None" = None
    _line: socket.socket | None = None
    _starting: asyncio.Lock = field(default_factory=asyncio.Lock)
    _idle: list[_Worker] = field(default_factory=list)
    _turns: asyncio.Semaphore | None = None
    _closed: bool = False

    async def __call__(self, data: bytes, *more: object) -> Any:
        """Return what the function returns.

        `Overrun`: it took too long, too much memory, or the process twice. `Permanent`: it raised.
        `Temporary`: no process can be had.
        """
        if self._turns is None:
            self._turns = asyncio.Semaphore(self.workers)
        about = pickle.dumps((self.memory(len(data)), more), protocol=5)
        async with self._turns:
            for last_try in (False, True):
                worker = await self._take()
                with self._given_back(worker) as done:
                    status, result = await self._ask(worker, about, data)
                    done.append(status)
                # It may have been ended by somebody else; who dies twice dies of the bytes.
                if status != DIED or last_try:
                    return self._answer(status, result, len(data))
        raise AssertionError

    def _answer(self, status: bytes, result: Any, size: int) -> Any:
        if status == MEMORY:
            raise self._overrun(f"{self.memory(size) // 1024**2} MB")
        if status == DIED:
            raise self._overrun("crash")
        if status == RAISED:
            raise Permanent(str(result))
        return result

    def _overrun(self, about: str) -> Overrun:
        metrics.OVERRUNS.labels(self.function.rpartition(":")[2]).inc()
        log.warning("a call overran its bounds", function=self.function, bound=about)
        return Overrun(about)

    @contextmanager
    def _given_back(self, worker: _Worker) -> Iterator[list[bytes]]:
        """Keep the worker for the next call, if this one came to a good end."""
        done: list[bytes] = []
        try:
            yield done
        finally:
            if done and done[0] not in (LAST, MEMORY, DIED) and not self._closed:
                self._idle.append(worker)
            else:
                worker.end()

    async def _ask(self, worker: _Worker, about: bytes, data: bytes) -> tuple[bytes, Any]:
        answer = asyncio.ensure_future(_exchange(worker, about, data))
        try:
            await self._wait(worker, answer)
            return answer.result()
        except (OSError, EOFError, asyncio.IncompleteReadError):
            return DIED, None
        finally:
            answer.cancel()

    async def _wait(self, worker: _Worker, answer: "asyncio.Future[Any]") -> None:
        """Return when there is an answer; `Overrun` when the time is over."""
        begun = time.monotonic()
        wait = self.seconds
        while not (await asyncio.wait([answer], timeout=wait))[0]:
            now = worker.processor_seconds()
            own = None if now is None else now - worker.spent
            late = time.monotonic() - begun
            if own is None or own >= self.seconds / 2 or late >= PATIENCE * self.seconds:
                raise self._overrun(f"{self.seconds:g} s")
            wait = _TICK

    async def _take(self) -> _Worker:
        while self._idle:
            worker = self._idle.pop()
            if not worker.reader.at_eof():
                return worker
            worker.end()
        async with self._starting:
            try:
                async with asyncio.timeout(START):
                    return await self._fork()
            except (OSError, EOFError, ValueError, TimeoutError, asyncio.IncompleteReadError):
                await self._forget_mother()
                raise Temporary("no process can be had to read in") from None

    async def _fork(self) -> _Worker:
        line = await self._ready_line()
        ours, theirs = socket.socketpair()
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _AT_ONCE)
        with theirs:
            ours.setblocking(False)
            socket.send_fds(line, [b"1"], [theirs.fileno()])
        reader, writer = await asyncio.open_unix_connection(sock=ours, limit=_HELD)
        try:
            pid = int.from_bytes(await reader.readexactly(HEAD), "little")
        except BaseException:
            writer.transport.abort()
            raise
        return _Worker(reader, writer, pid)

    async def _ready_line(self) -> socket.socket:
        if self._mother is not None and self._mother.returncode is None and self._line:
            return self._line
        await self._forget_mother()
        line, theirs = socket.socketpair()
        with theirs:
            self._mother = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", bounded_worker.__name__),
                *(str(theirs.fileno()), str(os.getpid()), self.function),
                env={k: v for k, v in os.environ.items() if k.startswith(_NEEDED)},
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        self._line = line
        return line

    async def _forget_mother(self) -> None:
        if self._line:
            self._line.close()
            self._line = None
        if self._mother:
            with suppress(ProcessLookupError):
                self._mother.kill()
            await self._mother.wait()
            self._mother = None

    async def close(self) -> None:
        """End all processes; calls under way get `Temporary` or `Overrun`."""
        self._closed = True
        while self._idle:
            self._idle.pop().end()
        await self._forget_mother()
        await asyncio.sleep(0)  # until the lines are closed


async def _exchange(worker: _Worker, about: bytes, data: bytes) -> tuple[bytes, Any]:
    lengths = len(about).to_bytes(HEAD, "little") + len(data).to_bytes(HEAD, "little")
    worker.writer.write(lengths + about)
    worker.writer.write(data)
    await worker.writer.drain()
    head = await worker.reader.readexactly(ANSWER.size)
    status, worker.spent, length = ANSWER.unpack(head)
    return status, pickle.loads(await worker.reader.readexactly(length))  # noqa: S301 - our own
