"""The accounts of one channel: our mailboxes, numbers, lines, found by name and by address."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, field_validator

from hub_contract.words import Channel, Cost
from hub_kit.settings import ConfigurationError, Loaded, Section


class AccountSection(Section):
    """What the file says of any account; a channel adds its own keys."""

    address: str
    name: str = Field(default="", description="as citizens read it; else the tenant's name")


class Terms(BaseModel):
    """What holds of all that goes out by an account; the store and the desk heed it, too."""

    model_config = ConfigDict(frozen=True)

    price: Cost | None = Field(default=None, description="of one SMS, as the provider charges it")
    most_segments: int | None = Field(
        default=None,
        ge=1,
        le=10,
        description="SMS of one answer; a longer one stays in the inbox, the SMS has the link",
    )
    content: Literal["text", "link"] = Field(
        default="text", description="link: no words of an answer go this way, only where it lies"
    )

    allowed: bool = Field(
        default=False, description="by fax: answers may go out; elsewhere they always may"
    )

    @field_validator("price")
    @classmethod
    def nobody_pays_us(cls, value: Cost | None) -> Cost | None:
        if value and not 0 <= value.amount < 1000:
            raise ValueError("amount is between 0 and 1000; write what one SMS costs")
        return value


NO_TERMS = Terms()
SectionT = TypeVar("SectionT", bound=AccountSection)
T = TypeVar("T")


@dataclass(frozen=True)  # slots and type parameters do not go together in Python 3.11
class Account(Generic[SectionT]):
    tenant: str
    name: str
    display_name: str
    settings: SectionT

    @property
    def key(self) -> str:
        return f"{self.tenant}/{self.name}"

    @property
    def setting(self) -> str:
        """Where it stands in the file."""
        return f"tenants.{self.tenant}.accounts.{self.name}"


AccountT = TypeVar("AccountT", bound=Account[Any])


class Accounts(Generic[AccountT]):
    """`ValueError` names the account whose address is another's too."""

    def __init__(self, accounts: Iterable[AccountT]) -> None:
        self._by_key: dict[tuple[str, str], AccountT] = {}
        self._by_address: dict[str, AccountT] = {}
        for account in accounts:
            self._by_key[account.tenant, account.name] = account
            for address in self.addresses(account):
                other = self._by_address.setdefault(address, account)
                if other is not account:
                    raise ValueError(
                        f"{account.setting}: an address of {other.key} too; remove it from one"
                    )

    def addresses(self, account: AccountT) -> Sequence[str]:
        """Return all addresses of an account, in the form in which they are looked up."""
        return (account.settings.address,)

    def get(self, tenant: str, name: str) -> AccountT | None:
        return self._by_key.get((tenant, name))

    def account_of(self, address: str) -> AccountT | None:
        """Return whose address this is, or None."""
        return self._by_address.get(address)

    def __iter__(self) -> Iterator[AccountT]:
        return iter(self._by_key.values())


def read_accounts(
    loaded: Loaded, channel: Channel, section: type[SectionT]
) -> list[Account[SectionT]]:
    """Return every account of the channel; `ConfigurationError` names the first mistake."""
    found = []
    for tenant, name, _ in loaded.hub.accounts(channel):
        settings = loaded.account(tenant, name, section)
        display_name = settings.name or loaded.hub.tenants[tenant].name
        found.append(Account(tenant, name, display_name, settings))
    return found


def plain_accounts(
    loaded: Loaded, channel: Channel, section: type[SectionT]
) -> Accounts[Account[SectionT]]:
    """Return the accounts of a channel whose addresses are looked up as they are written."""
    found = read_accounts(loaded, channel, section)
    return in_file(loaded, lambda: Accounts(found))


def account_asked(accounts: Accounts[AccountT], loaded: Loaded, asked: str) -> AccountT:
    """Return the account that a command names as `tenant/name`; `ConfigurationError` otherwise."""
    tenant, _, name = asked.partition("/")
    if (found := accounts.get(tenant, name)) is None:
        remedy = "write tenant/name as the file does"
        raise ConfigurationError(f"{loaded.path}: tenants: no such account {asked}; {remedy}")
    return found


def in_file(loaded: Loaded, build: Callable[[], T]) -> T:
    """Return what `build` builds; where accounts do not go together, say in which file."""
    try:
        return build()
    except ValueError as error:
        raise ConfigurationError(f"{loaded.path}: {error}") from None
