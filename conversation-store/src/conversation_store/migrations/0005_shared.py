"""What is known of an address: that many people write by it, and where answers were wanted."""

from alembic import op

revision = "conversation_store_0005"
down_revision = "conversation_store_0004"


def upgrade() -> None:
    """A constant default does not rewrite the table."""
    op.execute(
        "alter table contact_point add column shared boolean not null default false,"
        " add column reply_to uuid"
    )
