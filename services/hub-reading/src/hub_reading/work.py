"""What the pool's processes do; only they import this, since it loads everything at once.

One process loads it and has no thread; those that read are its forks (`hub_kit.bounded_worker`),
so that Tesseract's languages are loaded once and shared.
"""

import os

os.environ.setdefault("OMP_THREAD_LIMIT", "1")  # a thread for each core would share one core
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pickle
from collections.abc import Callable
from typing import Any

from hub_reading.limits import Limits
from hub_reading.read import look
from hub_reading.read_page import look_at_page, read_page
from hub_reading.searchable import make_searchable
from hub_reading.split import cut
from hub_reading.values import PageReading
from hub_reading.words import engine

engine()


def do(raw: bytes, task: str, *given: Any) -> Any:
    """Do one of the pool's tasks over a file's bytes."""
    return _TASKS[task](raw, *given)


def _bind(pages: bytes, _limits: Limits) -> bytes:
    some: list[PageReading] = pickle.loads(pages)  # noqa: S301 - the pool's own
    return make_searchable(some)


_TASKS: dict[str, Callable[..., Any]] = {
    "look": look,
    "read_page": read_page,
    "look_at_page": look_at_page,
    "cut": cut,
    "bind": _bind,
}
