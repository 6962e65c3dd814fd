"""What waits for one recipient no longer holds up the others of its conversation."""

from alembic import op

from hub_kit.schema import CHANNEL_WAYS, statements

revision = "probe_channel_0002"
down_revision = "probe_channel_0001"


def upgrade() -> None:
    for statement in statements(CHANNEL_WAYS):
        op.execute(statement)
