"""Browsers that have opened an inbox, and one-time links: both pass a lock of it."""

from alembic import op

from hub_kit.schema import by_tenant, statements

revision = "channel_web_0006"
down_revision = "channel_web_0005"

KNOWN = """
-- `browser` is the HMAC of a cookie; until `linked_until` it counts as one that came by a link.
create table known (
  tenant text not null,
  browser text not null,
  portal_id uuid not null,
  linked_until timestamptz not null default '-infinity',
  at timestamptz not null default now(),
  primary key (tenant, browser, portal_id)
);
create index known_inbox on known (tenant, portal_id, at);
create index known_age on known (tenant, at);
-- A one-time link that was asked for; `id` is the HMAC of its token.
create table link (
  id text primary key,
  tenant text not null,
  portal_id uuid not null,
  at timestamptz not null default now(),
  ends_at timestamptz not null,
  used_at timestamptz
);
create index link_inbox on link (tenant, portal_id, at);
create index link_end on link (tenant, ends_at);
alter table failure drop constraint failure_kind_check;
alter table failure add constraint failure_kind_check
  check (kind in ('reference', 'address', 'known', 'link'))
"""


def upgrade() -> None:
    for statement in statements(KNOWN):
        op.execute(statement)
    for table in ("known", "link"):
        for statement in by_tenant(table):
            op.execute(statement)
