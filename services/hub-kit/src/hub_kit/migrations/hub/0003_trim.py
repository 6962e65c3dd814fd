"""The log may be trimmed: ids outlive it, its rows know their age, and keys name their blobs."""

from alembic import op

from hub_kit.schema import role, statements

revision = "hub_0003"
down_revision = "hub_0002"

STATEMENTS = """
lock table hub.event_log in share row exclusive mode;
-- What has been appended with a key is never appended again, also where the log row is trimmed and
-- the key erased. The others are told once by their writer's own transaction.
create table hub.event_id (id uuid primary key);
insert into hub.event_id
  select event_id from hub.event_log where type not in ('entry.appended', 'transaction.changed');
alter table hub.event_log drop constraint event_log_pkey;
-- Since when it is kept; what stood before is kept from now on.
alter table hub.event_log add column kept_at timestamptz not null default now();
-- The relay finds the topics from the index's beginning, where what is trimmed lies until vacuum
-- comes: 0.15 ms a look become 0.5 behind 20,000 events, and 6 behind 100,000. And to give space at
-- the end of a table back, vacuum takes a lock that stops all readers and writers.
alter table hub.event_log set (
  autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000,
  vacuum_truncate = off, toast.vacuum_truncate = off
);
alter table hub.message_key add column blob text not null default '';
-- Also for an owner who is no superuser, the policies do not count while this is written.
alter table hub.message_key no force row level security;
update hub.message_key k set blob = e.body #>> '{original,name}'
from (select event_id, convert_from(body, 'UTF8')::jsonb as body from hub.event_log
      where type in ('message.received', 'delivery.reported')) e
where e.event_id = k.owner and e.body #>> '{original,name}' is not null;
alter table hub.message_key force row level security;
-- Objects that an erased message has left: deleted once no other message lies in them.
create table hub.blob_left (
  name text primary key,
  tenant text not null,
  written_at timestamptz not null
);
alter table hub.blob_left enable row level security;
alter table hub.blob_left force row level security;
create policy by_tenant on hub.blob_left to hub_keeper
  using (tenant = (select current_setting('hub.tenant', true)));
grant select, insert, update, delete on hub.blob_left to hub_keeper;
grant insert, select on hub.event_id to hub_writer;
-- The trimmer deletes what every reader is past; `migrate` shows it where they stand.
grant usage on schema hub to hub_trimmer;
grant select, delete on hub.event_log to hub_trimmer;
grant select on hub.cursor to hub_trimmer
"""


def upgrade() -> None:
    for statement in [role("hub_trimmer"), *statements(STATEMENTS)]:
        op.execute(statement)
