"""The port: the one thing that a provider of faxes implements; `app` holds the table of them."""

from typing import Protocol

from channel_fax.numbers import Accounts
from channel_fax.settings import FaxSettings
from hub_kit.channel import ChannelParts
from hub_kit.ground import Ground


class Provider(Protocol):
    """What our `numbers` at one provider add to the channel.

    Always a sender (`hub_kit.outgoing.Sender`); the way in is a hook that the provider calls, or
    a route of our own (`add_to`) and work that looks for what it did not bring. Whatever it is,
    what comes in goes through `ground.accept` before the provider hears yes, and reports use the
    words of `Delivery`.
    """

    def __call__(self, ground: Ground, settings: FaxSettings, numbers: Accounts, /) -> ChannelParts:
        """Return its parts; nothing is connected yet."""
