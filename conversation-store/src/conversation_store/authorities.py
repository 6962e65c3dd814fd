"""What the file and the faces say of each authority, as far as the store tells citizens."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hub_contract.channels import CHANNEL_TO, CHANNELS
from hub_contract.words import Channel, ContactKind
from hub_kit.accounts import NO_TERMS, Terms
from hub_kit.settings import HubSettings, Loaded
from hub_pages.face import NO_FACE, Words
from hub_pages.face.read import read_faces

INBOX = CHANNEL_TO[ContactKind.PORTAL]


@dataclass(frozen=True, slots=True)
class Authority:
    name: str
    phone: str = ""
    hours: Words | None = None
    page: str = ""  # where citizens open their inbox; empty: there is no portal
    terms: Mapping[str, Terms] = field(default_factory=dict)  # by account

    def terms_of(self, account: str) -> Terms:
        return self.terms.get(account, NO_TERMS)

    def not_allowed(self, channels: Mapping[str, str]) -> frozenset[str]:
        """Return the accounts by which no answer goes out; `channels` has the channel of each."""
        return frozenset(
            name
            for name, terms in self.terms.items()
            if name in channels and CHANNELS[Channel(channels[name])].only_if_allowed
            if not terms.allowed
        )


def names_of(settings: HubSettings) -> dict[str, Authority]:
    """Return what is known without a file: how each is called."""
    return {tenant: Authority(section.name) for tenant, section in settings.tenants.items()}


def read_authorities(loaded: Loaded) -> dict[str, Authority]:
    """Return every authority of the file; `ConfigurationError` names the first mistake."""
    faces, found = read_faces(loaded), {}
    for tenant, section in loaded.hub.tenants.items():
        face = faces.get(tenant, NO_FACE)
        terms = {name: loaded.account(tenant, name, Terms) for name in section.accounts}
        page = _page(loaded, tenant)
        name = face.name or section.name
        found[tenant] = Authority(name, face.phone, face.hours, page, terms)
    return found


def _page(loaded: Loaded, tenant: str) -> str:
    for account in loaded.hub.tenants[tenant].accounts.values():
        if account.channel is INBOX:
            url = (account.model_extra or {}).get("url") or f"{loaded.public}/{tenant}"
            return f"{str(url).rstrip('/')}/vorgang"
    return ""
