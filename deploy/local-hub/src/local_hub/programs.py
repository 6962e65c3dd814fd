"""Which processes make a hub, what each needs to start, and where each listens."""

import errno
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from hub_kit.settings import ConfigurationError, Loaded

# A service is an import name: its schema, its role, its section of the file, its `.app`.
SERVICES = ("conversation_store", "channel_email")
LISTENERS = ("http", "smtp", "lmtp")  # the keys of a section that name a listener of ours


@dataclass(frozen=True, slots=True)
class Program:
    """A process of its own; `http` is empty where it has no door."""

    name: str
    module: str
    http: str = ""


def programs_of(loaded: Loaded, bus: str) -> list[Program]:
    """Return what runs: the pretend world first, so that every service finds its peers."""
    names = {"peers": "local_hub.peers"} | {name: f"{name}.app" for name in SERVICES}
    doors = {name: _section(loaded, name).get("http", "") for name in names}
    programs = [
        Program(name, module, str(doors[name]))
        for name, module in names.items()
        if name != "peers" or "peers" in loaded.hub.services
    ]
    if bus != "postgresql":
        programs.append(Program("relay", "hub_kit.relay"))
    return programs


def migrations() -> Mapping[str, Path]:
    """Return the folder of each service's migrations."""
    return {
        name: Path(str(import_module(name).__file__)).parent / "migrations" for name in SERVICES
    }


def listeners_of(loaded: Loaded) -> dict[str, str]:
    """Return host:port of every listener, by its key in the file."""
    return {
        f"services.{name}.{key}": str(section[key])
        for name in ("peers", *SERVICES)
        for section in [_section(loaded, name)]
        for key in LISTENERS
        if section.get(key)
    }


def check_ports(loaded: Loaded) -> None:
    """Raise `ConfigurationError` for the first listener that cannot be opened."""
    for key, address in listeners_of(loaded).items():
        host, _, port = address.rpartition(":")
        try:
            _try_to_listen(host.strip("[]"), int(port))
        except OSError as error:
            what = _WHY.get(error.errno or 0, error.strerror or type(error).__name__)
            remedy = "stop what uses it, or write another"
            raise ConfigurationError(f"{loaded.path}: {key}: {address} {what}; {remedy}") from None


_WHY = {
    errno.EADDRINUSE: "is in use",
    errno.EACCES: "may not be opened by this user",
    errno.EADDRNOTAVAIL: "is no address of this machine",
}


def _try_to_listen(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        attempt.bind((host, port))


def _section(loaded: Loaded, name: str) -> dict[str, object]:
    return loaded.hub.services.get(name, {})
