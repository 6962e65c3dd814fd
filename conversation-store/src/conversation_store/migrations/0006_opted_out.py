"""Who wants nothing more by a channel: a stop that was said by it, until a start is."""

from alembic import op

from hub_kit.schema import by_tenant, statements

revision = "conversation_store_0006"
down_revision = "conversation_store_0005"

STATEMENTS = """
create table opted_out (
  tenant text not null,
  contact_point_id uuid not null,
  channel text not null,
  at timestamptz not null,
  primary key (tenant, contact_point_id, channel)
)
"""


def upgrade() -> None:
    for statement in (*statements(STATEMENTS), *by_tenant("opted_out")):
        op.execute(statement)
