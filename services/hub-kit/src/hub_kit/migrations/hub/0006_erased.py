"""In which conversations something was erased, for those who keep words about them (drafts)."""

from alembic import op

from hub_kit.schema import statements

revision = "hub_0006"
down_revision = "hub_0005"

STATEMENTS = """
create table hub.erased (
  tenant text not null,
  conversation_id uuid not null,
  at timestamptz not null,
  primary key (tenant, conversation_id)
);
alter table hub.erased enable row level security;
alter table hub.erased force row level security;
create policy by_tenant on hub.erased
  using (tenant = (select current_setting('hub.tenant', true)))
  with check (tenant = (select current_setting('hub.tenant', true)));
grant select, insert, update on hub.erased to hub_keeper;
grant select on hub.erased to hub_reader
"""


def upgrade() -> None:
    for statement in statements(STATEMENTS):
        op.execute(statement)
