"""The relay's own role: it reads the whole log and moves its own cursor, nothing else."""

from alembic import op

from hub_kit.schema import statements

revision = "hub_0002"
down_revision = "hub_0001"

STATEMENTS = """
do $$ begin
  if not exists (select from pg_roles where rolname = 'hub_relay') then
    create role hub_relay login;
  end if;
end $$;
grant usage on schema hub to hub_relay;
grant select on hub.event_log to hub_relay;
grant select, insert, update on hub.cursor to hub_relay
"""


def upgrade() -> None:
    for statement in statements(STATEMENTS):
        op.execute(statement)
