"""The port: the one thing that a carrier of letters implements; `app` holds the table of them."""

from typing import Protocol

from channel_paper.boxes import Boxes
from channel_paper.settings import PaperSettings
from hub_kit.channel import ChannelParts
from hub_kit.ground import Ground


class Provider(Protocol):
    """What our `boxes` whose letters one provider carries add to the channel.

    Always a sender (`hub_kit.outgoing.Sender`); and how it is heard what became of a letter: a hook
    that the provider calls, or work that asks. Reports use the words of `Delivery`.
    """

    def __call__(self, ground: Ground, settings: PaperSettings, boxes: Boxes, /) -> ChannelParts:
        """Return its parts; nothing is connected yet."""
