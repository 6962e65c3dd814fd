"""The tables every channel has: reader, outgoing, checkpoints."""

from alembic import op

from hub_kit.schema import CHANNEL_FIRST, statements

revision = "channel_email_0001"
down_revision = None


def upgrade() -> None:
    for statement in statements(CHANNEL_FIRST):
        op.execute(statement)
