"""The port: the one thing that a provider of SMS implements; `app` holds the table of them."""

from typing import Protocol

from channel_sms.numbers import Accounts
from channel_sms.settings import SmsSettings
from hub_kit.channel import ChannelParts
from hub_kit.ground import Ground


class Provider(Protocol):
    """What our `numbers` at one provider add to the channel.

    Always a sender (`hub_kit.outgoing.Sender`); the way in is a hook that the provider calls, or
    work that holds a line to it or looks into its log. Whatever it is, what comes in goes through
    `ground.accept` before the provider hears yes, and reports use the words of `Delivery`.
    """

    def __call__(self, ground: Ground, settings: SmsSettings, numbers: Accounts, /) -> ChannelParts:
        """Return its parts; nothing is connected yet."""
