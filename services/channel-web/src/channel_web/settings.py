"""Every setting of the web channel, and which portal of ours belongs to which tenant."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

from pydantic import Field, field_validator, model_validator

from hub_contract.channels import CHANNEL_TO, TEXTS
from hub_contract.words import Channel, ContactKind
from hub_kit import accounts
from hub_kit.about import About
from hub_kit.accounts import AccountSection
from hub_kit.listen import Listen, ListenAddress
from hub_kit.settings import Loaded, Section
from hub_pages.face import NO_FACE, Face, Words
from hub_pages.face.read import read_faces

SERVICE = "channel_web"
MEGABYTE = 1024 * 1024


SECRETS = 10**6  # of six digits
YEAR = 366  # days
ODDS = 0.011  # for who tries a whole year at one number, all ways together


class Tries(Section):
    """Wrong secrets after which a way to an inbox is shut. Each way has a share of its own."""

    hour: int = Field(default=10, ge=1, description="by anybody in an hour: shut for an hour")
    day: int = Field(default=20, ge=1, description="by anybody in a day: shut for a day")
    known_day: int = Field(default=5, ge=1, description="from browsers that opened it before")
    link_day: int = Field(default=5, ge=1, description="behind one-time links")

    @property
    def odds(self) -> float:
        """How likely a year of patience finds one secret: each try rules out one of a million."""
        return (self.day + self.known_day + self.link_day) * YEAR / SECRETS

    @model_validator(mode="after")
    def patience_does_not_pay(self) -> Self:
        if self.odds > ODDS:
            most = int(ODDS * SECRETS / YEAR)
            raise ValueError(f"day, known_day and link_day: together at most {most}; lower one")
        return self


class WebSettings(Section):
    http: ListenAddress = Listen("127.0.0.1", 8012)
    store: str = Field(
        default="http://127.0.0.1:8010", description="where the conversation store answers"
    )
    file_limit: int = Field(default=20 * MEGABYTE, ge=1024, description="bytes of one file")
    files_limit: int = Field(default=50 * MEGABYTE, ge=1024, description="bytes of all files")
    files: int = Field(default=10, ge=1, le=50, description="files of one message")
    large_forms: int = Field(
        default=16, ge=1, description="forms above 1 MB held at a time; the next ones wait"
    )
    upload_seconds: float = Field(default=600, gt=0, description="in which a form must be here")
    unsent_minutes: int = Field(
        default=60, ge=1, le=1440, description="that files of a form wait which was not sent"
    )
    unsent_each: int = Field(
        default=100 * MEGABYTE, ge=0, description="bytes of such files from one address"
    )
    unsent_total: int = Field(default=2048 * MEGABYTE, ge=0, description="bytes of all of them")
    free_mark: int = Field(
        default=1024 * MEGABYTE, ge=0, description="bytes free, below which no file is taken"
    )
    session_minutes: int = Field(default=30, ge=1, le=1440, description="idle, then it ends")
    session_longest_minutes: int = Field(
        default=240, ge=1, le=1440, description="a session ends anyhow after"
    )
    form_minutes: int = Field(
        default=60, ge=1, le=1440, description="that a form sent twice is the same form"
    )
    known_days: int = Field(
        default=365, ge=1, le=400, description="that a browser passes locks of what it has opened"
    )
    link_minutes: int = Field(default=60, ge=5, le=240, description="that a one-time link is good")
    links: int = Field(
        default=3, ge=1, le=10, description="one-time links for one inbox in that time"
    )
    tries: Tries = Tries()
    streams: int = Field(default=500, ge=1, description="live pages at a time")
    streams_inbox: int = Field(default=8, ge=1, description="of them for one inbox")
    streams_address: int = Field(default=50, ge=1, description="of them for one address")

    @field_validator("store")
    @classmethod
    def known_store(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError("write http://host:port")
        return value.rstrip("/")


class WebAccount(AccountSection):
    """A portal of one of our tenants; what its pages say about the authority."""

    address: str = Field(description="as citizens type it: www.musterstadt.example/kontakt")
    answer_days: int = Field(default=3, ge=1, le=60, description="working days, as promised")
    url: str = Field(
        default="", description="where its pages begin, for links in mails; else below `public`"
    )
    phone: str = Field(default="", description="for those whom the pages cannot help")
    hours: str = Field(default="", description="when somebody answers there, in German")
    hours_en: str = Field(default="", description="the same in English; else the German text")
    postal: str = Field(default="", description="the address for letters, for the imprint")
    imprint_url: str = Field(default="", description="of the authority's own site")
    privacy_url: str = Field(default="", description="of the authority's own site")
    accessibility_url: str = Field(default="", description="of the authority's own site")

    @field_validator("url")
    @classmethod
    def whole_address(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("write https://www.authority.example/path")
        return value.rstrip("/")


@dataclass(frozen=True)
class Account(accounts.Account[WebAccount]):
    has_email: bool  # the authority can answer by mail too
    url: str = ""  # where its pages begin, as the outside writes it
    texts_from: str = ""  # the account that sends SMS; empty: there is none
    brought: Face = NO_FACE  # as its folder has it

    @cached_property
    def face(self) -> Face:
        """Return its face; what that does not say, the account may."""
        face, own = self.brought, self.settings
        hours = Words(de=own.hours, en=own.hours_en) if own.hours else None
        return replace(
            face,
            phone=face.phone or own.phone,
            hours=face.hours or hours,
            address=face.address or own.postal,
        )


class Accounts(accounts.Accounts[Account]):
    """The portals, one for each tenant: the gateway's address says the tenant, and no more."""

    def __init__(self, found: Iterable[Account]) -> None:
        super().__init__(found)
        self._by_tenant: dict[str, Account] = {}
        for account in self:
            other = self._by_tenant.setdefault(account.tenant, account)
            if other is not account:
                raise ValueError(
                    f"{account.setting}: {other.name} is a portal already; remove one of them"
                )

    @classmethod
    def read(cls, loaded: Loaded) -> Self:
        """Check every portal of the file; `ConfigurationError` names the first mistake."""
        mail = CHANNEL_TO[ContactKind.EMAIL]  # which answers the address that a form asks for
        faces = read_faces(loaded)
        with_email = {tenant for tenant, _, _ in loaded.hub.accounts(mail)}
        texts = {tenant: name for tenant, name, _ in reversed(loaded.hub.accounts(TEXTS))}
        found = [
            Account(
                one.tenant,
                one.name,
                one.settings.name or faces.get(one.tenant, NO_FACE).name or one.display_name,
                one.settings,
                one.tenant in with_email,
                one.settings.url or f"{loaded.public}/{one.tenant}",
                texts.get(one.tenant, ""),
                faces.get(one.tenant, NO_FACE),
            )
            for one in accounts.read_accounts(loaded, Channel.WEB, WebAccount)
        ]
        return accounts.in_file(loaded, lambda: cls(found))

    def addresses(self, account: Account) -> Sequence[str]:  # noqa: ARG002
        return ()  # nobody writes to one: the gateway says the tenant

    def of(self, tenant: str) -> Account | None:
        return self._by_tenant.get(tenant)

    def authority(self, tenant: str) -> str:
        """Return what people call it; empty: it has no portal."""
        account = self.of(tenant)
        return account.display_name if account else ""

    def faces(self) -> dict[str, Face]:
        """Return what pages show of each authority, by tenant."""
        return {account.tenant: account.face for account in self}

    def tenants(self) -> list[str]:
        return list(self._by_tenant)


def read(loaded: Loaded) -> tuple[WebSettings, Accounts]:
    return loaded.section(SERVICE, WebSettings), Accounts.read(loaded)


ABOUT = About(SERVICE, WebSettings, read)
