"""What the desk keeps itself: who works here, drafts, answers held for seconds, who is where."""

from alembic import op

from hub_kit.schema import statements

revision = "workspace_0001"
down_revision = None

# Names of agents, and what they write, are sealed; a key lies wrapped beside it and goes with it.
TABLES = """
create table agent (
  tenant text not null,
  who text not null,
  owner uuid not null,
  wrapped bytea not null,
  sealed bytea not null,
  seen_at timestamptz not null default now(),
  primary key (tenant, who)
);
create table presence (
  tenant text not null,
  conversation_id uuid not null,
  who text not null,
  seen_at timestamptz not null default now(),
  wrote_at timestamptz,
  primary key (tenant, conversation_id, who)
);
create table draft (
  id uuid primary key,
  tenant text not null,
  who text not null,
  conversation_id uuid not null,
  wrapped bytea not null,
  sealed bytea not null,
  changed_at timestamptz not null default now(),
  unique (tenant, who, conversation_id)
);
create table held (
  id uuid primary key,
  tenant text not null,
  who text not null,
  role text not null,
  conversation_id uuid not null,
  wrapped bytea not null,
  sealed bytea not null,
  send_at timestamptz not null,
  claimed_until timestamptz,
  refused text
);
create index held_due on held (tenant, send_at) where refused is null;
create index held_of on held (tenant, conversation_id);
create table file (
  id uuid primary key,
  tenant text not null,
  draft_id uuid references draft on delete cascade,
  held_id uuid references held on delete cascade,
  wrapped bytea not null,
  sealed bytea not null, -- its name and media type
  data bytea not null, -- sealed under the same key
  size int not null,
  at timestamptz not null default now(),
  check (draft_id is not null or held_id is not null)
);
create index file_of_draft on file (tenant, draft_id);
create index file_of_held on file (tenant, held_id)
"""
_OWN = "(tenant = (select current_setting('hub.tenant')))"


def upgrade() -> None:
    for statement in statements(TABLES):
        op.execute(statement)
    for table in ("agent", "presence", "draft", "held", "file"):
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"alter table {table} force row level security")
        op.execute(f"create policy tenant on {table} using {_OWN} with check {_OWN}")
