"""The tables every channel has, and those of the portal: inboxes, wrong secrets, kept uploads."""

from alembic import op

from hub_kit.schema import CHANNEL_FIRST, by_tenant, statements

revision = "channel_web_0001"
down_revision = None

PORTAL = """
-- An inbox opens by reference and secret. `form` is the HMAC of the form's token, so that a form
-- sent twice finds the inbox of the first time; `secret` is an Argon2id hash; `event_id` is what
-- began the conversation, once it is accepted.
create table inbox (
  portal_id uuid primary key,
  tenant text not null,
  reference text not null,
  form text not null,
  secret text not null,
  language text not null,
  event_id uuid,
  at timestamptz not null default now(),
  unique (tenant, reference),
  unique (tenant, form)
);
-- An attempt that was not right: `kind` reference or address, `key` its HMAC.
create table failure (
  id bigint generated always as identity primary key,
  tenant text not null,
  kind text not null check (kind in ('reference', 'address')),
  key text not null,
  at timestamptz not null default now()
);
create index failure_recent on failure (tenant, kind, key, at);
-- Files of forms that are not sent yet; key and name of each lie sealed in the form, nowhere else.
create table upload (
  blob text primary key,
  tenant text not null,
  at timestamptz not null default now()
);
create index upload_age on upload (tenant, at)
"""
TENANT_TABLES = ("inbox", "failure", "upload")


def upgrade() -> None:
    for statement in statements(CHANNEL_FIRST) + statements(PORTAL):
        op.execute(statement)
    for table in TENANT_TABLES:
        for statement in by_tenant(table):
            op.execute(statement)
