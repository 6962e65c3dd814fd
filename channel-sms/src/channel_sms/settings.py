"""Every setting of the SMS channel, and which of our numbers a hook or a message belongs to."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Self

from pydantic import ConfigDict, Field, HttpUrl, TypeAdapter, model_validator
from pydantic.functional_validators import AfterValidator

from hub_contract.contact_points import contact_point
from hub_contract.words import Channel, ContactKind
from hub_kit import accounts
from hub_kit.about import About, Peer
from hub_kit.accounts import AccountSection, Terms, in_file, read_accounts
from hub_kit.listen import Listen, ListenAddress
from hub_kit.secret import read_secret
from hub_kit.settings import Loaded, Section

SERVICE = "channel_sms"
STATUS = "/status"  # behind an account's hook, with ?message=<our id>
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


ABOUT = About(SERVICE, SmsSettings, read, peers)
