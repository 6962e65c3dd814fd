"""The tables of conversations, their row-level security, and the right to open what citizens wrote.

Rule 1. Every table with a `tenant` has row-level security, forced: without `hub.tenant` there is
        nothing to see, not even for the owner.
Rule 2. Nothing personal is readable: contents are sealed, addresses and external ids are HMACs.
Rule 3. No foreign keys on the hot path: one write path keeps the rows together, in one transaction.
"""

from alembic import op

from hub_kit.schema import READER, statements

revision = "conversation_store_0001"
down_revision = None

TABLES = """
create table contact_point (
  id uuid primary key,
  tenant text not null,
  kind text not null,
  name_lookup text not null,
  sealed bytea not null,
  at timestamptz not null default now()
);
create index contact_point_by_name on contact_point (tenant, name_lookup) where name_lookup <> '';
create table party (
  id uuid primary key,
  tenant text not null,
  kind text not null,
  at timestamptz not null default now()
);
create table party_link (
  id uuid primary key,
  tenant text not null,
  party_id uuid not null,
  contact_point_id uuid not null,
  reason text not null,
  made_by text not null,
  at timestamptz not null default now(),
  undone_by text,
  undone_at timestamptz
);
create unique index party_link_once on party_link (contact_point_id) where undone_at is null;
create index party_link_by_party on party_link (party_id);
create table conversation (
  id uuid primary key,
  tenant text not null,
  channel text not null,
  account text not null,
  state text not null check (state in ('open', 'snoozed', 'closed', 'merged')),
  reference text not null,
  transaction_id uuid,
  merged_into uuid,
  assignee text,
  snoozed_until timestamptz,
  waiting_since timestamptz,
  opened_at timestamptz not null,
  last_at timestamptz not null,
  entry_count int not null,
  next_place int not null,
  unread int not null
) with (fillfactor = 80);
create index conversation_by_activity on conversation (tenant, state, last_at desc, id desc);
create index conversation_by_assignee
  on conversation (tenant, assignee, state, last_at desc, id desc)
  where assignee is not null;
create index conversation_merged on conversation (merged_into) where merged_into is not null;
create index conversation_snoozed on conversation (tenant, snoozed_until, id)
  where state = 'snoozed';
create index conversation_unassigned on conversation (tenant, last_at desc, id desc)
  where state = 'open' and assignee is null;
create index conversation_waiting on conversation (tenant, waiting_since, id)
  where state = 'open' and waiting_since is not null;
create table tally (
  tenant text not null,
  state text not null,
  assignee text not null,
  waiting boolean not null,
  n int not null
) with (autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);
create index tally_by_tenant on tally (tenant);
create table entry (
  id uuid primary key,
  tenant text not null,
  conversation_id uuid not null,
  place int not null,
  kind text not null,
  direction text not null,
  channel text not null,
  account text not null,
  at timestamptz not null,
  claimed_at timestamptz,
  contact_point_id uuid,
  author text not null,
  automatic text not null,
  readable boolean not null,
  partial boolean not null,
  verified boolean not null,
  rule smallint not null,
  reason text not null,
  marks text not null,
  facts text not null,
  original text not null,
  delivery text,
  delivery_reason text,
  delivery_code text,
  delivery_at timestamptz,
  content bytea not null,
  constraint entry_place unique (conversation_id, place)
);
-- Sealed bytes do not compress; trying costs time.
alter table entry alter column content set storage external;
alter table entry alter column facts set storage main;
create index entry_undelivered on entry (contact_point_id)
  where delivery in ('failed', 'returned');
create table external_ref (
  lookup text primary key,
  tenant text not null,
  entry_id uuid not null,
  mentioned boolean not null
);
create table reference (
  tenant text not null,
  digits text not null,
  conversation_id uuid not null,
  primary key (tenant, digits)
);
create table participant (
  conversation_id uuid not null,
  contact_point_id uuid not null,
  channel text not null,
  tenant text not null,
  account text not null,
  verified boolean not null,
  open boolean not null,
  at timestamptz not null,
  preferred_at timestamptz,
  primary key (conversation_id, contact_point_id, channel)
);
create index participant_by_contact_point on participant (contact_point_id, open, at);
create table transaction (
  id uuid primary key,
  tenant text not null,
  public_service text not null,
  status text not null check (status in ('INITIATED', 'SUBMITTED', 'RECEIVED', 'PROCESSING',
    'ACTION_REQUIRED', 'COMPLETED')),
  reference text not null,
  conversation_id uuid not null,
  at timestamptz not null
);
create table contribution (
  entry_id uuid not null,
  number int not null,
  tenant text not null,
  transaction_id uuid,
  requirement text not null,
  source text not null,
  confidence real not null,
  attachment int,
  confirmed_by text,
  primary key (entry_id, number)
);
create index contribution_by_transaction on contribution (transaction_id)
  where transaction_id is not null;
create table proposal (
  id uuid primary key,
  tenant text not null,
  conversation_id uuid not null,
  kind text not null check (kind in ('same_person', 'same_concern')),
  other uuid not null,
  reason text not null,
  at timestamptz not null,
  decided text,
  decided_by text,
  decided_at timestamptz
);
create index proposal_by_conversation on proposal (conversation_id);
create table rearrangement (
  id uuid primary key,
  tenant text not null,
  kind text not null check (kind in ('merge', 'split', 'move', 'undo')),
  source uuid not null,
  target uuid not null,
  made_by text not null,
  at timestamptz not null default now(),
  seq bigint generated always as identity,
  undoes uuid unique,
  before text not null
);
create index rearrangement_by_source on rearrangement (source);
create index rearrangement_by_target on rearrangement (target);
create table rearranged (
  rearrangement_id uuid not null,
  entry_id uuid not null,
  tenant text not null,
  from_conversation uuid not null,
  from_place int not null,
  to_conversation uuid not null,
  to_place int not null,
  primary key (rearrangement_id, entry_id)
);
create table delivery (
  id uuid primary key,
  tenant text not null,
  message_id uuid not null,
  status text not null,
  reason text not null,
  code text not null,
  at timestamptz not null,
  facts text not null,
  original text not null,
  content bytea not null
);
create index delivery_by_message on delivery (message_id, at);
alter table delivery alter column content set storage external
"""
# Counting a hundred thousand rows for each look at the queue would take too long, and one row that
# every writer updates would make them wait for each other: so each statement adds what it changed.
TALLY = """
create function tally_new() returns trigger language plpgsql as $$
begin
  insert into conversation_store.tally (tenant, state, assignee, waiting, n)
  select tenant, state, coalesce(assignee, ''), waiting_since is not null, count(*)
  from now group by 1, 2, 3, 4;
  return null;
end $$;
create function tally_changed() returns trigger language plpgsql as $$
begin
  insert into conversation_store.tally (tenant, state, assignee, waiting, n)
  select tenant, state, coalesce(assignee, ''), waiting_since is not null, sum(n)
  from (select tenant, state, assignee, waiting_since, 1 as n from now
        union all select tenant, state, assignee, waiting_since, -1 from before) c
  group by 1, 2, 3, 4 having sum(n) <> 0;
  return null;
end $$;
create trigger tally_new after insert on conversation
  referencing new table as now for each statement execute function tally_new();
create trigger tally_changed after update on conversation
  referencing old table as before new table as now
  for each statement execute function tally_changed()
"""
TENANT_TABLES = (
    "contact_point",
    "party",
    "party_link",
    "conversation",
    "tally",
    "entry",
    "external_ref",
    "reference",
    "participant",
    "transaction",
    "contribution",
    "proposal",
    "rearrangement",
    "rearranged",
    "delivery",
)
# A sub-select, so that the setting is read once a query and not once a row.
SECURE = """
alter table {table} enable row level security;
alter table {table} force row level security;
create policy by_tenant on {table}
  using (tenant = (select current_setting('hub.tenant', true)))
"""


def upgrade() -> None:
    script = [READER, TABLES, TALLY, *(SECURE.format(table=table) for table in TENANT_TABLES)]
    for part in script:
        for statement in statements(part):
            op.execute(statement)
    # The store opens and erases messages, one tenant at a time.
    op.execute("grant hub_keeper to conversation_store")
