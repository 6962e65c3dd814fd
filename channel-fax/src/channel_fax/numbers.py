"""Our fax numbers: what each provider's accounts need, and which one was dialled."""

from base64 import b64decode
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import BaseModel, ConfigDict, Field

from hub_contract.contact_points import contact_point
from hub_contract.words import Channel, ContactKind
from hub_kit import accounts
from hub_kit.accounts import AccountSection, Terms, in_file
from hub_kit.secret import read_secret
from hub_kit.settings import ConfigurationError, Loaded


class ProviderName(StrEnum):
    """Who carries our faxes; each has a model for its accounts in `MODELS`."""

    HYLAFAX = "hylafax"  # a line of our own
    TELNYX = "telnyx"
    SINCH = "sinch"


class Number(AccountSection, Terms):
    """One number of ours, at whichever provider."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    provider: ProviderName = ProviderName.HYLAFAX
    aliases: tuple[str, ...] = Field(default=(), description="more numbers that lead here")
    country: str = Field(default="", description="filled in from the tenant")
    station: str = Field(
        default="", max_length=20, description="what machines are told of us (TSI); else the number"
    )


class HylafaxAccount(Number):
    """One number of ours on a line of our own; where HylaFAX is, the service's section says."""


class TelnyxAccount(Number):
    """One number of ours at Telnyx."""

    provider: ProviderName = ProviderName.TELNYX
    connection_id: str = Field(min_length=1, description="of the fax application")
    api_key_file: Path | None = None
    api_key_env: str = Field(default="", description="name of an environment variable")
    public_key: str = Field(default="", description="base64; signs what Telnyx tells us")
    public_key_file: Path | None = Field(default=None, description="a file that has it instead")

    def api_key(self) -> str:
        return read_secret("api_key", self.api_key_file, self.api_key_env)

    def verifier(self) -> Ed25519PublicKey:
        """Return what checks Telnyx's signatures; `ConfigurationError` where it is no key."""
        said = self.public_key or read_secret("public_key", self.public_key_file, "")
        try:
            return Ed25519PublicKey.from_public_bytes(b64decode(said, validate=True))
        except ValueError:
            raise ConfigurationError(
                "public_key: no Ed25519 key in base64; copy it from Telnyx's portal"
            ) from None


class SinchAccount(Number):
    """One number of ours at Sinch, which signs nothing: a secret stands in the hook's address."""

    provider: ProviderName = ProviderName.SINCH
    project_id: str = Field(pattern=r"^[A-Za-z0-9-]{1,64}$")
    key_id: str = Field(min_length=1, description="of the access key")
    key_secret_file: Path | None = None
    key_secret_env: str = Field(default="", description="name of an environment variable")
    hook_secret_file: Path | None = Field(
        default=None, description="the password in the address that Sinch calls"
    )
    hook_secret_env: str = Field(default="", description="name of an environment variable")
    service_id: str = Field(default="", description="of the fax service, where there are several")

    def key_secret(self) -> str:
        return read_secret("key_secret", self.key_secret_file, self.key_secret_env)

    def hook_secret(self) -> str:
        return read_secret("hook_secret", self.hook_secret_file, self.hook_secret_env)


HOOK_USER = "faden"  # who calls a hook in whose address a secret stands
TelnyxNumber = accounts.Account[TelnyxAccount]
SinchNumber = accounts.Account[SinchAccount]


MODELS: dict[str, type[Number]] = {
    ProviderName.HYLAFAX: HylafaxAccount,
    ProviderName.TELNYX: TelnyxAccount,
    ProviderName.SINCH: SinchAccount,
}
AnyNumber = accounts.Account[Any]  # of a model in `MODELS`


class Accounts(accounts.Accounts[AnyNumber]):
    """`public` is how providers write our address."""

    def __init__(self, found: Iterable[AnyNumber], public: str) -> None:
        super().__init__(found)
        self.public = public

    @classmethod
    def read(cls, loaded: Loaded) -> "Accounts":
        found = [_read_number(loaded, *one) for one in loaded.hub.accounts(Channel.FAX)]
        return in_file(loaded, lambda: cls(found, loaded.public))

    def addresses(self, account: AnyNumber) -> Sequence[str]:
        return (account.settings.address, *account.settings.aliases)

    def dialled(self, number: str) -> AnyNumber | None:
        """Return whose number was dialled, as an exchange writes it; None where it is nobody's.

        Exchanges write it in full, nationally, without 0 or +, or hand over its last digits alone:
        the only one of ours that ends so is meant, where four digits or more agree.
        """
        digits = "".join(filter(str.isdecimal, number))
        for country in sorted({one.settings.country for one in self}):
            point = contact_point(ContactKind.FAX, number, country)
            if found := self.account_of(point.value) or self.account_of(f"+{digits}"):
                return found
        tail = digits.lstrip("0")
        ends = [one for one in self if any(a.endswith(tail) for a in self.addresses(one))]
        return ends[0] if len(ends) == 1 and len(tail) >= _TAIL else None

    def at(self, provider: ProviderName) -> "Accounts":
        """Return our numbers at one provider."""
        return Accounts([one for one in self if one.settings.provider is provider], self.public)

    def hook(self, account: AnyNumber, rest: str = "") -> str:
        """Return the address that the provider calls for this account."""
        return f"{self.public}/hooks/fax/{account.key}{rest}"


_TAIL = 4  # digits of an extension that tell one number from another


def _read_number(loaded: Loaded, tenant: str, name: str, raw: BaseModel) -> AnyNumber:
    """Return the account with its numbers in E.164; its provider says what else it needs."""
    said = str((raw.model_extra or {}).get("provider", ProviderName.HYLAFAX))
    if said not in MODELS:
        place = f"{loaded.path}: tenants.{tenant}.accounts.{name}.provider"
        raise ConfigurationError(f"{place}: no such provider; write {' or '.join(MODELS)}")
    settings = loaded.account(tenant, name, MODELS[said])
    country = settings.country or loaded.hub.tenants[tenant].country
    address, *aliases = (
        contact_point(ContactKind.FAX, one, country).value
        for one in (settings.address, *settings.aliases)
    )
    more = {"address": address, "aliases": tuple(aliases), "country": country}
    display_name = settings.name or loaded.hub.tenants[tenant].name
    return AnyNumber(tenant, name, display_name, settings.model_copy(update=more))
