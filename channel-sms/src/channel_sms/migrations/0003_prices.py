"""Parts that are refused for good are put aside, and what an SMS has cost is asked for later."""

from alembic import op

revision = "channel_sms_0003"
down_revision = "channel_sms_0002"


def upgrade() -> None:
    op.execute("alter table sms_part add column refused boolean not null default false")
    op.execute(
        """
-- A message whose way has ended, and whose price the provider has not said yet: its id there, ours.
create table sms_price (
  external_id text primary key,
  account text not null,
  message_id uuid not null,
  status text not null,
  tries int not null default 0,
  due_at timestamptz not null default now()
)"""
    )
    op.execute("create index sms_price_due on sms_price (due_at)")
