"""Every setting of the e-mail channel, and which of our accounts an address belongs to."""

import socket
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Self

from pydantic import AfterValidator, Field, IPvAnyAddress, IPvAnyNetwork, model_validator

from hub_contract.contact_points import compared, contact_point
from hub_contract.email_address import normal_domain
from hub_contract.words import Channel, ContactKind
from hub_kit import accounts
from hub_kit.about import About, Carrier, Peer
from hub_kit.accounts import AccountSection
from hub_kit.listen import Listen, ListenAddress
from hub_kit.secret import read_secret
from hub_kit.settings import ConfigurationError, Loaded, Section
from hub_pages.face.read import read_faces

SERVICE = "channel_email"
POSTMASTER = "postmaster"  # in any case: RFC 5321 §2.3.5
Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(gt=0)]


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
        return read_secret("password", self.password_file, self.password_env)


class RelayHost(Login):
    """The authority's own mail server, which carries what we send."""

    port: Port = 25
    connections: int = Field(default=4, ge=1, le=50)


HostName = Annotated[str, AfterValidator(str.lower)]


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
    received_by: frozenset[HostName] = Field(
        default=frozenset(),
        description="the provider's outermost server, as its Received line says behind `by`: what"
        " trusted_hosts wrote above that line is believed, and nothing else",
    )
    after: After = After.KEEP
    move_to: str = Field(default="", description="the folder, for after: move")

    @model_validator(mode="after")
    def known_target(self) -> Self:
        if not self.user:
            raise ValueError("a mailbox needs a user")
        if (self.after is After.MOVE) != bool(self.move_to):
            raise ValueError("move_to goes with after: move")
        return self


def _shared_sender(text: str) -> str:
    """Return the address, or `@domain` for all of one, as it is compared."""
    local, at, host = text.strip().removeprefix("*").rpartition("@")
    if not (at and host):
        raise ValueError("a shared sender is written name@domain, or @domain for all of it")
    return compared_address(f"{local}@{host}") if local else f"@{normal_domain(host)}"


SharedSenders = frozenset[Annotated[str, AfterValidator(_shared_sender)]]


class EmailAccount(AccountSection):
    """One of our addresses."""

    aliases: tuple[str, ...] = ()
    domain: str = Field(default="", description="of reply and bounce addresses; else address's")
    trusted_hosts: frozenset[str] = Field(
        default=frozenset(),
        description="whose Authentication-Results are believed (RFC 8601), where a server of"
        " `peers` hands the mail over or it is fetched from the border of imap.received_by",
    )
    shared_senders: SharedSenders = Field(
        default=frozenset(), description="of this account, beside those of the service"
    )
    imap: Imap | None = None
    relay: RelayHost | None = Field(default=None, description="instead of the service's relay")

    @model_validator(mode="after")
    def real_addresses(self) -> Self:
        for address in (self.address, *self.aliases):
            if not all(address.rpartition("@")[::2]):
                raise ValueError("an address is written name@domain")
        return self

    @property
    def mail_domain(self) -> str:
        return normal_domain(self.domain or self.address.rpartition("@")[2])


class Limits(Section):
    """What one session may take, by listener; who is not of `peers` is a stranger."""

    sessions_per_address: int = Field(
        default=50, ge=1, description="of one stranger; an IPv6 network /64 counts as one"
    )
    share_for_peers: float = Field(
        default=0.25, ge=0, lt=1, description="of `sessions`, which strangers never get"
    )
    patience: Seconds = Field(
        default=2, description="without a mail, until a session gives way to one that waits"
    )
    session_time: Seconds = Field(default=1800, description="of a session; a mail is heard out")
    between_mails: Seconds = Field(default=300, description="from one mail to the next")
    commands: int = Field(default=5_000, ge=100, description="from one mail to the next")
    mail_time: Seconds = Field(default=900, description="from DATA to the last dot")
    rate: int = Field(default=4096, ge=0, description="bytes a second, at least, of a mail")
    grace: Seconds = Field(default=20, description="for which a mail may come more slowly")
    large_mails: int = Field(default=8, ge=1, description="above 1 MB, held at once")
    large_mails_for_peers: int = Field(default=2, ge=0, description="beside these, for `peers`")
    header_limit: int = Field(default=2 * 1024 * 1024, ge=1024, description="bytes of a header")
    line_limit: int = Field(
        default=8 * 1024 * 1024, ge=1000, description="bytes of a line; RFC 5321 promises 1000"
    )


class SenderCheck(Section):
    """SPF, DKIM and DMARC of our own, of what strangers hand in."""

    within: float = Field(
        default=5,
        gt=0,
        le=60,
        description="seconds; what is not known by then counts as not verified",
    )
    dns: tuple[IPvAnyAddress, ...] = Field(
        default=(), description="resolvers to ask; else those of this machine"
    )
    at_once: int = Field(default=32, ge=1, description="mails; others go unchecked after `within`")


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
    peers: tuple[IPvAnyNetwork, ...] = Field(
        default=(), description="addresses or networks of your own mail servers"
    )
    limits: Limits = Limits()
    check_senders: SenderCheck | None = Field(
        default=None, description="where strangers reach `smtp`; {} does it with its defaults"
    )
    shared_senders: SharedSenders = Field(
        default=frozenset(),
        description="addresses that write for many people (name@domain, or @domain for all of it):"
        " forms, portals, scanners, fax gateways; no mail is sorted by them",
    )
    postmaster: str = Field(
        default="", description="tenant/account that postmaster writes to; else the first one"
    )
    relay: RelayHost | None = None


