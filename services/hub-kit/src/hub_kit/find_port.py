"""Finds a port that nobody uses, for a server that must be told one before it starts.

What listens on port 0 and says where it does needs none of this. A port that the kernel chose for a
probe is the kernel's again once the probe is closed: it may lend it to any outgoing connection
before the server listens, or while a server that ended is being started again.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Lock

_LENT = Path("/proc/sys/net/ipv4/ip_local_port_range")  # what outgoing connections get
_COUNT, _BLOCK = 12_000, 100
_turn = Lock()
_circles: dict[int, Iterator[int]] = {}  # by process


def free_port() -> int:
    """Return a TCP port of this machine that nobody uses, and that nobody is lent or told.

    No process is told a port that another has been told and may still be starting a server on; the
    same process is told it again only after all others.
    """
    with _turn:
        pid = os.getpid()
        if pid not in _circles:
            _circles[pid] = _ports(pid)
        return next(port for port in _circles[pid] if _is_free(port))


def _ports(pid: int) -> Iterator[int]:
    """Yield ports in circles, for ever; by pid, as a fork has to begin with a block of its own."""
    first, blocks = _first(), _COUNT // _BLOCK
    held: dict[int, int] = {}  # its file handle, kept open: a block is ours until this process ends
    while True:
        for block in ((pid + turn) % blocks for turn in range(blocks)):
            if block not in held:
                with suppress(OSError):
                    held[block] = _hold(first + block * _BLOCK)
            if block in held:
                yield from range(first + block * _BLOCK, first + (block + 1) * _BLOCK)
        if not held:
            raise RuntimeError(f"{blocks} other processes hold all ports from {first}; end some")


def _first() -> int:
    """Return where our ports begin: 20000, or lower where the kernel lends ports from there on."""
    try:
        lent = int(_LENT.read_text(encoding="ascii").split()[0])
    except OSError:
        lent = 32_768
    first = min(32_000, lent) - _COUNT
    return first if first > 1024 else 20_000


def _hold(number: int) -> int:
    """Take a block, `OSError` if another process has it: a name in the network that has its ports.

    Such a name (unix(7), "abstract") is no file, and ends with the process however that ends.
    """
    name = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        name.bind(f"\0faden-ports-{number}")
    except OSError:
        name.close()
        raise
    return name.detach()


def _is_free(port: int) -> bool:
    """Say whether a server of any address could listen there, as servers ask: SO_REUSEADDR set."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return False
        return True
