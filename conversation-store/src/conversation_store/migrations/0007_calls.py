"""Calls while they last, and who is to be called back.

A call that rings is forgotten hours after its end. Its content stays sealed under the key of the
event that brought it. A call-back belongs to the entry it came from, and moves where that moves.
"""

from alembic import op

from hub_kit.schema import by_tenant, statements

revision = "conversation_store_0007"
down_revision = "conversation_store_0006"

STATEMENTS = """
create table ringing (
  id uuid primary key,
  tenant text not null,
  channel text not null,
  account text not null,
  status text not null,
  since timestamptz not null,
  at timestamptz not null,
  conversation_id uuid,
  verified boolean not null,
  contact_point_id uuid,
  event_id uuid not null,
  content bytea not null
);
create index ringing_by_age on ringing (tenant, at);
create table callback (
  id uuid primary key,
  tenant text not null,
  owner text,
  day text not null,
  part text not null,
  begins_at timestamptz not null,
  due_at timestamptz not null,
  attempts int not null default 0,
  state text not null default 'open',
  reason text not null default '',
  made_by text not null,
  at timestamptz not null,
  changed_at timestamptz not null
);
create index callback_due on callback (tenant, due_at, id)
  where state in ('open', 'not_reached')
"""


def upgrade() -> None:
    for statement in (*statements(STATEMENTS), *by_tenant("ringing"), *by_tenant("callback")):
        op.execute(statement)