Account = accounts.Account[EmailAccount]


class Accounts(accounts.Accounts[Account]):
    """All accounts of this channel, found by what stands in an envelope."""

    def __init__(
        self,
        found: Iterable[Account],
        postmaster: str = "",
        signatures: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    ) -> None:
        super().__init__(found)
        self.signatures = signatures  # of mails: tenant -> language -> text
        self._postmaster = self._read_postmaster(postmaster)
        self._by_domain: dict[str, Account] = {}
        for account in self:
            first = self._by_domain.setdefault(account.settings.mail_domain, account)
            # A reply or bounce address says only its domain, so that must say whose it is.
            if first.tenant != account.tenant:
                raise ValueError(
                    f"{account.setting}: domain belongs to tenant {first.tenant}; give each its own"
                )

    @classmethod
    def read(cls, loaded: Loaded) -> Self:
        """Check every account of the file; `ConfigurationError` names the first mistake."""
        found = accounts.read_accounts(loaded, Channel.EMAIL, EmailAccount)
        service = loaded.section(SERVICE, EmailSettings)
        found = [_with_shared(one, found, service.shared_senders) for one in found]
        signatures = {
            tenant: face.signature.model_dump()
            for tenant, face in read_faces(loaded).items()
            if face.signature
        }
        return accounts.in_file(loaded, lambda: cls(found, service.postmaster, signatures))

    def _read_postmaster(self, asked: str) -> Account | None:
        if not asked:
            return next(iter(self), None)
        tenant, _, name = asked.partition("/")
        if (found := self.get(tenant, name)) is None:
            raise ValueError(
                f"services.{SERVICE}.postmaster: no e-mail account {asked}; write tenant/name"
            )
        return found

    def addresses(self, account: Account) -> Sequence[str]:
        own = account.settings
        return [compared_address(address) for address in (own.address, *own.aliases)]

    def account_of(self, address: str) -> Account | None:
        """Return whose address this is, or None.

        It may be an account's own, an alias, either of these with `+detail`, or one of the
        `reply+<token>@` and `bounce+<id>@` addresses of its domain.

        Local parts are compared without case: citizens write Post@ as they like. Postmaster is
        always somebody's, with a domain of ours and without any (RFC 5321 §4.5.1).
        """
        if address.strip('"').lower() == POSTMASTER:
            return self._postmaster
        local, _, domain = compared_address(address).rpartition("@")
        base, plus, detail = local.partition("+")
        if found := super().account_of(f"{local}@{domain}"):
            return found
        if base in ("reply", "bounce") and detail:
            return self._by_domain.get(domain)
        if local == POSTMASTER:
            return self._for_postmaster(domain)
        return super().account_of(f"{base}@{domain}") if plus else None

    def _for_postmaster(self, domain: str) -> Account | None:
        """Return who is postmaster of a domain: its tenant's; of more accounts, the first one."""
        own = [
            account
            for account in self
            if any(address.endswith(f"@{domain}") for address in self.addresses(account))
            or account.settings.mail_domain == domain
        ]
        named = self._postmaster
        return (
            named if named and any(named.tenant == a.tenant for a in own) else next(iter(own), None)
        )

    def with_imap(self) -> list[Account]:
        return [account for account in self if account.settings.imap]


def _with_shared(one: Account, all_: Sequence[Account], listed: SharedSenders) -> Account:
    """Let the account know every shared sender; ours too, which forms of the authority write by."""
    ours = [a.settings for a in all_ if a.tenant == one.tenant]
    own = {compared_address(text) for a in ours for text in (a.address, *a.aliases)}
    shared = one.settings.shared_senders | listed | own
    return replace(one, settings=one.settings.model_copy(update={"shared_senders": shared}))


def logins_of(settings: EmailSettings, found: Accounts) -> dict[str, RelayHost | Imap]:
    """Return every mail server that this channel logs in at or hands mails to, by its setting."""
    named: dict[str, RelayHost | Imap | None] = {f"services.{SERVICE}.relay": settings.relay}
    for account in found:
        named[f"{account.setting}.imap"] = account.settings.imap
        named[f"{account.setting}.relay"] = account.settings.relay
    return {key: login for key, login in named.items() if login}


def read(loaded: Loaded) -> tuple[EmailSettings, Accounts]:
    """Read settings and accounts, and every password once; `ConfigurationError` names the key."""
    settings, found = loaded.section(SERVICE, EmailSettings), Accounts.read(loaded)
    for key, login in logins_of(settings, found).items():
        try:
            login.password()
        except ConfigurationError as error:
            raise ConfigurationError(f"{loaded.path}: {key}: {error}") from None
    return settings, found


def peers(loaded: Loaded) -> list[Peer]:
    logins = logins_of(*read(loaded))
    return [Peer(key, one.host, one.port, _carrier(one)) for key, one in logins.items()]


def _carrier(login: RelayHost | Imap) -> Carrier | None:
    if not isinstance(login, RelayHost):
        return None
    return Carrier(login.tls, logs_in=bool(login.user), ca_file=login.ca_file)


ABOUT = About(SERVICE, EmailSettings, read, peers)


def compared_address(address: str) -> str:
    """Return what two spellings of an address of ours share."""
    return compared(contact_point(ContactKind.EMAIL, address))
