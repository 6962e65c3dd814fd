"""What the relay sets aside, and why a service does not reach its peer."""

from alembic import op

from hub_kit.schema import statements

revision = "hub_0007"
down_revision = "hub_0006"

STATEMENTS = """
create table hub.parked (
  id bigint generated always as identity primary key,
  consumer text not null,
  lane text not null,
  topic text not null,
  key text not null,
  position text not null,
  traceparent text not null,
  body bytea not null,
  reason text not null,
  replay_asked boolean not null default false,
  at timestamptz not null default now()
);
create table hub.dead_letter (like hub.parked including all);
grant select, insert, update, delete on hub.parked, hub.dead_letter to hub_relay;
create table hub.unreached (
  service text primary key default current_user,
  reason text not null,
  at timestamptz not null
);
alter table hub.unreached enable row level security;
alter table hub.unreached force row level security;
create policy own on hub.unreached
  using (service = current_user) with check (service = current_user);
grant select, insert, update, delete on hub.unreached to hub_writer
"""


def upgrade() -> None:
    for statement in statements(STATEMENTS):
        op.execute(statement)
