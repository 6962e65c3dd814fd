"""What the peer of an account does not carry: its channel learns it, the store offers it not."""

from alembic import op

from hub_kit.schema import by_tenant, statements

revision = "hub_0008"
down_revision = "hub_0007"

STATEMENTS = """
create table hub.lack (
  tenant text not null,
  account text not null,
  lack text not null,
  at timestamptz not null default now(),
  primary key (tenant, account, lack)
);
grant select on hub.lack to hub_reader;
grant select, insert, delete on hub.lack to hub_writer
"""


def upgrade() -> None:
    for statement in (*statements(STATEMENTS), *by_tenant("hub.lack")):
        op.execute(statement)
