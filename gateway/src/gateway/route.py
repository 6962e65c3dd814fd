"""Says where a request belongs, by its host and path: pure, for the door.

Rule 1. The first part of a path decides: our own pages, the desk, a tenant, an extra route.
Rule 2. What is no path of ours is nothing: 404, whoever asks.
Rule 3. A service's probes, metrics and documents are nobody's outside, whatever stands before them.
Rule 4. Where a host names one authority, the others do not exist there.
Rule 5. Providers' hooks are apart from people's pages, below the public address only.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote_to_bytes

from gateway.settings import GatewaySettings
from hub_contract.words import Channel
from hub_kit.hooks import Account, called_account

_INSIDE = frozenset(
    {"healthz", "readyz", "metrics", "docs", "redoc", "openapi.json", "hooks"}
)  # what every service has for its own operators and peers
_CHANNELS = frozenset(Channel)


_STAFF = frozenset({"desk", "scans"})  # pages of those who work for an authority


class Own(StrEnum):
    """What the gateway answers itself."""

    HOME = "home"
    STATIC = "static"
    LOGIN = "login"
    LOGOUT = "logout"
    BACK_CHANNEL = "logout/back-channel"
    SECURITY_TXT = ".well-known/security.txt"


_OWN = frozenset(Own) - {Own.HOME}  # a whole path, or the first part of one


@dataclass(frozen=True, slots=True)
class Forward:
    """A service behind us; `audience` is empty where it gets no token."""

    origin: str
    path: str  # as the service shall see it, undecoded
    prefix: str
    audience: str = ""
    thing: str = ""  # as `hub_kit.rights` names it
    tenant: str = ""  # of a citizen's pages; staff bring theirs

    @property
    def for_staff(self) -> bool:
        return self.thing in _STAFF


@dataclass(frozen=True, slots=True)
class Hook:
    """A provider calls; `origin` is empty where no account of ours is meant."""

    account: Account
    origin: str

    @property
    def channel(self) -> str:
        """One of our words, for metrics; what a stranger wrote is none."""
        return self.account.channel if self.account.channel in _CHANNELS else ""


@dataclass(frozen=True, slots=True)
class Move:
    """The same page lies elsewhere; `to` is a path of ours, or a whole address."""

    to: str


Destination = Own | Forward | Move | None  # None: there is nothing
Origins = Mapping[Account, str]  # where the channel of each account takes its hooks


def route(host: str, path: str, settings: GatewaySettings, tenants: Collection[str]) -> Destination:
    """Return where this request belongs; `path` is as it came, undecoded and without query."""
    if not _is_plain(path):
        return None
    if host not in {settings.public_host, *settings.hosts}:
        return Move(settings.public + path)
    only = settings.hosts.get(host, "")
    first, slash, rest = path[1:].partition("/")
    if not first:
        return Move(f"/{only}/") if only else Own.HOME
    if own := {path[1:], first} & _OWN:
        return Own(max(own, key=len))
    if first in _STAFF or (first in tenants and only in ("", first)):
        return _service(first, rest, settings, only) if slash else Move(f"/{first}/")
    return _extra(path, settings)


def route_hook(host: str, path: str, settings: GatewaySettings, origins: Origins) -> Hook | None:
    """Return whose hook this is; None where the path is no hook's.

    Providers call by the public address; its standard port may be written or not (RFC 9110 §4.2.3).
    """
    called = called_account(path)
    if called is None:
        return None
    port = ":443" if settings.is_secure else ":80"
    is_public = host.removesuffix(port) == settings.public_host.removesuffix(port)
    return Hook(called[0], origins.get(called[0], "") if is_public and _is_plain(path) else "")


def _service(first: str, rest: str, settings: GatewaySettings, only: str) -> Destination:
    word = _words(rest)[0]
    if word in _INSIDE or (word == "operations" and first != "desk"):
        return None  # nobody outside asks a channel for its state; the desk shows it to operators
    if first == "desk":
        return Forward(settings.workspace, f"/{rest}", "/desk", "workspace", "desk", only)
    if first == "scans":
        origin = settings.channel_paper
        return Forward(origin, f"/{rest}", "/scans", "channel_paper", "scans", only)
    return Forward(settings.channel_web, f"/{rest}", f"/{first}", "channel_web", "portal", first)


def _extra(path: str, settings: GatewaySettings) -> Forward | None:
    for prefix, origin in settings.routes.items():
        if path == prefix or path.startswith(prefix.rstrip("/") + "/"):
            return Forward(origin, path, prefix)
    return None


def _words(path: str) -> list[str]:
    """Return the parts of a path as a service will read them, whatever was encoded."""
    return unquote_to_bytes(path).decode("utf-8", "replace").split("/")


def _is_plain(path: str) -> bool:
    """Say whether this is a path that nobody along the way could read as another one."""
    if not path.startswith("/") or path.startswith("//"):
        return False
    whole = unquote_to_bytes(path).decode("utf-8", "replace")
    if "\\" in whole or not whole.isprintable() or "\ufffd" in whole:
        return False
    return not {".", ".."} & set(whole.split("/"))
