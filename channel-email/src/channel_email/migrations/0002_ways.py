"""What waits for one recipient no longer holds up the others of its conversation."""

from alembic import op

from hub_kit.schema import CHANNEL_WAYS, statements

revision = "channel_email_0002"
down_revision = "channel_email_0001"


def upgrade() -> None:
    for statement in statements(CHANNEL_WAYS):
        op.execute(statement)
