"""A channel as the kit's tests need one: the tables that all channels share, and that of a reader."""

from alembic import op

from hub_kit.schema import CHANNEL, READING, statements

revision = "probe_channel_0001"
down_revision = None


def upgrade() -> None:
    for statement in (*statements(CHANNEL), *statements(READING)):
        op.execute(statement)
