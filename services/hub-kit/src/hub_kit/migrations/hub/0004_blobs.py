"""Which messages lie in an object of the blob store."""

from hub_kit.migrate import make_index

revision = "hub_0004"
down_revision = "hub_0003"


def upgrade() -> None:
    make_index("message_key_by_blob", "hub.message_key (blob) where blob <> ''")
