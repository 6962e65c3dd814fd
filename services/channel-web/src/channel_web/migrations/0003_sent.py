"""Finds requests that were sent long ago."""

from hub_kit.migrate import make_index

revision = "channel_web_0003"
down_revision = "channel_web_0002"


def upgrade() -> None:
    make_index("outgoing_sent", "outgoing (taken_at) where state = 'done'")
