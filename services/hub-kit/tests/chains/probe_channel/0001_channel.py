"""A channel as the kit's tests need one: the tables that all channels share."""

from alembic import op

from hub_kit.schema import CHANNEL, statements

revision = "probe_channel_0001"
down_revision = None


def upgrade() -> None:
    for statement in statements(CHANNEL):
        op.execute(statement)
