"""The tables every channel has, and what is still to be read in pages."""

from alembic import op

from hub_kit.schema import CHANNEL, READING, statements

revision = "channel_paper_0001"
down_revision = None


def upgrade() -> None:
    for statement in (*statements(CHANNEL), *statements(READING)):
        op.execute(statement)
