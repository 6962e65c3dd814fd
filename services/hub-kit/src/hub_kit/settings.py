"""Settings of every service: one YAML file, overridden by HUB_ variables, frozen and checked.

A mistake is said in one line that names file, key and remedy, and ends the process with code 2.
Variables: HUB_BUS sets `bus`, HUB_CHANNEL_EMAIL_HTTP sets `services.channel_email.http`, and `__`
leads into nested keys: HUB_TENANTS__MUSTERSTADT__ACCOUNTS__POST__IMAP__PASSWORD.
"""

import os
import re
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Self, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from hub_contract.phone_number import is_country
from hub_contract.words import AccountName, Channel, Tenant
from hub_kit.hours import Office, read_hours
from hub_kit.listen import PeerAddress

PUBLIC = "http://127.0.0.1:8080"  # where the gateway listens, if nothing else is said
_KAFKA = re.compile(r"kafka://[^\s/,:]+:\d+(,[^\s/,:]+:\d+)*")


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
    country: str = Field(default="DE", description="whose phone numbers and postcodes are meant")
    face: Path | None = Field(
        default=None,
        description="folder of its arms, colour and texts, from the folder of this file: docs/face",
    )
    time_zone: str = Field(
        default="Europe/Berlin", description="by whose clock it works: Europe/Vienna"
    )
    hours: tuple[str, ...] = Field(
        default=("mon-fri 08:00-16:00",),
        min_length=1,
        description="when it is at work and calls back; several may name one day",
    )
    accounts: dict[AccountName, Account] = {}

    @field_validator("time_zone")
    @classmethod
    def known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("write an IANA name, for example Europe/Berlin") from None
        return value

    @field_validator("hours")
    @classmethod
    def readable_hours(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            read_hours(text)
        return value

    @property
    def office(self) -> Office:
        return Office(ZoneInfo(self.time_zone), tuple(map(read_hours, self.hours)))

    @field_validator("country")
    @classmethod
    def known_country(cls, value: str) -> str:
        if not is_country(value):
            raise ValueError("write two capital letters of ISO 3166, for example DE, AT or GB")
        return value


class ErasureSettings(Section):
    """What was erased is unreadable in all backups after `epoch_days` + `backup_days`."""

    epoch_days: float = Field(default=30, ge=1, description="after which another key wraps")
    backup_days: float = Field(
        default=30, ge=1, description="how long backups are kept; older ones cannot be read at all"
    )
    erased_file: Path | None = Field(
        default=None,
        description="ids of what was erased, to erase it again after a restore; none:"
        " keys.erased beside keys.json. On storage that all copies of the store share",
    )


class SpaceSettings(Section):
    """How much room must be free; of a small disk, a tenth (warn) and a twentieth (stop)."""

    warn_mb: float = Field(default=2_000, ge=0, description="below it, operators are told")
    stop_mb: float = Field(default=500, ge=0, description="below it, nothing new is taken in")
    folders: tuple[Path, ...] = Field(
        default=(), description="watched beside the blobs: where the database lies, if it is here"
    )


class HubSettings(Section):
    """What every service needs; `section` adds what one service needs."""

    database: str = Field(description="DSN; `{role}` in it becomes the role of the service")
    bus: str = Field(default="postgresql", description="postgresql or kafka://host:9092[,...]")
    blobs: str = Field(description="a folder, or s3://bucket/prefix")
    keys_file: Path = Field(description="the key ring: `faden keys` makes one")
    token_keys: Path | None = Field(
        default=None,
        description="folder of the key pairs of service tokens; none: keys.tokens beside keys.json",
    )
    tenants: dict[Tenant, TenantSection] = {}
    keep_days: float = Field(
        default=28,
        gt=0,
        le=36_500,
        description="how long the log keeps what all have read, to be read again",
    )
    erasure: ErasureSettings = Field(default_factory=ErasureSettings)
    space: SpaceSettings = Field(default_factory=SpaceSettings)
    clamd: PeerAddress | None = Field(
        default=None, description="ClamAV's daemon, asked about every file; none: nobody is asked"
    )
    telemetry: str = Field(default="", description="OTLP endpoint for traces; empty keeps them off")
    services: dict[str, dict[str, Any]] = {}  # each service reads its own

    @field_validator("database")
    @classmethod
    def known_database(cls, value: str) -> str:
        if not value.startswith("postgresql://"):
            raise ValueError("write `postgresql://{role}@host/database`")
        return value

    @field_validator("blobs")
    @classmethod
    def known_blobs(cls, value: str) -> str:
        if not value or ("://" in value and not re.match(r"s3://[^/]", value)):
            raise ValueError("write a folder or `s3://bucket/prefix`")
        return value

    @field_validator("bus")
    @classmethod
    def known_bus(cls, value: str) -> str:
        if value != "postgresql" and not _KAFKA.fullmatch(value):
            raise ValueError("write `postgresql` or `kafka://host:9092`")
        return value

    @property
    def keep(self) -> timedelta:
        return timedelta(days=self.keep_days)

    def country_of(self, tenant: str) -> str:
        """Return whose phone numbers and postcodes are meant; empty where nobody said."""
        section = self.tenants.get(tenant)
        return section.country if section else ""

    def office_of(self, tenant: str) -> Office:
        """Return by which clock and when it is at work; of one that nobody named, as usual."""
        section = self.tenants.get(tenant)
        return section.office if section else Office()

    def accounts(self, channel: Channel) -> list[tuple[str, str, Account]]:
        """Return (tenant, name, account) of every account of this channel."""
        return [
            (tenant, name, account)
            for tenant, section in self.tenants.items()
            for name, account in section.accounts.items()
            if account.channel is channel
        ]


class _Gateway(BaseModel):
    """What others than the gateway read of its section."""

    public: str = PUBLIC


SectionT = TypeVar("SectionT", bound=BaseModel)
T = TypeVar("T")


class Loaded:
    """The settings as read, with the file they came from, for error messages."""

    def __init__(self, path: Path, hub: HubSettings) -> None:
        self.path = path
        self.hub = hub

    @classmethod
    def read(cls, path: Path | None = None) -> Self:
        """Read HUB_CONFIG (or `path`) and the HUB_ variables; `ConfigurationError` otherwise."""
        path = path or Path(os.environ.get("HUB_CONFIG") or "faden.yaml")
        return cls(path, _checked(path, "", "HUB_", HubSettings, _read_yaml(path)))

    def section(self, service: str, model: type[SectionT]) -> SectionT:
        """Return the settings of one service, checked by its own model."""
        raw = self.hub.services.get(service, {})
        return _checked(self.path, f"services.{service}.", f"HUB_{service.upper()}_", model, raw)

    @property
    def public(self) -> str:
        """How the outside writes our address, without a path: https://faden.example."""
        return self.section("gateway", _Gateway).public.rstrip("/").lower()

    def account(self, tenant: str, name: str, model: type[SectionT]) -> SectionT:
        """Return one account, checked by its channel's model (without `channel`)."""
        key = f"tenants.{tenant}.accounts.{name}."
        prefix = "HUB_" + key.replace(".", "__").upper()
        raw = self.hub.tenants[tenant].accounts[name].model_dump(exclude={"channel"})
        return _checked(self.path, key, prefix, model, raw)


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(path.read_bytes())
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


def _checked(
    path: Path, key: str, prefix: str, model: type[SectionT], raw: dict[str, Any]
) -> SectionT:
    """Return `raw`, overridden by the variables of this prefix, as the model has it."""
    for variable, value in os.environ.items():
        keys = variable.removeprefix(prefix).lower().split("__")
        if value and variable.startswith(prefix) and keys[0] in model.model_fields:
            raw = _laid_over(raw, keys, _typed(value, model.model_fields[keys[0]].annotation))
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        raise ConfigurationError(_story(error, path, key, prefix)) from None


def _laid_over(raw: dict[str, Any], keys: list[str], value: object) -> dict[str, Any]:
    first, *rest = keys
    inside = raw.get(first)
    if rest:
        value = _laid_over(inside if isinstance(inside, dict) else {}, rest, value)
    return {**raw, first: value}


def _typed(value: str, annotation: object) -> object:
    """Numbers and switches are read by the model; a list or mapping is written as in the file."""
    if value[0] not in "[{" or annotation in {str, Path}:
        return value
    try:
        return yaml.safe_load(value)
    except yaml.YAMLError:
        return value  # the model says what it wants instead


def _story(error: ValidationError, path: Path, key: str, prefix: str) -> str:
    faults = error.errors(include_url=False, include_input=False)
    # A misspelt key is also a missing one; the spelling tells more.
    fault, *more = sorted(faults, key=lambda f: f["type"] != "extra_forbidden")
    parts = [str(part) for part in fault["loc"] if part != "[key]"]
    where = f"{path}: {key}{'.'.join(parts)}"
    for end in range(1, len(parts) + 1):
        variable = prefix + "__".join(parts[:end]).upper()
        if os.environ.get(variable):
            where = f"environment: {variable}"
    what = fault["msg"].removeprefix("Value error, ")
    remedy = _REMEDIES.get(fault["type"], "; correct the value")
    others = f" ({len(more)} more after this one)" if more else ""
    return f"{where}: {what}{remedy}{others}".replace("\n", " ")


_REMEDIES = {
    "missing": "; add the key",
    "extra_forbidden": "; remove it, or mend the spelling",
    "string_pattern_mismatch": "; use lower-case letters, digits and hyphens",
    "value_error": "",  # our own texts name the remedy
}


def or_exit(build: Callable[[], T]) -> T:
    """Return what `build` builds, or print the one line and exit with code 2."""
    try:
        return build()
    except ConfigurationError as error:
        sys.stderr.write(f"faden: {error}\n")
        sys.exit(2)
