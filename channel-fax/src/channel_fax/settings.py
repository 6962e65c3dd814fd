"""Every setting of the fax channel."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, HttpUrl, TypeAdapter
from pydantic.functional_validators import AfterValidator

from channel_fax.check import lacks
from channel_fax.numbers import Accounts, ProviderName
from hub_kit.about import About, Lack, Peer
from hub_kit.listen import HostPort, Listen, ListenAddress, PeerAddress
from hub_kit.retry import Patience
from hub_kit.secret import read_secret
from hub_kit.settings import ConfigurationError, Loaded, Section

SERVICE = "channel_fax"
STATUS = "/status"  # behind an account's hook, with ?message=<our id>
_URL = TypeAdapter(HttpUrl)
Url = Annotated[str, AfterValidator(lambda text: str(_URL.validate_python(text)).rstrip("/"))]
PATIENCE = Patience(give_up_after=4 * 3_600, pauses=(30, 60, 300))  # of every provider


class Hylafax(Section):
    """`services.channel_fax.hylafax`: the one HylaFAX whose lines this service has."""

    hfaxd: PeerAddress = HostPort("127.0.0.1", 4559)
    user: str = Field(default="faden", pattern=r"^[A-Za-z0-9._-]{1,32}$")
    password_file: Path | None = None
    password_env: str = Field(default="", description="name of an environment variable")
    secret_file: Path | None = Field(default=None, description="what faden-faxrcvd shows us")
    secret_env: str = Field(default="", description="name of an environment variable")
    spool: Path = Path("/var/spool/hylafax")
    modem: str = Field(default="any", pattern=r"^[A-Za-z0-9]{1,32}$")
    lines: Literal[98, 196] = Field(
        default=196, description="an inch: 98 is Standard, in half the time"
    )
    sweep_after: float = Field(default=300, gt=0, description="seconds a fax may lie in recvq")
    longest_call: float = Field(
        default=1800, gt=0, description="seconds after which a job that still sends is ended"
    )
    look_every: float = Field(default=5, gt=0, description="seconds between looks at our jobs")
    max_dials: int = Field(default=6, ge=1, le=100, description="calls of one fax, at most")
    max_tries: int = Field(default=3, ge=1, le=100, description="calls that a machine answered")

    def password(self) -> str:
        return read_secret("password", self.password_file, self.password_env)

    def secret(self) -> str:
        return read_secret("secret", self.secret_file, self.secret_env)


class Telnyx(Section):
    """`services.channel_fax.telnyx`."""

    api: Url = "https://api.telnyx.com"
    media_hosts: tuple[str, ...] = Field(
        default=(
            "telnyx.com",
            "telnyxcloudstorage.com",
            "faxes-prod.s3.amazonaws.com",
            "s3.amazonaws.com/faxes-prod",
        ),
        description="where faxes are fetched from: a host and what is below it, or one folder",
    )


class Sinch(Section):
    """`services.channel_fax.sinch`."""

    api: Url = "https://eu1.fax.api.sinch.com"


class FaxSettings(Section):
    """`services.channel_fax` of the file."""

    http: ListenAddress = Listen("127.0.0.1", 8017)
    largest: int = Field(default=50_000_000, gt=0, description="bytes of one fax that comes in")
    most_pages: int = Field(default=100, ge=1, le=350, description="of one fax that goes out")
    hylafax: Hylafax = Hylafax()
    telnyx: Telnyx = Telnyx()
    sinch: Sinch = Sinch()
    reconcile_every: float = Field(
        default=300, gt=0, description="seconds between looks into a hosted provider's log"
    )


def read(loaded: Loaded) -> tuple[FaxSettings, Accounts]:
    return loaded.section(SERVICE, FaxSettings), Accounts.read(loaded)


def peers(loaded: Loaded) -> list[Peer]:
    """Return where hfaxd and hosted providers are, for `faden check`."""
    settings, found = read(loaded)
    hfaxd = settings.hylafax.hfaxd
    places = {
        ProviderName.HYLAFAX: Peer(f"services.{SERVICE}.hylafax.hfaxd", hfaxd.host, hfaxd.port),
        ProviderName.TELNYX: _peer("telnyx", settings.telnyx.api),
        ProviderName.SINCH: _peer("sinch", settings.sinch.api),
    }
    return [peer for provider, peer in places.items() if list(found.at(provider))]


def _peer(provider: str, api: str) -> Peer:
    url = HttpUrl(api)
    return Peer(f"services.{SERVICE}.{provider}.api", str(url.host), int(url.port or 443))


def _lacks(loaded: Loaded) -> list[Lack]:
    settings, found = read(loaded)
    own = _secret_lacks(settings.hylafax) if list(found.at(ProviderName.HYLAFAX)) else ()
    apis = {ProviderName.TELNYX: settings.telnyx.api, ProviderName.SINCH: settings.sinch.api}
    return [*own, *lacks(found, apis)]


def _secret_lacks(hylafax: Hylafax) -> Iterator[Lack]:
    for name, ask, is_needed in (
        ("secret", hylafax.secret, True),
        ("password", hylafax.password, False),
    ):
        try:
            fault = "" if ask() or not is_needed else "names no secret; faden-faxrcvd shows one"
        except ConfigurationError as error:
            fault = str(error)
        if fault:
            key = f"services.{SERVICE}.hylafax.{name}_file"
            value = str(getattr(hylafax, f"{name}_file") or "")
            yield Lack(key, value, fault, f"name {name}_file or {name}_env")


ABOUT = About(SERVICE, FaxSettings, read, peers, _lacks)
