"""What Ctrl-C and SIGTERM do to a start: it ends cleanly, and nothing is left half made."""

import asyncio
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def both_interrupt() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM interrupt alike, so that either ends the database and everything else.

    Ctrl-C, too, needs to be said: a shell starts what runs in its background with SIGINT ignored,
    and Python leaves it so.
    """
    before = {n: signal.signal(n, signal.default_int_handler) for n in _SIGNALS}
    try:
        yield
    finally:
        _restore(before)


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
        _restore(before)
    if came:
        raise KeyboardInterrupt


def _restore(before: Mapping[signal.Signals, Any]) -> None:
    for number, handler in before.items():
        signal.signal(number, handler)


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
