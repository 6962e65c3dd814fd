"""Every setting of the SMS channel."""

from typing import Annotated

from pydantic import Field, HttpUrl, TypeAdapter
from pydantic.functional_validators import AfterValidator

from channel_sms.check import lacks
from channel_sms.numbers import Accounts, ProviderName, SmppNumber
from hub_kit.about import About, Lack, Peer
from hub_kit.listen import Listen, ListenAddress
from hub_kit.retry import Patience
from hub_kit.settings import ConfigurationError, Loaded, Section

SERVICE = "channel_sms"
PATIENCE = Patience(give_up_after=4 * 3_600, pauses=(10, 30, 60, 300))  # of every provider
STATUS = "/status"  # behind an account's hook, with ?message=<our id>
_URL = TypeAdapter(HttpUrl)
Url = Annotated[str, AfterValidator(lambda text: str(_URL.validate_python(text)).rstrip("/"))]


class SmsSettings(Section):
    """`services.channel_sms` of the file."""

    http: ListenAddress = Listen("127.0.0.1", 8015)
    twilio: Url = "https://api.twilio.com"
    media_hosts: tuple[str, ...] = Field(
        default=("twilio.com", "twiliocdn.com"), description="and what is below them"
    )
    media_limit: int = Field(default=5_000_000, description="bytes of one picture of an MMS")
    reconcile_every: float = Field(default=300, gt=0, description="seconds between looks")


def read(loaded: Loaded) -> tuple[SmsSettings, Accounts]:
    found = Accounts.read(loaded)
    for number in found.at(ProviderName.SMPP):
        _check_secret(loaded, number)
    return loaded.section(SERVICE, SmsSettings), found


def _check_secret(loaded: Loaded, number: SmppNumber) -> None:
    try:
        number.settings.password()
    except ConfigurationError as error:
        raise ConfigurationError(f"{loaded.path}: {number.setting}: {error}") from None


def peers(loaded: Loaded) -> list[Peer]:
    """Return where Twilio is asked, and every SMSC, for `faden check`."""
    settings, found = read(loaded)
    url = HttpUrl(settings.twilio)
    twilio = Peer(f"services.{SERVICE}.twilio", str(url.host), int(url.port or 443))
    smscs = [
        Peer(f"{one.setting}.host", one.settings.host, one.settings.port)
        for one in found.at(ProviderName.SMPP)
    ]
    return [twilio, *smscs] if list(found.at(ProviderName.TWILIO)) else smscs


def _lacks(loaded: Loaded) -> list[Lack]:
    settings, found = read(loaded)
    return list(lacks(settings.twilio, found))


ABOUT = About(SERVICE, SmsSettings, read, peers, _lacks)
