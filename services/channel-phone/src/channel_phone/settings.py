"""Every setting of the phone channel, and which of our numbers was called."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, HttpUrl, TypeAdapter, field_validator, model_validator
from pydantic.functional_validators import AfterValidator

from hub_contract.contact_points import contact_point
from hub_contract.words import Channel, ContactKind
from hub_kit import accounts
from hub_kit.about import About, Peer
from hub_kit.accounts import AccountSection, in_file, read_accounts
from hub_kit.hours import Office, read_hours
from hub_kit.listen import Listen, ListenAddress
from hub_kit.secret import read_secret
from hub_kit.settings import Loaded, Section
from hub_pages.face import NO_FACE
from hub_pages.face.read import read_faces

SERVICE = "channel_phone"
ALWAYS = "always"
_URL = TypeAdapter(HttpUrl)
Url = Annotated[str, AfterValidator(lambda text: str(_URL.validate_python(text)).rstrip("/"))]


class PhoneAccount(AccountSection):
    """One number of ours at Twilio that people call."""

    account_sid: str = Field(pattern=r"^AC[0-9a-f]{32}$")
    auth_token_file: Path | None = None
    auth_token_env: str = Field(default="", description="name of an environment variable")
    country: str = Field(default="", description="filled in from the tenant")
    greeting: str = Field(
        default="", max_length=300, description="in German; else the name of the authority"
    )
    greeting_en: str = Field(default="", max_length=300, description="the same in English")
    desk: str = Field(
        default="", description="the number that key 0 leads to; empty: there is none"
    )
    desk_hours: tuple[str, ...] = Field(
        default=(),
        description="mon-fri 08:00-16:00, or always; else the office's own",
    )
    queue_minutes: int = Field(
        default=10,
        ge=0,
        le=60,
        description="that a caller waits for the desk in a queue; 0: its number rings at once,"
        " and who finds it busy is offered a call-back",
    )
    message_seconds: int = Field(
        default=180, ge=10, le=600, description="how long a message after the tone may be"
    )

    @model_validator(mode="after")
    def token_is_named(self) -> Self:
        if not (self.auth_token_file or self.auth_token_env):
            raise ValueError("name auth_token_file or auth_token_env: it signs what Twilio sends")
        return self

    @field_validator("desk_hours")
    @classmethod
    def readable(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            if text != ALWAYS:
                read_hours(text)
        return value

    def auth_token(self) -> str:
        """Read the token; `ConfigurationError` names what is missing."""
        return read_secret("auth_token", self.auth_token_file, self.auth_token_env)

    def is_desk_open(self, at: datetime, office: Office) -> bool:
        """Say whether somebody answers at the desk's number now."""
        if ALWAYS in self.desk_hours:
            return bool(self.desk)
        there = at.astimezone(office.zone)
        hours = tuple(map(read_hours, self.desk_hours)) or office.hours
        is_open = any(
            there.weekday() in one.days and one.begins <= there.time() < one.ends for one in hours
        )
        return bool(self.desk) and is_open


Account = accounts.Account[PhoneAccount]


class Accounts(accounts.Accounts[Account]):
    """`public` is how providers write our address, `offices` when each authority is at work."""

    def __init__(
        self, found: Iterable[Account], public: str, offices: Mapping[str, Office] | None = None
    ) -> None:
        super().__init__(found)
        self.public, self._offices = public, offices or {}

    def office(self, tenant: str) -> Office:
        return self._offices.get(tenant, Office())

    @classmethod
    def read(cls, loaded: Loaded) -> "Accounts":
        names = {tenant: face.name for tenant, face in read_faces(loaded).items()}
        found = [
            _normalised(one, loaded, names.get(one.tenant, NO_FACE.name))
            for one in read_accounts(loaded, Channel.PHONE, PhoneAccount)
        ]
        offices = {one.tenant: loaded.hub.office_of(one.tenant) for one in found}
        return in_file(loaded, lambda: cls(found, loaded.public, offices))

    def hook(self, account: Account, rest: str = "") -> str:
        """Return the address that the provider calls for this account."""
        return f"{self.public}/hooks/phone/{account.key}{rest}"


def _normalised(account: Account, loaded: Loaded, name: str) -> Account:
    """Return the account with its numbers in E.164, which is how Twilio writes them."""
    own = account.settings
    country = own.country or loaded.hub.tenants[account.tenant].country
    address, desk = (
        contact_point(ContactKind.PHONE, number, country).value if number else ""
        for number in (own.address, own.desk)
    )
    settings = own.model_copy(update={"address": address, "desk": desk, "country": country})
    shown = own.name or name or account.display_name
    return Account(account.tenant, account.name, shown, settings)


class PhoneSettings(Section):
    """`services.channel_phone` of the file."""

    http: ListenAddress = Listen("127.0.0.1", 8016)
    twilio: Url = "https://api.twilio.com"
    portal: Url = Field(
        default="http://127.0.0.1:8012", description="where the citizens' pages say how far it is"
    )
    media_hosts: tuple[str, ...] = Field(
        default=("twilio.com", "twiliocdn.com"), description="and what is below them"
    )
    recording_limit: int = Field(default=20_000_000, ge=1, description="bytes of one recording")
    recording_minutes: float = Field(
        default=10, gt=0, description="that a call which has ended waits for its recording"
    )
    lost_minutes: float = Field(
        default=30, gt=0, description="of silence after which a call has ended, whatever is said"
    )
    connected_minutes: float = Field(
        default=250, gt=0, description="the same while somebody talks to the desk"
    )


def read(loaded: Loaded) -> tuple[PhoneSettings, Accounts]:
    return loaded.section(SERVICE, PhoneSettings), Accounts.read(loaded)


def peers(loaded: Loaded) -> list[Peer]:
    """Return where Twilio is asked, for `faden check`."""
    settings, accounts = read(loaded)
    url = HttpUrl(settings.twilio)
    peer = Peer(f"services.{SERVICE}.twilio", str(url.host), int(url.port or 443))
    return [peer] if list(accounts) else []


ABOUT = About(SERVICE, PhoneSettings, read, peers)
