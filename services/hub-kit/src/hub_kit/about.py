"""What a service says of itself to those who run it: `faden`, the operators' page, the tests.

Rule 1. A service is found by its entry point in the group `faden.services`: the name is its import
        name, the value its `About`. No other list of services is kept by hand.
Rule 2. Asking for names imports no service; only `about` does, and it needs its settings alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from hub_kit.settings import Loaded

GROUP = "faden.services"
ReadT = TypeVar("ReadT")


@dataclass(frozen=True, slots=True)
class Carrier:
    """How a mail server is spoken to that carries our mail: `tls` as its setting says it."""

    tls: str
    logs_in: bool = False
    ca_file: Path | None = None  # trusted beside the system's own


@dataclass(frozen=True, slots=True)
class Peer:
    """A server that a service must reach; `key` is the setting that names it."""

    key: str
    host: str
    port: int
    carries: Carrier | None = None  # of a mail server: `faden check` asks what it offers


@dataclass(frozen=True, slots=True)
class Lack:
    """What is set, but will not work; `key` is the setting, `value` no secret."""

    key: str
    value: str
    fault: str
    remedy: str


def _nothing(_: Loaded) -> Sequence[Lack]:
    return ()


def _nobody(_: Loaded) -> Sequence[Peer]:
    return ()


@dataclass(frozen=True)
class About(Generic[ReadT]):
    """`name` is the import name: its schema, its role, its section of the file, its `.app`."""

    name: str
    section: type[BaseModel]  # what its section of the file may hold
    read: Callable[[Loaded], ReadT]  # all it needs to start; `ConfigurationError` for a mistake
    peers: Callable[[Loaded], Sequence[Peer]] = _nobody
    lacks: Callable[[Loaded], Sequence[Lack]] = _nothing  # for `faden check`


def names() -> tuple[str, ...]:
    """Return the services that are installed here, in the order of their names."""
    return tuple(sorted({one.name for one in entry_points(group=GROUP)}))


def about(name: str) -> About[Any]:
    """Return what this service says of itself; `LookupError` where it is not installed."""
    found: About[Any] = entry_points(group=GROUP)[name].load()
    return found
