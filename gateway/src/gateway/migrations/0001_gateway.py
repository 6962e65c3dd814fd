"""Sessions, and how often somebody has asked."""

from alembic import op

from hub_kit.schema import statements

revision = "gateway_0001"
down_revision = None

TABLES = """
create table session (
  id bytea primary key,
  content bytea not null,
  begun_at timestamptz not null default now(),
  seen_at timestamptz not null default now()
);
create unlogged table bucket (
  key bytea primary key,
  due timestamptz not null
) with (fillfactor = 50)
"""


def upgrade() -> None:
    for statement in statements(TABLES):
        op.execute(statement)
