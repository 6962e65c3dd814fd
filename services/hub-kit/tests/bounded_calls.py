"""What the tests of `hub_kit.bounded` have called in its processes."""

import os
import re
import signal
import time


def shout(data: bytes, times: int = 1) -> bytes:
    return data.upper() * times


def pid(_: bytes) -> int:
    return os.getpid()


def spin(_: bytes) -> None:
    """Hold the interpreter inside of C, where no signal of Python's is heard for long."""
    re.fullmatch(r"(a|a)*b", "a" * 64)


def sleep(_: bytes) -> None:
    time.sleep(600)


def fill(_: bytes) -> int:
    return len(bytearray(4 * 1024**3))


def fail(_: bytes) -> None:
    raise ValueError("a secret")


def die(_: bytes) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_once(data: bytes) -> str:
    """`data` is a path where it is noted."""
    try:
        os.close(os.open(data, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return "alive"
    os.kill(os.getpid(), signal.SIGKILL)
    return ""
