"""Citizens' sessions: they end for good, and a secret is shown once."""

from alembic import op

from hub_kit.schema import by_tenant, statements

revision = "channel_web_0005"
down_revision = "channel_web_0004"

SESSION = """
-- `id` is the HMAC of the cookie's token, `visit` that of the browser's visit, to which its forms
-- are bound; `ended_at`: somebody left. `sealed`: the secret until it was shown, a name.
create table session (
  id text primary key,
  tenant text not null,
  visit text not null,
  portal_id uuid not null,
  sealed bytea not null,
  seen_at timestamptz not null default now(),
  ends_at timestamptz not null,
  ended_at timestamptz
);
create index session_visit on session (tenant, visit);
create index session_end on session (tenant, ends_at);
-- What somebody has left at a computer; for a day, which no form or copy of a cookie outlives.
create table left_visit (
  visit text primary key,
  tenant text not null,
  at timestamptz not null default now()
);
create index left_visit_age on left_visit (tenant, at);
alter table inbox add column shown_at timestamptz
"""


def upgrade() -> None:
    for statement in statements(SESSION):
        op.execute(statement)
    for table in ("session", "left_visit"):
        for statement in by_tenant(table):
            op.execute(statement)
