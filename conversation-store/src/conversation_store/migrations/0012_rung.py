"""Which call was last made for a call-back: while it lasts, nobody is rung once more."""

from alembic import op

revision = "conversation_store_0012"
down_revision = "conversation_store_0011"


def upgrade() -> None:
    op.execute("alter table callback add column if not exists call_id uuid")
