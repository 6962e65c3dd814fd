"""Every setting of the e-mail channel, and which of our accounts an address belongs to."""

import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from hub_contract.contact_points import compared, contact_point
from hub_contract.email_address import normal_domain
from hub_contract.words import Channel, ContactKind
from hub_kit.settings import ConfigurationError, Loaded, Section

SERVICE = "channel_email"
Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(gt=0)]


@dataclass(frozen=True, slots=True)
class Listen:
    """Where a listener waits; port 0 lets the system choose, for tests."""

    host: str
    port: int


def read_listen(value: object) -> object:
    """Read `host:port`, with IPv6 hosts in brackets."""
    if not isinstance(value, str):
        return value
    host, _, port = value.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ValueError("write host:port, for example 127.0.0.1:2525 or [::1]:2525")
    return Listen(host.strip("[]"), int(port))


ListenAddress = Annotated[Listen, BeforeValidator(read_listen)]


class Tls(StrEnum):
    NONE = "none"
    IF_OFFERED = "if-offered"  # encrypted without proof of who it is, as mail servers do
    STARTTLS = "starttls"  # demanded, and the certificate must be right
    IMPLICIT = "implicit"  # from the first byte, and the certificate must be right


class Login(Section):
    """How to reach a mail server of the authority; a password never stands in the file itself."""

    host: str
    tls: Tls = Tls.IF_OFFERED
    ca_file: Path | None = Field(default=None, description="trusted beside the system's own")
    user: str = ""
    password_file: Path | None = None
    password_env: str = Field(default="", description="name of an environment variable")
    timeout: Seconds = 60

    @model_validator(mode="after")
    def password_is_safe(self) -> Self:
        if self.user and not (self.password_file or self.password_env):
            raise ValueError("a user needs password_file or password_env")
        proven = self.tls in (Tls.STARTTLS, Tls.IMPLICIT)
        if self.user and not proven and self.host not in ("localhost", "127.0.0.1", "::1"):
            raise ValueError("a password leaves this machine only by tls: starttls or implicit")
        return self

    def password(self) -> str:
        """Read the password; `ConfigurationError` names what is missing."""
        if self.password_env:
            if value := os.environ.get(self.password_env):
                return value
            raise ConfigurationError(
                f"{self.password_env} is not set; set it, or correct password_env"
            )
        if not self.password_file:
            return ""
        try:
            return self.password_file.read_text(encoding="utf-8").strip("\r\n")
        except OSError as error:
            raise ConfigurationError(
                f"{self.password_file}: {error.strerror}; correct password_file"
            ) from None


class Relay(Login):
    """The authority's own mail server, which carries what we send."""

    port: Port = 25
    connections: int = Field(default=4, ge=1, le=50)


class After(StrEnum):
    """What becomes of a mail in its mailbox once it is safe with us."""

    KEEP = "keep"
    DELETE = "delete"
    MOVE = "move"


class Imap(Login):
    """A hosted mailbox to fetch from."""

    port: Port = 993
    tls: Tls = Tls.IMPLICIT
    folder: str = "INBOX"
    poll: Seconds = Field(default=60, description="looks, beside what the server announces")
    after: After = After.KEEP
    move_to: str = Field(default="", description="the folder, for after: move")

    @model_validator(mode="after")
    def known_target(self) -> Self:
        if not self.user:
            raise ValueError("a mailbox needs a user")
        if (self.after is After.MOVE) != bool(self.move_to):
            raise ValueError("move_to goes with after: move")
        return self


class EmailAccount(Section):
    """One of our addresses."""

    address: str
    aliases: tuple[str, ...] = ()
    name: str = Field(default="", description="as citizens read it; else the tenant's name")
    domain: str = Field(default="", description="of reply and bounce addresses; else address's")
    trusted_hosts: frozenset[str] = Field(
        default=frozenset(), description="whose Authentication-Results are believed (RFC 8601)"
    )
    imap: Imap | None = None
    relay: Relay | None = Field(default=None, description="instead of the service's relay")

    @model_validator(mode="after")
    def real_addresses(self) -> Self:
        for address in (self.address, *self.aliases):
            if not all(address.rpartition("@")[::2]):
                raise ValueError("an address is written name@domain")
        return self

    @property
    def mail_domain(self) -> str:
        return normal_domain(self.domain or self.address.rpartition("@")[2])


