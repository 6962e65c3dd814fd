"""The tables every channel has, and the calls that are under way."""

from alembic import op

from hub_kit.schema import CHANNEL, by_tenant, statements

revision = "channel_phone_0001"
down_revision = None

CALL = """
-- A call; `id` is the HMAC of its provider's id, `sealed` all that its hooks have said so far. Once
-- its entry is kept, `sealed` is empty, and the row says only that a late hook is of no use.
create table call (
  id text primary key,
  tenant text not null,
  account text not null,
  sealed bytea not null,
  legs int not null,
  began_at timestamptz not null default now(),
  heard_at timestamptz not null default now(),
  ended boolean not null default false,
  closed_at timestamptz
);
create index call_open on call (tenant, heard_at) where closed_at is null;
create index call_closed on call (tenant, closed_at) where closed_at is not null
"""


def upgrade() -> None:
    for statement in (*statements(CHANNEL), *statements(CALL), *by_tenant("call")):
        op.execute(statement)
