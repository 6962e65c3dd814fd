"""What is known of an address: that many write by it, and that a Reply-To named it only."""

from alembic import op

revision = "conversation_store_0005"
down_revision = "conversation_store_0004"


def upgrade() -> None:
    """A constant default does not rewrite a table."""
    op.execute(
        "alter table contact_point add column if not exists shared boolean not null default false,"
        " add column if not exists reply_to uuid"
    )
    op.execute(
        "alter table participant add column if not exists claimed boolean not null default false"
    )
