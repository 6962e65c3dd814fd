"""Our post boxes: the folder where scans arrive, our address, and who carries what goes out.

`provider` says who carries our letters, and which model in `MODELS` checks the other keys of the
box. The way in is the same whoever that is.
"""

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hub_contract.contact_points import contact_point
from hub_contract.words import Channel, ContactKind
from hub_kit import accounts
from hub_kit.accounts import AccountSection, Terms, in_file
from hub_kit.secret import read_secret
from hub_kit.settings import ConfigurationError, Loaded, Section


class ProviderName(StrEnum):
    """Who carries our letters; each has a model for its boxes in `MODELS`."""

    FOLDER = "folder"  # we write PDFs into a folder, and the authority prints them itself
    PINGEN = "pingen"  # a print house with hooks
    LETTERXPRESS = "letterxpress"  # a print house that is asked; onlinebrief24 is the same


class Sftp(Section):
    """Who may hand in scans by SFTP; the listener is `services.channel_paper.sftp`."""

    user: str = Field(pattern=r"^[a-z][a-z0-9._-]{0,31}$")
    password_file: Path | None = None
    password_env: str = Field(default="", description="name of an environment variable")
    keys_file: Path | None = Field(default=None, description="public keys, as authorized_keys")

    @model_validator(mode="after")
    def can_log_in(self) -> Self:
        if not (self.password_file or self.password_env or self.keys_file):
            raise ValueError("name password_file, password_env or keys_file: how it logs in")
        return self

    def password(self) -> str:
        """Read it; empty where only keys are let in. `ConfigurationError` names what is missing."""
        if not (self.password_file or self.password_env):
            return ""
        return read_secret("password", self.password_file, self.password_env)