class EmailSettings(Section):
    http: ListenAddress = Listen("127.0.0.1", 8011)
    smtp: ListenAddress | None = Field(default=None, description="for mail servers that talk SMTP")
    lmtp: ListenAddress | None = Field(default=None, description="for Postfix and the like")
    hostname: str = Field(default_factory=socket.getfqdn, description="how we greet")
    size_limit: int = Field(default=35 * 1024 * 1024, ge=1024, description="bytes of one mail")
    sessions: int = Field(default=200, ge=1, description="listener sessions at a time")
    reuse_port: bool = Field(
        default=False, description="let several copies on this machine share smtp and lmtp"
    )
    timeout: Seconds = Field(default=300, description="of a silent session; RFC 5321 §4.5.3.2")
    relay: Relay | None = None


@dataclass(frozen=True, slots=True)
class Account:
    tenant: str
    name: str
    display_name: str
    settings: EmailAccount

    @property
    def key(self) -> str:
        return f"{self.tenant}/{self.name}"


class Accounts:
    """All accounts of this channel, found by what stands in an envelope."""

    def __init__(self, accounts: Iterable[Account]) -> None:
        self._by_key: dict[tuple[str, str], Account] = {}
        self._by_address: dict[str, Account] = {}
        self._by_domain: dict[str, Account] = {}
        for account in accounts:
            self._add(account)

    @classmethod
    def read(cls, loaded: Loaded) -> Self:
        """Check every account of the file; `ConfigurationError` names the first mistake."""
        accounts = []
        for tenant, name, _ in loaded.hub.accounts(Channel.EMAIL):
            settings = loaded.account(tenant, name, EmailAccount)
            display_name = settings.name or loaded.hub.tenants[tenant].name
            accounts.append(Account(tenant, name, display_name, settings))
        try:
            return cls(accounts)
        except ValueError as error:
            raise ConfigurationError(f"{loaded.path}: {error}") from None

    def account_of(self, address: str) -> Account | None:
        """Return whose address this is, or None.

        It may be an account's own, an alias, either of these with `+detail`, or one of the
        `reply+<token>@` and `bounce+<id>@` addresses of its domain.

        Local parts are compared without case: citizens write Post@ as they like.
        """
        local, _, domain = compared_address(address).rpartition("@")
        base, plus, detail = local.partition("+")
        if found := self._by_address.get(f"{local}@{domain}"):
            return found
        if base in ("reply", "bounce") and detail:
            return self._by_domain.get(domain)
        return self._by_address.get(f"{base}@{domain}") if plus else None

    def get(self, tenant: str, name: str) -> Account | None:
        return self._by_key.get((tenant, name))

    def with_imap(self) -> list[Account]:
        return [account for account in self._by_key.values() if account.settings.imap]

    def check_passwords(self, loaded: Loaded, relay: Relay | None) -> None:
        """Read every password once; `ConfigurationError` names the key of the one that is not."""
        logins: dict[str, Login | None] = {f"services.{SERVICE}.relay": relay}
        for account in self._by_key.values():
            key = f"tenants.{account.tenant}.accounts.{account.name}"
            logins[f"{key}.imap"] = account.settings.imap
            logins[f"{key}.relay"] = account.settings.relay
        for key, login in logins.items():
            try:
                if login:
                    login.password()
            except ConfigurationError as error:
                raise ConfigurationError(f"{loaded.path}: {key}: {error}") from None

    def _add(self, account: Account) -> None:
        key = f"tenants.{account.tenant}.accounts.{account.name}"
        self._by_key[account.tenant, account.name] = account
        for address in (account.settings.address, *account.settings.aliases):
            other = self._by_address.setdefault(compared_address(address), account)
            if other is not account:
                raise ValueError(f"{key}: an address of {other.key} too; remove it from one")
        first = self._by_domain.setdefault(account.settings.mail_domain, account)
        # A reply or bounce address says only its domain, so that must say whose it is.
        if first.tenant != account.tenant:
            raise ValueError(f"{key}: domain belongs to tenant {first.tenant}; give each its own")


def compared_address(address: str) -> str:
    """Return what two spellings of an address of ours share."""
    return compared(contact_point(ContactKind.EMAIL, address))
