"""Settings of every service: one YAML file, overridden by HUB_ variables, frozen and checked.

A mistake is said in one line that names file, key and remedy, and ends the process with code 2.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from hub_contract.words import AccountName, Channel, Tenant


class ConfigurationError(Exception):
    """`str()` is the whole story in one line: file, key, what is wrong, remedy."""


class Section(BaseModel):
    """A part of the file; a key nobody knows is a mistake, not a wish."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Account(BaseModel):
    """One of our mailboxes, numbers, lines; the channel that owns it checks the other keys."""

    model_config = ConfigDict(frozen=True, extra="allow")

    channel: Channel
    address: str = Field(description="what citizens write to, in its normalised form")


class TenantSection(Section):
    name: str = Field(description="as citizens read it: Stadt Musterstadt")
    accounts: dict[AccountName, Account] = {}


class HubSettings(Section):
    """What every service needs; `section` adds what one service needs."""

    database: str = Field(description="DSN; `{role}` in it becomes the role of the service")
    bus: str = Field(default="postgresql", description="postgresql or kafka://host:9092[,...]")
    blobs: str = Field(description="a folder, or s3://bucket/prefix")
    keys_file: Path = Field(description="the key ring: `faden keys` makes one")
    tenants: dict[Tenant, TenantSection] = {}
    telemetry: str = Field(default="", description="OTLP endpoint for traces; empty keeps them off")
    services: dict[str, dict[str, Any]] = {}  # each service reads its own

    @field_validator("bus")
    @classmethod
    def known_bus(cls, value: str) -> str:
        if value != "postgresql" and not value.startswith("kafka://"):
            raise ValueError("write `postgresql` or `kafka://host:9092`")
        return value

    def accounts(self, channel: Channel) -> list[tuple[str, str, Account]]:
        """Return (tenant, name, account) of every account of this channel."""
        return [
            (tenant, name, account)
            for tenant, section in self.tenants.items()
            for name, account in section.accounts.items()
            if account.channel is channel
        ]


SectionT = TypeVar("SectionT", bound=BaseModel)


class Loaded:
    """The settings as read, with the file they came from, for error messages."""

    def __init__(self, path: Path, hub: HubSettings) -> None:
        self.path = path
        self.hub = hub

    @classmethod
    def read(cls, path: Path | None = None) -> Self:
        """Read HUB_CONFIG (or `path`) and the HUB_ variables; `ConfigurationError` otherwise."""
        path = path or Path(os.environ.get("HUB_CONFIG", "faden.yaml"))
        document = _read_yaml(path)
        for name in ("database", "bus", "blobs", "keys_file", "telemetry"):
            if value := os.environ.get(f"HUB_{name.upper()}"):
                document[name] = value
        return cls(path, _checked(path, "", lambda: HubSettings.model_validate(document)))

    def section(self, service: str, model: type[SectionT]) -> SectionT:
        """Return the settings of one service, checked by its own model."""
        raw = self.hub.services.get(service, {})
        prefix = f"HUB_{service.upper()}_"
        for name in model.model_fields:
            if value := os.environ.get(prefix + name.upper()):
                raw = {**raw, name: value}
        return _checked(self.path, f"services.{service}.", lambda: model.model_validate(raw))

    def account(self, tenant: str, name: str, model: type[SectionT]) -> SectionT:
        """Return one account, checked by its channel's model (without `channel`)."""
        account = self.hub.tenants[tenant].accounts[name]
        raw = account.model_dump(exclude={"channel"})
        key = f"tenants.{tenant}.accounts.{name}."
        return _checked(self.path, key, lambda: model.model_validate(raw))


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        remedy = "name the file in HUB_CONFIG"
        raise ConfigurationError(f"{path}: {error.strerror or error}; {remedy}") from None
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        line = f" line {where.line + 1}" if where else ""
        raise ConfigurationError(f"{path}:{line} is not YAML; check indent and colons") from None
    if not isinstance(document, dict):
        raise ConfigurationError(f"{path}: must be a mapping; see deploy/local-hub/faden.yaml")
    return document


def _checked(path: Path, prefix: str, build: Callable[[], SectionT]) -> SectionT:
    try:
        return build()
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        key = prefix + ".".join(str(part) for part in fault["loc"])
        remedy = _REMEDIES.get(fault["type"], "correct the value")
        raise ConfigurationError(f"{path}: {key}: {fault['msg']}; {remedy}") from None


_REMEDIES = {
    "missing": "add the key",
    "extra_forbidden": "remove it, or mend the spelling",
    "string_pattern_mismatch": "use lower-case letters, digits and hyphens",
}


AnyT = TypeVar("AnyT")


def or_exit(build: Callable[[], AnyT]) -> AnyT:
    """Return what `build` builds, or print the one line and exit with code 2."""
    try:
        return build()
    except ConfigurationError as error:
        sys.stderr.write(f"faden: {error}\n")
        sys.exit(2)
