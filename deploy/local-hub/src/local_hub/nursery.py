"""Starts services as forks of one process that has loaded what all of them load.

A service spends a second of processor time on imports, nearly all of it on what the others import,
too. The nursery has one thread, no loop, no connection and no key: children inherit modules alone.
"""

import asyncio
import ctypes
import gc
import json
import os
import select
import signal
import socket
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from runpy import run_module
from types import TracebackType
from typing import Any, Self

from hub_contract.errors import Temporary

LOADED = (
    "httpx",
    "hub_kit.consume",
    "hub_kit.ground",
    "hub_kit.operations",
    "hub_kit.outgoing",
    "hub_kit.shell",
    "hub_pages.pages",
    "sqlalchemy.dialects.postgresql",
)
_LONGEST = 1 << 20  # bytes of a request; an environment has a few thousand
_LONGEST_LINE = 8 * 1024 * 1024
_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15  # prctl(2)
_libc = ctypes.CDLL(None)


@dataclass(frozen=True, slots=True)
class Child:
    """A process that runs: what it says, and what it will have ended with."""

    pid: int
    output: asyncio.StreamReader
    code: asyncio.Future[int]  # below zero: minus the signal


_Born = tuple[int, asyncio.Future[int]]  # a pid, and what it will have ended with


class Nursery:
    """The supervisor's end of it; inside `async with`. Without it, its children end."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        # Its output is the children's, too: nothing may wait in a buffer while one is forked.
        self._environment = {**environment, "PYTHONUNBUFFERED": "1"}
        self._asked: deque[asyncio.Future[_Born]] = deque()
        self._codes: dict[int, asyncio.Future[int]] = {}

    async def __aenter__(self) -> Self:
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._line.setblocking(False)
        with theirs:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", __name__, str(theirs.fileno())),
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                start_new_session=True,
                pass_fds=[theirs.fileno()],
            )
        asyncio.get_running_loop().add_reader(self._line, self._hear)
        return self

    async def __aexit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        asyncio.get_running_loop().remove_reader(self._line)
        self._line.close()
        await self._process.wait()

    async def start(self, module: str, environment: Mapping[str, str]) -> Child:
        """Run a module as `python -m` does, with these variables beside the common ones."""
        loop, output = asyncio.get_running_loop(), asyncio.StreamReader(limit=_LONGEST_LINE)
        reading, writing = os.pipe()
        # Asked and noted in one go: answers come in the order of the questions.
        answer: asyncio.Future[_Born] = loop.create_future()
        try:
            request = json.dumps([module, dict(environment)]).encode()
            socket.send_fds(self._line, [request], [writing])
            self._asked.append(answer)
        finally:
            os.close(writing)
        protocol = asyncio.StreamReaderProtocol(output)
        await loop.connect_read_pipe(lambda: protocol, os.fdopen(reading, "rb"))
        pid, code = await answer
        return Child(pid, output, code)

    def _hear(self) -> None:
        """Take what the nursery says: a child's pid as it starts, its pid and code as it ends."""
        said = self._line.recv(_LONGEST)
        loop = asyncio.get_running_loop()
        if not said:
            loop.remove_reader(self._line)
            waiting: list[asyncio.Future[Any]] = [*self._asked, *self._codes.values()]
            for one in waiting:
                one.set_exception(Temporary("what starts the processes has ended; start again"))
            return
        pid, *ended = json.loads(said)
        if ended:
            self._codes.pop(pid).set_result(ended[0])
        else:
            self._codes[pid] = loop.create_future()
            self._asked.popleft().set_result((pid, self._codes[pid]))


def serve(line: socket.socket) -> str:
    """Fork for each request until the line ends; in the child return the module to run."""
    pids: dict[int, int] = {}  # by a descriptor that can be read once the child has ended
    while True:
        for ready in select.select([line.fileno(), *pids], [], [])[0]:
            if ready == line.fileno():
                asked, outputs, _, _ = socket.recv_fds(line, _LONGEST, 1)
                if not asked:
                    sys.exit()
                module, environment = json.loads(asked)
                mother = os.getpid()
                if not (pid := os.fork()):
                    line.close()
                    _end_with(mother)
                    _become(module, environment, outputs[0], [*pids])
                    return str(module)
                os.close(outputs[0])
                pids[os.pidfd_open(pid)] = pid
                _say(line, pid)
            else:
                pid = pids.pop(ready)
                os.close(ready)
                _say(line, pid, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def _say(line: socket.socket, *numbers: int) -> None:
    with suppress(BrokenPipeError):  # the next look at the line will tell
        line.send(json.dumps(numbers).encode())


def _end_with(mother: int) -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != mother:  # it has ended before we could ask for the signal
        sys.exit()


def _become(
    module: str, environment: Mapping[str, str], output: int, others: Sequence[int]
) -> None:
    os.setsid()
    _libc.prctl(_PR_SET_NAME, module.encode())  # as `ps -o comm` and `top` show it
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.update(environment)
    for descriptor in (1, 2):
        os.dup2(output, descriptor)
    for descriptor in (output, *others):
        os.close(descriptor)
    sys.argv = [module]


def main() -> None:
    for name in LOADED:
        import_module(name)
    gc.freeze()  # else the first collection in each child would copy the memory that they share
    run_module(serve(socket.socket(fileno=int(sys.argv[1]))), run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
