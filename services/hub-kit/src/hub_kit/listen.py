"""Reads `host:port` as settings write it: where a service listens, and where it finds its peer."""

from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator

_HERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


@dataclass(frozen=True, slots=True)
class HostPort:
    """`str()` gives it back as it is written, IPv6 hosts in brackets."""

    host: str
    port: int

    @classmethod
    def read(cls, text: str) -> Self:
        """Read `host:port`; `ValueError` says how to write it."""
        host, _, port = text.rpartition(":")
        if not host or not (port.isascii() and port.isdecimal()) or int(port) > 65535:
            raise ValueError("write host:port, for example 127.0.0.1:8080 or [::1]:8080")
        return cls(host.strip("[]"), int(port))

    @property
    def url(self) -> str:
        """Where its HTTP is asked from this machine; who listens everywhere is reached here."""
        return f"http://{type(self)(_HERE.get(self.host, self.host), self.port)}"

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


class Listen(HostPort):
    """Where a listener of ours waits; port 0 lets the system choose, for tests."""


def _read(kind: type[HostPort], value: object) -> object:
    return kind.read(value) if isinstance(value, str) else value


ListenAddress = Annotated[Listen, BeforeValidator(lambda value: _read(Listen, value))]
PeerAddress = Annotated[HostPort, BeforeValidator(lambda value: _read(HostPort, value))]


def listeners_of(section: BaseModel) -> dict[str, Listen]:
    """Return the listeners that a section of the settings names, by their keys in it."""
    values: dict[str, Any] = {key: getattr(section, key) for key in type(section).model_fields}
    return {key: value for key, value in values.items() if isinstance(value, Listen)}
