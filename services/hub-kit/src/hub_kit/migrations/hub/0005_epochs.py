"""Who wraps data keys anew sees the keys of all tenants, and nothing else (`rewrap`)."""

from alembic import op

from hub_kit.schema import role

revision = "hub_0005"
down_revision = "hub_0004"


def upgrade() -> None:
    """What it may see is granted with each schema, so that no later table is forgotten."""
    op.execute(role("hub_rewrapper"))
    op.execute("grant hub_rewrapper to current_user")
