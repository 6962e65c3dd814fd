"""Every setting of the gateway: where it listens, who may log in, how much it lets through."""

import re
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, Field, field_validator, model_validator

from hub_contract.words import Channel, Tenant
from hub_kit.about import About
from hub_kit.guard import ListenerLimits
from hub_kit.listen import Listen, ListenAddress
from hub_kit.secret import read_secret
from hub_kit.settings import PUBLIC, ConfigurationError, Loaded, Section

SERVICE = "gateway"
MEGABYTE = 1024 * 1024
# First parts of paths that are the gateway's own: no tenant may have such a name.
RESERVED = frozenset(
    {"desk", "scans", "static", "hooks", "login", "logout", "healthz", "readyz", "metrics"}
)


def an_origin(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/"):
        raise ValueError("write http(s)://host[:port], without a path")
    return f"{parts.scheme}://{parts.netloc.lower()}"


Origin = Annotated[str, AfterValidator(an_origin)]


class Rate(Section):
    """So many requests in so many seconds, from one address or one session."""

    times: int = Field(ge=1)
    seconds: float = Field(gt=0)


class Limits(Section):
    """Many people share an address: an office in the morning, a mobile network all day."""

    login: Rate = Rate(times=120, seconds=60)
    write: Rate = Rate(times=120, seconds=60)
    read: Rate = Rate(times=1200, seconds=60)
    # From one address to one account, at each copy of the gateway: 200 a second all day, and what
    # has piled up at once.
    hook: Rate = Rate(times=2000, seconds=10)


class Shares(Section):
    """What one asker may have of what all share: an address, or the session of who is logged in."""

    body_bytes: int = Field(default=256 * MEGABYTE, ge=0, description="held until they are whole")
    body_bytes_each: int = Field(default=64 * MEGABYTE, ge=0)
    flowing: int = Field(default=8, ge=1, description="bodies that found no room there")
    flowing_each: int = Field(default=2, ge=1)
    requests_each: int = Field(default=12, ge=1, description="under way inwards; more wait")
    downloads_each: int = Field(default=32, ge=1, description="large answers; more wait")
    live: int = Field(default=4096, ge=1, description="live pages")
    live_each: int = Field(default=64, ge=1)


class Oidc(Section):
    """Any provider of OpenID Connect: Keycloak, Entra ID, or the pretend one of the local hub."""

    issuer: str = Field(description="its discovery document lies below it")
    client_id: str = "faden"
    client_secret_file: Path | None = None
    client_secret_env: str = Field(default="", description="name of an environment variable")
    authentication: Literal["basic", "post", "none"] = Field(
        default="basic", description="how we show our secret to it (OIDC Core §9)"
    )
    scope: str = "openid profile"
    claim: str = Field(
        default="faden", description="path to the person's groups: realm_access.roles"
    )
    groups: dict[str, str] = Field(
        default={}, description="what it calls a group: tenant/role; else it says tenant/role"
    )
    name_claim: str = "name"

    @field_validator("issuer")
    @classmethod
    def an_issuer(cls, value: str) -> str:
        if urlsplit(value).scheme not in ("http", "https"):
            raise ValueError("write the issuer as its discovery document does, with https://")
        return value

    def secret(self) -> str:
        """Read the secret; `ConfigurationError` names what is missing."""
        return read_secret("client_secret", self.client_secret_file, self.client_secret_env)


class GatewaySettings(Section):
    http: ListenAddress = Field(
        default=Listen("127.0.0.1", 8014), description="probes, never from outside"
    )
    door: ListenAddress = Field(
        default=Listen("127.0.0.1", 8080), description="what the outside sees"
    )
    public: Origin = Field(default=PUBLIC, description="how people write it")
    hosts: dict[str, Tenant] = Field(
        default={}, description="host names of single authorities, with the port if it is odd"
    )
    trusted_proxies: tuple[str, ...] = Field(
        default=(), description="addresses whose X-Forwarded-For is believed: your own balancer"
    )
    channel_web: Origin = "http://127.0.0.1:8012"
    channel_paper: Origin = Field(
        default="http://127.0.0.1:8018", description="where scans are handed in: /scans"
    )
    workspace: Origin = "http://127.0.0.1:8013"
    hooks: dict[Channel, Origin] = Field(
        default={}, description="where a channel takes hooks; else at its own `http`"
    )
    routes: dict[str, Origin] = Field(default={}, description="more paths, open to everybody")
    oidc: Oidc | None = Field(default=None, description="without it nobody can log in")
    idle_minutes: float = Field(default=30, gt=0, description="a session ends unused after")
    longest_hours: float = Field(default=10, gt=0, description="a session ends anyhow after")
    body_limit: int = Field(default=64 * MEGABYTE, ge=1024, description="bytes of a request")
    hook_limit: int = Field(
        default=32 * MEGABYTE, ge=1024, description="bytes of a hook; most channels want less"
    )
    security_contact: str = Field(
        default="", description="whom to tell about a weakness: mailto:… or https://… (RFC 9116)"
    )
    limits: Limits = Limits()
    shares: Shares = Shares()
    listener: ListenerLimits = Field(
        default=ListenerLimits(), description="what one client may take of the door"
    )

    @field_validator("security_contact")
    @classmethod
    def is_a_contact(cls, value: str) -> str:
        if value and not re.fullmatch(r"(mailto:[^\s@]+@[^\s@]+|https://[^\s/]\S*)", value):
            raise ValueError("write mailto:security@authority.example or https://…")
        return value

    @field_validator("routes")
    @classmethod
    def are_paths(cls, value: dict[str, str]) -> dict[str, str]:
        for path in value:
            if not path.startswith("/") or path.strip("/") in {"", *RESERVED}:
                raise ValueError(f"{path}: write a path of its own, for example /table")
        return value

    @model_validator(mode="after")
    def host_names_are_bare(self) -> Self:
        if any("/" in host or host != host.lower() for host in self.hosts):
            raise ValueError("hosts: write names only, in lower case: portal.musterstadt.example")
        return self

    @property
    def is_secure(self) -> bool:
        return self.public.startswith("https://")

    @property
    def public_host(self) -> str:
        return urlsplit(self.public).netloc

    def origin_of(self, host: str) -> str:
        """Return the origin of one of our hosts; all have the scheme of `public`."""
        return f"{urlsplit(self.public).scheme}://{host}"


def read_settings(loaded: Loaded) -> GatewaySettings:
    """Return the section, checked against the tenants; `ConfigurationError` otherwise."""
    settings = loaded.section(SERVICE, GatewaySettings)
    taken = RESERVED | {path.strip("/").partition("/")[0] for path in settings.routes}
    for tenant in loaded.hub.tenants:
        if tenant in taken:
            raise ConfigurationError(
                f"{loaded.path}: tenants.{tenant}: a path of the gateway; name it otherwise"
            )
    for host, tenant in settings.hosts.items():
        if tenant not in loaded.hub.tenants:
            raise ConfigurationError(
                f"{loaded.path}: services.{SERVICE}.hosts.{host}: no tenant {tenant}; correct it"
            )
    return settings.model_copy(update={"hooks": _listening(loaded) | settings.hooks})


class _Channel(BaseModel):
    """What we read of a channel's section."""

    http: ListenAddress | None = None


def _listening(loaded: Loaded) -> dict[Channel, str]:
    """Return the origin of every channel whose section says where it listens."""
    found = {one: loaded.section(f"channel_{one}", _Channel).http for one in Channel}
    return {one: http.url for one, http in found.items() if http}


def read(loaded: Loaded) -> GatewaySettings:
    """Return the settings, the secret read once; `ConfigurationError` names the key."""
    settings = read_settings(loaded)
    try:
        if settings.oidc:
            settings.oidc.secret()
    except ConfigurationError as error:
        raise ConfigurationError(f"{loaded.path}: services.{SERVICE}.oidc: {error}") from None
    return settings


ABOUT = About(SERVICE, GatewaySettings, read)
