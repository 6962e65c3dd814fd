"""Which telephone rings first when an agent calls somebody back: typed once, sealed, kept."""

from alembic import op

from hub_kit.schema import by_tenant, statements

revision = "workspace_0003"
down_revision = "workspace_0002"

TABLES = """
create table telephone (
  tenant text not null,
  who text not null,
  owner uuid not null,
  wrapped bytea not null,
  sealed bytea not null,
  changed_at timestamptz not null default now(),
  primary key (tenant, who)
)
"""


def upgrade() -> None:
    for statement in (*statements(TABLES), *by_tenant("telephone")):
        op.execute(statement)
