"""For SMPP: the parts of long messages, and which id the SMSC gave to which message of ours."""

from alembic import op

revision = "channel_sms_0002"
down_revision = "channel_sms_0001"


def upgrade() -> None:
    op.execute(
        """
create table sms_part (
  id uuid primary key,
  set_id uuid not null,
  number int not null,
  total int not null,
  account text not null,
  key text not null,
  digest text not null,
  session uuid not null,
  wrapped bytea,
  data bytea,
  closed boolean not null default false,
  at timestamptz not null default now(),
  unique (set_id, number)
)"""
    )
    op.execute("create index sms_part_by_key on sms_part (account, key, at)")
    op.execute("create index sms_part_by_age on sms_part (at)")
    op.execute("create index sms_part_waiting on sms_part (account, at) where data is not null")
    op.execute(
        """
create table sms_sent (
  message_id uuid not null,
  number int not null,
  account text not null,
  reference int not null,
  external_id text,
  plain_id text,
  status text not null default '',
  at timestamptz not null default now(),
  primary key (message_id, number)
)"""
    )
    op.execute("create index sms_sent_by_plain_id on sms_sent (account, plain_id)")
    op.execute("create index sms_sent_by_age on sms_sent (at)")
