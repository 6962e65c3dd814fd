"""The calls that we make: whom to connect with whom, and how far each one is."""

from alembic import op

from hub_kit.schema import by_tenant, statements

revision = "channel_phone_0002"
down_revision = "channel_phone_0001"

MADE = """
-- `id` is the request's. `sealed` has both numbers and what the hooks have said; `sid` is the HMAC
-- of the provider's id, so that a call which is found in its log is never taken for two of ours.
create table made (
  id uuid primary key,
  tenant text not null,
  account text not null,
  sealed bytea not null,
  sid text,
  made_at timestamptz not null default now(),
  heard_at timestamptz not null default now(),
  closed_at timestamptz
);
create index made_sid on made (tenant, sid) where sid is not null;
create index made_open on made (tenant, heard_at, id) where closed_at is null
"""


def upgrade() -> None:
    for statement in (*statements(MADE), *by_tenant("made")):
        op.execute(statement)
