"""What an agent has said of an address: one person writes by it, whatever the signs say."""

from alembic import op

revision = "conversation_store_0009"
down_revision = "conversation_store_0008"


def upgrade() -> None:
    """A constant default does not rewrite a table."""
    op.execute(
        "alter table contact_point add column if not exists single boolean not null default false"
    )
