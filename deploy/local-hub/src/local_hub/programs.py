"""Which processes make a hub, what each needs to start, and where each listens."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from hub_kit.about import about, names
from hub_kit.find_port import free_port
from hub_kit.listen import listeners_of as in_section
from hub_kit.settings import Loaded


@dataclass(frozen=True, slots=True)
class Program:
    """A process of its own; `http` is empty where it has no door."""

    name: str
    module: str
    http: str = ""


def programs_of(loaded: Loaded, bus: str) -> list[Program]:
    """Return what runs: each service, the relay where a Kafka is fed, the pretend world."""
    listeners = listeners_of(loaded, bus)
    return [
        Program(name, module, listeners.get(f"services.{name}.http", ""))
        for name, module, _ in _processes(loaded, bus)
    ]


def listeners_of(loaded: Loaded, bus: str) -> dict[str, str]:
    """Return host:port of every listener by its key in the file, HUB_ variables considered."""
    return {
        f"services.{name}.{key}": str(listen)
        for name, _, section in _processes(loaded, bus)
        for key, listen in in_section(loaded.section(name, section)).items()
    }


def check_ports(loaded: Loaded, bus: str) -> None:
    """Raise `ConfigurationError` for the first listener that cannot be opened."""
    from hub_kit.shell import listen_on

    for key, address in listeners_of(loaded, bus).items():
        host, _, port = address.rpartition(":")
        listen_on(host.strip("[]"), int(port), f"{loaded.path}: {key}").close()


def elsewhere(loaded: Loaded, bus: str) -> dict[str, str]:
    """Return HUB_ variables that move every listener to a free port, beside a hub that runs.

    Whatever else in the file names one of these addresses (where to send mail, who logs people
    in, where a service is asked) is moved with it.
    """
    listeners = listeners_of(loaded, bus)
    free = free_addresses(len(listeners))
    moves = dict(zip(listeners.values(), free, strict=True))
    moved = dict(zip(map(_variable, listeners), free, strict=True))
    for name, _, _ in _processes(loaded, bus):
        for key, value in loaded.hub.services.get(name, {}).items():
            other = _moved(value, moves)
            if other != value and f"services.{name}.{key}" not in listeners:
                text = other if isinstance(other, str) else json.dumps(other)
                moved[_variable(f"services.{name}.{key}")] = text
    return moved


def _moved(value: Any, moves: Mapping[str, str]) -> Any:
    """Return a setting with every address in it, also one in host and port, as it is now."""
    if isinstance(value, str):
        scheme, slashes, rest = value.rpartition("//")
        address, slash, path = rest.partition("/")
        return scheme + slashes + moves.get(address, address) + slash + path
    if not isinstance(value, dict):
        return value
    if (here := moves.get(f"{value.get('host')}:{value.get('port')}")) is not None:
        host, _, port = here.rpartition(":")
        return {**value, "host": host, "port": int(port)}
    return {key: _moved(inner, moves) for key, inner in value.items()}


def free_addresses(number: int) -> list[str]:
    """Return addresses of this machine that nobody uses, no two alike."""
    return [f"127.0.0.1:{free_port()}" for _ in range(number)]


def migrations() -> Mapping[str, Path]:
    """Return the folder of each service's migrations."""
    return {name: Path(str(import_module(name).__file__)).parent / "migrations" for name in names()}


def _processes(loaded: Loaded, bus: str) -> Iterator[tuple[str, str, type[BaseModel]]]:
    """Yield name, module to run, and what its section may hold, of each process of the hub."""
    for name in names():
        yield name, f"{name}.app", about(name).section
    if bus != "postgresql":
        from hub_kit.relay import RelaySettings

        yield "relay", "hub_kit.relay", RelaySettings
    if "peers" in loaded.hub.services:
        from local_hub.peers.settings import PeersSettings

        yield "peers", "local_hub.peers", PeersSettings


def _variable(key: str) -> str:
    return "HUB_" + key.removeprefix("services.").replace(".", "_").upper()
