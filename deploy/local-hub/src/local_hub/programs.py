"""Which processes make a hub, what each needs to start, and where each listens."""

import os
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from hub_kit.settings import Loaded

# A service is an import name: its schema, its role, its section of the file, its `.app`.
SERVICES = ("conversation_store", "channel_email")
_MODULES = {name: f"{name}.app" for name in SERVICES} | {
    "relay": "hub_kit.relay",
    "peers": "local_hub.peers",
}
_LISTENERS = ("http", "smtp", "lmtp")  # the keys of a section that name a listener of ours
_DEFAULTS = {"services.relay.http": "127.0.0.1:8009"}  # the one that the model file leaves out


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
        Program(name, _MODULES[name], listeners.get(f"services.{name}.http", ""))
        for name in _names(loaded, bus)
    ]


def listeners_of(loaded: Loaded, bus: str) -> dict[str, str]:
    """Return host:port of every listener by its key in the file, HUB_ variables considered."""
    keys = [f"services.{name}.{key}" for name in _names(loaded, bus) for key in _LISTENERS]
    return {key: address for key in keys if (address := _address(loaded, key))}


def check_ports(loaded: Loaded, bus: str) -> None:
    """Raise `ConfigurationError` for the first listener that cannot be opened."""
    from hub_kit.shell import listen_on

    for key, address in listeners_of(loaded, bus).items():
        host, _, port = address.rpartition(":")
        listen_on(host.strip("[]"), int(port), f"{loaded.path}: {key}").close()


def elsewhere(loaded: Loaded, bus: str) -> dict[str, str]:
    """Return HUB_ variables that move every listener to a free port, beside a hub that runs."""
    keys = listeners_of(loaded, bus)
    moved = dict(zip(map(_variable, keys), free_addresses(len(keys)), strict=True))
    _, _, world = moved["HUB_PEERS_SMTP"].rpartition(":")
    moved["HUB_CHANNEL_EMAIL_RELAY"] = f'{{"host": "127.0.0.1", "port": {world}}}'
    moved["HUB_PEERS_HUB"] = moved["HUB_CHANNEL_EMAIL_SMTP"]
    return moved


def free_addresses(number: int) -> list[str]:
    """Return addresses of this machine that nobody uses, no two alike."""
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    try:
        return [f"127.0.0.1:{probe.getsockname()[1]}" for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def migrations() -> Mapping[str, Path]:
    """Return the folder of each service's migrations."""
    return {
        name: Path(str(import_module(name).__file__)).parent / "migrations" for name in SERVICES
    }


def _names(loaded: Loaded, bus: str) -> Iterable[str]:
    yield from SERVICES
    if bus != "postgresql":
        yield "relay"
    if "peers" in loaded.hub.services:
        yield "peers"


def _address(loaded: Loaded, key: str) -> str:
    _, name, setting = key.split(".")
    written = loaded.hub.services.get(name, {}).get(setting, _DEFAULTS.get(key, ""))
    return os.environ.get(_variable(key)) or str(written or "")


def _variable(key: str) -> str:
    return "HUB_" + key.removeprefix("services.").replace(".", "_").upper()