class Box(AccountSection, Terms):
    """One post box of ours; `address` is where citizens write to, lines parted by commas."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    provider: ProviderName = ProviderName.FOLDER
    folder: Path = Field(description="where scans of this box arrive; done/ and failed/ are in it")
    sftp: Sftp | None = Field(default=None, description="who may hand in by SFTP")
    return_address: str = Field(
        default="", description="where letters that do not arrive go; else `address`"
    )
    device: str = Field(default="", max_length=100, description="the scanner, for the scan record")
    returns: bool = Field(
        default=False, description="letters of ours that come back are scanned here"
    )
    country: str = Field(default="", description="filled in from the tenant")
    time_zone: str = Field(default="Europe/Berlin", description="filled in from the tenant")
    phone: str = Field(default="", max_length=40, description="as letters show it")
    email: str = Field(default="", max_length=80, description="as letters show it")
    foot: tuple[str, ...] = Field(
        default=(), max_length=3, description="lines below every page: hours, bank"
    )

    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class FolderBox(Box):
    """A box whose letters go to a folder that is printed."""

    print_folder: Path = Field(description="where our letters are written for the printer")


class PingenBox(Box):
    """A box whose letters Pingen prints and posts."""

    provider: ProviderName = ProviderName.PINGEN
    organisation: str = Field(pattern=r"^[0-9a-fA-F-]{1,64}$", description="its id at Pingen")
    client_id: str = Field(min_length=1, max_length=200)
    client_secret_file: Path | None = None
    client_secret_env: str = Field(default="", description="name of an environment variable")
    hook_secret_file: Path | None = Field(default=None, description="what signs Pingen's hooks")
    hook_secret_env: str = Field(default="", description="name of an environment variable")
    product: str = Field(
        default="cheap", max_length=40, description="delivery_product: cheap, fast"
    )
    print_mode: Literal["simplex", "duplex"] = "duplex"
    print_spectrum: Literal["grayscale", "color"] = "grayscale"

    @model_validator(mode="after")
    def secrets_are_named(self) -> Self:
        if not (self.client_secret_file or self.client_secret_env):
            raise ValueError("name client_secret_file or client_secret_env: how we log in")
        if not (self.hook_secret_file or self.hook_secret_env):
            raise ValueError("name hook_secret_file or hook_secret_env: it signs Pingen's hooks")
        return self

    def client_secret(self) -> str:
        """Read it; `ConfigurationError` names what is missing."""
        return read_secret("client_secret", self.client_secret_file, self.client_secret_env)

    def hook_secret(self) -> str:
        """Read it; `ConfigurationError` names what is missing."""
        return read_secret("hook_secret", self.hook_secret_file, self.hook_secret_env)


class LetterXpressBox(Box):
    """A box whose letters LetterXpress prints and posts."""

    provider: ProviderName = ProviderName.LETTERXPRESS
    username: str = Field(min_length=1, max_length=200)
    key_file: Path | None = None
    key_env: str = Field(default="", description="name of an environment variable")
    print_mode: Literal["simplex", "duplex"] = "duplex"
    colour: bool = False

    @model_validator(mode="after")
    def key_is_named(self) -> Self:
        if not (self.key_file or self.key_env):
            raise ValueError("name key_file or key_env: LetterXpress's API key")
        return self

    def key(self) -> str:
        """Read it; `ConfigurationError` names what is missing."""
        return read_secret("key", self.key_file, self.key_env)


MODELS: dict[str, type[Box]] = {
    ProviderName.FOLDER: FolderBox,
    ProviderName.PINGEN: PingenBox,
    ProviderName.LETTERXPRESS: LetterXpressBox,
}
PaperBox = accounts.Account[Any]  # of a model in `MODELS`


class Boxes(accounts.Accounts[PaperBox]):
    """All boxes of the file; no two share a folder, or one's letters would be the other's."""

    def __init__(self, found: Iterable[PaperBox]) -> None:
        super().__init__(found)
        seen: dict[Path, PaperBox] = {}
        users: dict[str, PaperBox] = {}
        for box in self:
            folder = box.settings.folder.absolute()
            other = seen.setdefault(folder, box)
            if other is not box:
                raise ValueError(f"{box.setting}.folder: {other.key}'s too; name another one")
            user = box.settings.sftp.user if box.settings.sftp else ""
            if user and users.setdefault(user, box) is not box:
                raise ValueError(f"{box.setting}.sftp.user: {users[user].key}'s too; rename one")

    @classmethod
    def read(cls, loaded: Loaded) -> "Boxes":
        found = [_read_box(loaded, *one) for one in loaded.hub.accounts(Channel.PAPER)]
        return in_file(loaded, lambda: cls(found))

    def at(self, provider: ProviderName) -> "Boxes":
        """Return the boxes whose letters one provider carries."""
        return Boxes([one for one in self if one.settings.provider is provider])


def _read_box(loaded: Loaded, tenant: str, name: str, raw: BaseModel) -> PaperBox:
    """Return the box with its addresses as the lines of a letter."""
    said = str((raw.model_extra or {}).get("provider", ProviderName.FOLDER))
    if said not in MODELS:
        place = f"{loaded.path}: tenants.{tenant}.accounts.{name}.provider"
        raise ConfigurationError(f"{place}: no such provider; write {' or '.join(MODELS)}")
    own = loaded.account(tenant, name, MODELS[said])
    country = own.country or loaded.hub.tenants[tenant].country
    address = _lines(own.address, country)
    changes = {
        "address": address,
        "return_address": _lines(own.return_address, country) or address,
        "country": country,
        "time_zone": loaded.hub.tenants[tenant].time_zone,
    }
    display_name = own.name or loaded.hub.tenants[tenant].name
    return PaperBox(tenant, name, display_name, own.model_copy(update=changes))


def _lines(written: str, country: str) -> str:
    """Return an address as the contract has it: one line each, the place last."""
    lines = "\n".join(part.strip() for part in written.replace("\n", ",").split(","))
    return contact_point(ContactKind.POSTAL, lines, country).value if lines.strip() else ""
