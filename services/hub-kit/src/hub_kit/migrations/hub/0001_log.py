"""The event log, the data keys, and the roles that may touch them."""

from alembic import op

from hub_kit.schema import role, statements

revision = "hub_0001"
down_revision = None

STATEMENTS = """
create table hub.event_log (
  event_id uuid primary key,
  xid xid8 not null default pg_current_xact_id(),
  seq bigint not null generated always as identity,
  tenant text not null,
  topic text not null,
  key text not null,
  type text not null,
  source text not null,
  at timestamptz not null,
  traceparent text not null,
  body bytea not null
);
create index event_log_order on hub.event_log (topic, xid, seq);
-- Sealed bytes do not compress; trying costs time.
alter table hub.event_log alter column body set storage external;
create table hub.message_key (
  owner uuid primary key,
  tenant text not null,
  wrapped bytea not null,
  reader text not null default '',
  at timestamptz not null default now()
);
alter table hub.message_key enable row level security;
alter table hub.message_key force row level security;
create policy written on hub.message_key for insert with check (true);
create policy by_reader on hub.message_key for select using (reader = current_user);
grant usage on schema hub to hub_writer, hub_reader, hub_keeper;
-- `on conflict` and `returning` need to see the id, nothing else.
grant insert, select (event_id) on hub.event_log to hub_writer;
grant insert, select on hub.message_key to hub_writer;
grant select on hub.event_log to hub_reader;
-- The keeper (the store) opens and erases messages, one tenant at a time.
grant select, delete on hub.message_key to hub_keeper;
create policy by_tenant on hub.message_key to hub_keeper
  using (tenant = (select current_setting('hub.tenant', true)));
create table hub.cursor (
  consumer text not null,
  lane text not null,
  position text not null,
  moved_at timestamptz not null default now(),
  primary key (consumer, lane)
)
"""


def upgrade() -> None:
    roles = [role(name) for name in ("hub_writer", "hub_reader", "hub_keeper")]
    for statement in [*roles, *statements(STATEMENTS)]:
        op.execute(statement)
