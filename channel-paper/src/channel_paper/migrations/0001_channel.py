"""The tables every channel has: reader, outgoing, checkpoints."""

from alembic import op

from hub_kit.schema import CHANNEL, statements

revision = "channel_paper_0001"
down_revision = None


def upgrade() -> None:
    for statement in statements(CHANNEL):
        op.execute(statement)
