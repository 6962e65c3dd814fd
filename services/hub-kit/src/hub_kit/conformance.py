"""How the suite of all channels talks to one of them: the driver that each channel brings.

It is `DRIVER` in `tests/conformance.py` of the channel's folder; where a channel has more than one
provider, `MORE` names the drivers of the others.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from hub_contract.events import Arrival, MessageContent
from hub_contract.words import ContactPoint
from hub_kit.about import names
from hub_kit.ground import Ground
from hub_kit.outgoing import Sender
from hub_kit.read_later import Reader


def _text(said: MessageContent) -> str:
    return said.body.text


@dataclass(frozen=True)
class Driver:
    """One channel: words in, and where words of ours can go.

    `arrive` takes a text, the tenant and the moment, and returns what the channel makes of it, with
    as many files as it says; `sending` lends a sender, on a ground of the channel's, with a peer
    behind it that takes everything, and whom it reaches there.
    """

    account: str  # of the tenant musterstadt
    arrive: Callable[[str, str, datetime], Arrival]
    sending: Callable[[Ground], AbstractAsyncContextManager[tuple[Sender, ContactPoint]]]
    unreachable: ContactPoint  # of a kind that this channel has no way to
    files: int = 1
    reader: Reader | None = None  # of a channel whose documents have pages
    words: Callable[[MessageContent], str] = _text  # where the text of `arrive` is found again
    knows_sender: bool = True  # False: who wrote is only known once it was read


def channels() -> list[str]:
    """Return the import names of all channels that are installed here."""
    return [name for name in names() if name.startswith("channel_")]


def folder_of(name: str) -> Path:
    """Return the folder of a service in the workspace, by its import name."""
    return Path(str(import_module(name).__file__)).parents[2]


def drivers() -> Mapping[str, Driver]:
    """Return the drivers of every channel: by import name, others as `channel_sms/smpp`."""
    return {key: driver for name in channels() for key, driver in _drivers(name).items()}


def _drivers(name: str) -> Mapping[str, Driver]:
    path = folder_of(name) / "tests" / "conformance.py"
    spec = spec_from_file_location(f"{name}_conformance", path)
    assert spec is not None, path
    assert spec.loader is not None, path
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    more: Mapping[str, Driver] = getattr(module, "MORE", {})
    return {name: module.DRIVER} | {f"{name}/{other}": driver for other, driver in more.items()}
