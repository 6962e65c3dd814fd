"""How often a number was answered by rule on a day: so that no machine is answered for ever."""

from alembic import op

from hub_kit.schema import by_tenant, statements

revision = "conversation_store_0008"
down_revision = "conversation_store_0007"

STATEMENTS = """
create table wish_answered (
  tenant text not null,
  contact_point_id uuid not null,
  channel text not null,
  day date not null,
  n int not null,
  primary key (tenant, contact_point_id, channel)
)
"""


def upgrade() -> None:
    for statement in (*statements(STATEMENTS), *by_tenant("wish_answered")):
        op.execute(statement)
