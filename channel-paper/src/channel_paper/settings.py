"""Every setting of the paper channel."""

from pathlib import Path

from pydantic import Field

from channel_paper.boxes import Boxes
from channel_paper.check_folders import lacks as folder_lacks
from hub_kit.about import About, Lack
from hub_kit.listen import Listen, ListenAddress
from hub_kit.retry import Patience
from hub_kit.settings import Loaded, Section

SERVICE = "channel_paper"
PATIENCE = Patience(give_up_after=4 * 86_400, pauses=(60, 300, 1_800))  # of every provider


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
    size_limit: int = Field(default=200_000_000, ge=1, description="bytes of one file")


def read(loaded: Loaded) -> tuple[PaperSettings, Boxes]:
    return loaded.section(SERVICE, PaperSettings), Boxes.read(loaded)


def _lacks(loaded: Loaded) -> list[Lack]:
    settings, boxes = read(loaded)
    return list(folder_lacks(boxes, listens=settings.sftp is not None))


ABOUT = About(SERVICE, PaperSettings, read, lacks=_lacks)
