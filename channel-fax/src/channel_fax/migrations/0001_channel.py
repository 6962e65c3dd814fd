"""The tables every channel has; HylaFAX's jobs for our messages, and faxes to numbers of nobody."""

from alembic import op

from hub_kit.schema import CHANNEL, READING, statements

revision = "channel_fax_0001"
down_revision = None


def upgrade() -> None:
    for statement in (*statements(CHANNEL), *statements(READING)):
        op.execute(statement)
    op.execute(
        """
create table fax_job (
  message_id uuid primary key,
  tenant text not null,
  account text not null,
  job text not null default '',
  pages int not null default 0,
  said text not null default '',
  active_at timestamptz,
  done boolean not null default false,
  at timestamptz not null default now()
)"""
    )
    op.execute("create index fax_job_open on fax_job (at) where not done")
    op.execute("create index fax_job_by_age on fax_job (at)")
    op.execute(
        """
create table fax_stray (
  id uuid primary key,
  number bigint generated always as identity,
  wrapped bytea not null,
  data bytea not null,
  at timestamptz not null default now()
)"""
    )
