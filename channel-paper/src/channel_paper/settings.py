"""Every setting of the paper channel."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, HttpUrl, TypeAdapter
from pydantic.functional_validators import AfterValidator

from channel_paper.boxes import Boxes, ProviderName
from channel_paper.check import lacks
from channel_paper.check_folders import lacks as folder_lacks
from hub_kit.about import About, Lack, Peer
from hub_kit.listen import Listen, ListenAddress
from hub_kit.retry import Patience
from hub_kit.settings import Loaded, Section

SERVICE = "channel_paper"
PATIENCE = Patience(give_up_after=4 * 86_400, pauses=(60, 300, 1_800))  # of every provider

_URL = TypeAdapter(HttpUrl)
Url = Annotated[str, AfterValidator(lambda text: str(_URL.validate_python(text)).rstrip("/"))]


class PaperSettings(Section):
    """`services.channel_paper` of the file."""

    http: ListenAddress = Listen("127.0.0.1", 8018)
    sftp: ListenAddress | None = Field(
        default=None, description="where scanners hand in by SFTP; none: no listener"
    )
    sftp_host_key: Path = Field(
        default=Path(".faden/sftp_host_key"), description="made at the first start"
    )
    look_every: float = Field(default=2, gt=0, description="seconds between looks into folders")
    still_seconds: float = Field(
        default=5, gt=0, description="without a change, until a scan counts as finished"
    )
    unended_seconds: float = Field(
        default=600, gt=0, description="the same for one that is empty or whose end is missing"
    )
    pingen: Url = "https://api.pingen.com"
    pingen_login: Url = "https://identity.pingen.com"
    letterxpress: Url = "https://api.letterxpress.de/v1"
    ask_every: float = Field(
        default=900, gt=0, description="seconds between looks into LetterXpress's lists"
    )
    size_limit: int = Field(default=200_000_000, ge=1, description="bytes of one file")


def read(loaded: Loaded) -> tuple[PaperSettings, Boxes]:
    return loaded.section(SERVICE, PaperSettings), Boxes.read(loaded)


def peers(loaded: Loaded) -> list[Peer]:
    """Return where the print houses in use are asked, for `faden check`."""
    settings, boxes = read(loaded)
    houses = {
        "pingen": (ProviderName.PINGEN, settings.pingen),
        "pingen_login": (ProviderName.PINGEN, settings.pingen_login),
        "letterxpress": (ProviderName.LETTERXPRESS, settings.letterxpress),
    }
    return [
        Peer(f"services.{SERVICE}.{key}", str(url.host), int(url.port or 443))
        for key, (provider, said) in houses.items()
        if list(boxes.at(provider))
        for url in [HttpUrl(said)]
    ]


def _lacks(loaded: Loaded) -> list[Lack]:
    settings, boxes = read(loaded)
    folders = folder_lacks(boxes, listens=settings.sftp is not None)
    return [*folders, *lacks(settings.pingen, boxes, loaded.public)]


ABOUT = About(SERVICE, PaperSettings, read, peers, _lacks)
