"""What Ctrl-C and SIGTERM do to a start: it ends cleanly, and nothing is left half made."""

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def term_is_interrupt() -> Iterator[None]:
    """Treat SIGTERM as Ctrl-C, so that it, too, ends the database and everything else."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def put_off() -> Iterator[None]:
    """Let this step finish first: a database that is half made would never start again."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = {n: signal.signal(n, lambda number, _: came.append(number)) for n in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if came:
        raise KeyboardInterrupt


def stop_event() -> asyncio.Event:
    """Return what is set by Ctrl-C or SIGTERM from now on, in the running loop."""
    stop = asyncio.Event()
    for number in _SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def no_more() -> None:
    """Ignore both from here on: the end is under way."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
