"""The processes of `hub_kit.bounded`: one that has loaded the function, and its forks that call it.

It has one thread, no loop and no connection, so that it may fork. A fork answers calls until its
line ends, or until it has grown: what a large call has left behind would count against the next.
"""

import ctypes
import gc
import os
import pickle
import resource
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

HEAD = 8  # bytes of a length
ANSWER = struct.Struct("<cdQ")  # how the call went, processor seconds so far, bytes of the result
MORE, LAST, MEMORY, RAISED, DIED = b"+", b".", b"m", b"!", b"-"
_GROWN = 200 * 1024  # KiB resident, from which on a process is replaced
_BEHIND = 5  # steps of priority behind the service, whose loop everybody waits for
_PR_SET_PDEATHSIG = 1  # prctl(2)
_PAGE = os.sysconf("SC_PAGE_SIZE")
_libc = ctypes.CDLL(None)


def main() -> None:
    line, owner, function = socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2]), sys.argv[3]
    _end_with(owner)
    os.nice(_BEHIND)
    # Ctrl-C goes to the whole group: the service ends in order, and ends this one then.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how a fork has ended
    module, _, name = function.partition(":")
    call = getattr(import_module(module), name)
    gc.freeze()  # else the first collection in each fork would copy the memory that they share
    gc.set_threshold(20_000, 20, 20)  # as in the service: a call makes many short-lived objects
    mother = os.getpid()
    while True:
        said, descriptors, _, _ = socket.recv_fds(line, 1, 1)
        if not said:
            return
        if not os.fork():
            line.close()
            _end_with(mother)
            with suppress(OSError, EOFError):
                _serve(socket.socket(fileno=descriptors[0]), call)
            os._exit(0)
        os.close(descriptors[0])


def _end_with(parent: int) -> None:
    """Have the system kill this process when its parent ends, by whatever."""
    if sys.platform == "linux":
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it has ended already
        os._exit(0)


def _serve(line: socket.socket, call: Callable[..., Any]) -> None:
    line.sendall(os.getpid().to_bytes(HEAD, "little"))
    while head := _receive(line, 2 * HEAD):
        about = _receive(line, int.from_bytes(head[:HEAD], "little"))
        data = _receive(line, int.from_bytes(head[HEAD:], "little"))
        status, answer = _answer(call, about, data)
        del about, data
        line.sendall(ANSWER.pack(status, time.process_time(), len(answer)))
        line.sendall(answer)
        if status not in (MORE, RAISED):
            return


def _receive(line: socket.socket, size: int) -> bytes:
    """Return so many bytes, or b"" where the line has ended."""
    received = line.recv(size, socket.MSG_WAITALL)  # woken once, not for every piece
    while 0 < len(received) < size:  # the kernel gives up early on what is very long
        more = line.recv(size - len(received), socket.MSG_WAITALL)
        if not more:
            return b""
        received += more
    return received


def _answer(call: Callable[..., Any], about: bytes, data: bytes) -> tuple[bytes, bytes]:
    memory, more = pickle.loads(about)  # noqa: S301 - the service's own words
    try:
        _bound(_size() + memory)
        answer = pickle.dumps(call(data, *more), protocol=5)
    except MemoryError:
        return MEMORY, pickle.dumps(None)
    except Exception as error:  # noqa: BLE001 - outermost: whatever it is, the service is told
        return RAISED, pickle.dumps(f"{type(error).__name__} in {call.__qualname__}")
    finally:
        _bound(resource.RLIM_INFINITY)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > _GROWN
    return LAST if grown else MORE, answer


def _bound(size: int) -> None:
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    if hard not in (resource.RLIM_INFINITY, -1):
        size = hard if size == resource.RLIM_INFINITY else min(size, hard)
    resource.setrlimit(resource.RLIMIT_AS, (size, hard))


def _size() -> int:
    """Return the bytes of address space that are taken now."""
    return int(Path("/proc/self/statm").read_bytes().split()[0]) * _PAGE


if __name__ == "__main__":
    main()
