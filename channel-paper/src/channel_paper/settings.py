"""Every setting of the paper channel."""

from pydantic import Field

from channel_paper.boxes import Boxes
from hub_kit.about import About
from hub_kit.listen import Listen, ListenAddress
from hub_kit.retry import Patience
from hub_kit.settings import Loaded, Section

SERVICE = "channel_paper"
PATIENCE = Patience(give_up_after=4 * 86_400, pauses=(60, 300, 1_800))  # of every provider


class PaperSettings(Section):
    """`services.channel_paper` of the file."""

    http: ListenAddress = Listen("127.0.0.1", 8018)
    look_every: float = Field(default=2, gt=0, description="seconds between looks into folders")


def read(loaded: Loaded) -> tuple[PaperSettings, Boxes]:
    return loaded.section(SERVICE, PaperSettings), Boxes.read(loaded)


ABOUT = About(SERVICE, PaperSettings, read)
