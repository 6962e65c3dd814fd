"""Our numbers: what each provider's accounts need, and which one a hook or a message belongs to."""

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from hub_contract.contact_points import contact_point
from hub_contract.words import Channel, ContactKind, Cost
from hub_kit import accounts
from hub_kit.accounts import AccountSection, Terms, in_file
from hub_kit.secret import read_secret
from hub_kit.settings import ConfigurationError, Loaded


class ProviderName(StrEnum):
    """Who carries our messages; each has a model for its accounts in `MODELS`."""

    TWILIO = "twilio"
    SMPP = "smpp"  # a carrier's own SMSC, by SMPP 3.4


class Number(AccountSection, Terms):
    """One number of ours, at whichever provider."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    provider: ProviderName = ProviderName.TWILIO
    answered_by_provider: tuple[str, ...] = Field(
        default=(), description="words that the provider answers by itself: we do not"
    )
    country: str = Field(default="", description="filled in from the tenant")
    valid_for: int = Field(
        default=4 * 3600, ge=60, le=36_000, description="seconds after which it is of no use"
    )

    def cost_of(self, segments: int | None) -> Cost | None:
        """Return what so many SMS cost, as agreed; None where nobody has told us."""
        if self.price is None or segments is None:
            return None
        return Cost(amount=self.price.amount * segments, currency=self.price.currency)


class SmsAccount(Number):
    """One number of ours at Twilio."""

    # What Twilio does unless told otherwise; `[]` where its opt-out is off.
    answered_by_provider: tuple[str, ...] = ("help", "info")
    account_sid: str = Field(pattern=r"^AC[0-9a-f]{32}$")
    auth_token_file: Path | None = None
    auth_token_env: str = Field(default="", description="name of an environment variable")
    messaging_service: str = Field(
        default="", pattern=r"^(MG[0-9a-f]{32})?$", description="sends in place of the number"
    )

    @model_validator(mode="after")
    def token_is_named(self) -> Self:
        if not (self.auth_token_file or self.auth_token_env):
            raise ValueError("name auth_token_file or auth_token_env: it signs what Twilio sends")
        return self

    def auth_token(self) -> str:
        """Read the token; `ConfigurationError` names what is missing."""
        return read_secret("auth_token", self.auth_token_file, self.auth_token_env)


class SmppAccount(Number):
    """One number of ours at a carrier's SMSC."""

    provider: ProviderName = ProviderName.SMPP
    host: str = Field(min_length=1, description="of the SMSC")
    port: int = Field(default=2775, ge=1, le=65_535)
    system_id: str = Field(min_length=1, max_length=15, description="whom we log in as")
    password_file: Path | None = None
    password_env: str = Field(default="", description="name of an environment variable")
    system_type: str = Field(default="", max_length=12)
    service_type: str = Field(default="", max_length=5)
    tls: bool = False
    tls_ca: Path | None = Field(default=None, description="whose certificates are right (PEM)")
    alphabet: Literal["gsm-7", "latin-1"] = Field(
        default="gsm-7", description="what data_coding 0 means there"
    )
    long: Literal["udh", "sar", "payload"] = Field(
        default="udh", description="how the SMSC wants what is longer than one SMS"
    )
    window: int = Field(default=10, ge=1, le=100, description="requests without an answer")
    answer_within: float = Field(default=30, gt=0, description="seconds the SMSC has for an answer")
    enquire_every: float = Field(default=30, gt=0, description="seconds of silence before we ask")
    parts_within: float = Field(
        default=600, gt=0, le=86_400, description="seconds to wait for the missing parts of an SMS"
    )
    clock: str = Field(default="UTC", description="time zone of the dates in receipts")

    @field_validator("clock")
    @classmethod
    def zone_is_known(cls, name: str) -> str:
        try:
            return ZoneInfo(name).key
        except (LookupError, ValueError, OSError):
            raise ValueError("no such time zone; write it as Europe/Berlin") from None

    @model_validator(mode="after")
    def password_is_named(self) -> Self:
        if not (self.password_file or self.password_env):
            raise ValueError("name password_file or password_env: the SMSC asks for it")
        return self

    def password(self) -> str:
        """Read it; `ConfigurationError` names what is missing."""
        return read_secret("password", self.password_file, self.password_env)


MODELS: dict[str, type[Number]] = {ProviderName.TWILIO: SmsAccount, ProviderName.SMPP: SmppAccount}
Account = accounts.Account[SmsAccount]
SmppNumber = accounts.Account[SmppAccount]
AnyNumber = accounts.Account[Any]  # of a model in `MODELS`


class Accounts(accounts.Accounts[AnyNumber]):
    """`public` is how providers write our address."""

    def __init__(self, found: Iterable[AnyNumber], public: str) -> None:
        super().__init__(found)
        self.public = public

    @classmethod
    def read(cls, loaded: Loaded) -> "Accounts":
        found = [_read_number(loaded, *one) for one in loaded.hub.accounts(Channel.SMS)]
        return in_file(loaded, lambda: cls(found, loaded.public))

    def at(self, provider: ProviderName) -> "Accounts":
        """Return our numbers at one provider."""
        return Accounts([one for one in self if one.settings.provider is provider], self.public)

    def hook(self, account: AnyNumber, rest: str = "") -> str:
        """Return the address that the provider calls for this account."""
        return f"{self.public}/hooks/sms/{account.key}{rest}"


def _read_number(loaded: Loaded, tenant: str, name: str, raw: BaseModel) -> AnyNumber:
    """Return the account with its number in E.164; its provider says what else it needs."""
    said = str((raw.model_extra or {}).get("provider", ProviderName.TWILIO))
    if said not in MODELS:
        place = f"{loaded.path}: tenants.{tenant}.accounts.{name}.provider"
        raise ConfigurationError(f"{place}: no such provider; write {' or '.join(MODELS)}")
    settings = loaded.account(tenant, name, MODELS[said])
    country = settings.country or loaded.hub.tenants[tenant].country
    number = contact_point(ContactKind.PHONE, settings.address, country).value
    settings = settings.model_copy(update={"address": number, "country": country})
    display_name = settings.name or loaded.hub.tenants[tenant].name
    return AnyNumber(tenant, name, display_name, settings)
