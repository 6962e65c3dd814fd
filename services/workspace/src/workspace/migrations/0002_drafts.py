"""Drafts by their age: what nobody has finished for long goes."""

from alembic import op

revision = "workspace_0002"
down_revision = "workspace_0001"


def upgrade() -> None:
    op.execute("create index draft_by_age on draft (tenant, changed_at)")
