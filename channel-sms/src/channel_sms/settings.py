"""Every setting of the SMS channel, and which of our numbers a hook or a message belongs to."""

import re
from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Self

from pydantic import ConfigDict, Field, HttpUrl, TypeAdapter, model_validator
from pydantic.functional_validators import AfterValidator

from hub_contract.contact_points import contact_point
from hub_contract.words import Channel, ContactKind
from hub_kit import accounts
from hub_kit.about import About, Lack, Peer
from hub_kit.accounts import AccountSection, Terms, in_file, read_accounts
from hub_kit.listen import Listen, ListenAddress
from hub_kit.secret import read_secret
from hub_kit.settings import ConfigurationError, Loaded, Section

SERVICE = "channel_sms"
STATUS = "/status"  # behind an account's hook, with ?message=<our id>
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_URL = TypeAdapter(HttpUrl)
Url = Annotated[str, AfterValidator(lambda text: str(_URL.validate_python(text)).rstrip("/"))]


class SmsAccount(AccountSection, Terms):
    """One number of ours at Twilio."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account_sid: str = Field(pattern=r"^AC[0-9a-f]{32}$")
    auth_token_file: Path | None = None
    auth_token_env: str = Field(default="", description="name of an environment variable")
    messaging_service: str = Field(
        default="", pattern=r"^(MG[0-9a-f]{32})?$", description="sends in place of the number"
    )
    answered_by_provider: tuple[str, ...] = Field(
        default=("help", "info"),
        description="words that Twilio answers by itself: we do not; [] where its opt-out is off",
    )
    country: str = Field(default="", description="filled in from the tenant")
    valid_for: int = Field(
        default=4 * 3600, ge=60, le=36_000, description="seconds after which it is of no use"
    )

    @model_validator(mode="after")
    def token_is_named(self) -> Self:
        if not (self.auth_token_file or self.auth_token_env):
            raise ValueError("name auth_token_file or auth_token_env: it signs what Twilio sends")
        return self

    def auth_token(self) -> str:
        """Read the token; `ConfigurationError` names what is missing."""
        return read_secret("auth_token", self.auth_token_file, self.auth_token_env)


Account = accounts.Account[SmsAccount]


class Accounts(accounts.Accounts[Account]):
    """`public` is how providers write our address."""

    def __init__(self, found: Iterable[Account], public: str) -> None:
        super().__init__(found)
        self.public = public

    @classmethod
    def read(cls, loaded: Loaded) -> "Accounts":
        found = [_normalised(one, loaded) for one in read_accounts(loaded, Channel.SMS, SmsAccount)]
        return in_file(loaded, lambda: cls(found, loaded.public))

    def hook(self, account: Account, rest: str = "") -> str:
        """Return the address that the provider calls for this account."""
        return f"{self.public}/hooks/sms/{account.key}{rest}"


def _normalised(account: Account, loaded: Loaded) -> Account:
    """Return the account with its number in E.164, which is how Twilio writes it."""
    country = account.settings.country or loaded.hub.tenants[account.tenant].country
    number = contact_point(ContactKind.PHONE, account.settings.address, country).value
    settings = account.settings.model_copy(update={"address": number, "country": country})
    return Account(account.tenant, account.name, account.display_name, settings)


class SmsSettings(Section):
    """`services.channel_sms` of the file."""

    http: ListenAddress = Listen("127.0.0.1", 8015)
    twilio: Url = "https://api.twilio.com"
    media_hosts: tuple[str, ...] = Field(
        default=("twilio.com", "twiliocdn.com"), description="and what is below them"
    )
    media_limit: int = Field(default=5_000_000, description="bytes of one picture of an MMS")
    reconcile_every: float = Field(default=300, gt=0, description="seconds between looks")


def read(loaded: Loaded) -> tuple[SmsSettings, Accounts]:
    return loaded.section(SERVICE, SmsSettings), Accounts.read(loaded)


def peers(loaded: Loaded) -> list[Peer]:
    """Return where Twilio is asked, for `faden check`."""
    settings, accounts = read(loaded)
    url = HttpUrl(settings.twilio)
    peer = Peer(f"services.{SERVICE}.twilio", str(url.host), int(url.port or 443))
    return [peer] if list(accounts) else []


def lacks(loaded: Loaded) -> Iterator[Lack]:
    """Yield what is wrong with each number: its token, how Twilio reaches us, how it is written."""
    settings, accounts = read(loaded)
    is_real = not _is_inside(settings.twilio)
    for account in accounts:
        yield from _token_lacks(account)
        if is_real and (not accounts.public.startswith("https://") or _is_inside(accounts.public)):
            yield Lack(
                "services.gateway.public",
                accounts.public,
                f"Twilio cannot call {accounts.hook(account)}",
                "write the https address by which the outside reaches the gateway",
            )
        if not _E164.fullmatch(account.settings.address):
            yield Lack(
                f"{account.setting}.address",
                account.settings.address,
                "is no number in E.164",
                "write it as +49 711 12399",
            )


def _token_lacks(account: Account) -> Iterator[Lack]:
    try:
        fault, remedy = "" if account.settings.auth_token() else "is empty", "write Twilio's token"
    except ConfigurationError as error:
        fault, _, remedy = str(error).rpartition("; ")
    if fault:
        key = "auth_token_env" if account.settings.auth_token_env else "auth_token_file"
        value = account.settings.auth_token_env or str(account.settings.auth_token_file)
        yield Lack(f"{account.setting}.{key}", value, fault, remedy)


def _is_inside(url: str) -> bool:
    """Say whether nobody outside reaches this: a private address, or a name without a dot."""
    host = str(HttpUrl(url).host or "").strip("[]")
    try:
        return not ip_address(host).is_global
    except ValueError:
        return "." not in host


ABOUT = About(SERVICE, SmsSettings, read, peers, lambda loaded: list(lacks(loaded)))
