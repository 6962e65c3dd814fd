"""Files of forms that were never sent: whose they are and how large, so that no disk is filled."""

from alembic import op

from hub_kit.schema import statements

revision = "channel_web_0004"
down_revision = "channel_web_0003"

# Of all tenants together, for they share one disk: the name of an object begins with its tenant,
# and nothing else is said here. `who` is the HMAC of an address, `visit` that of a cookie.
UNSENT = """
create table unsent (
  blob text primary key,
  who text not null,
  visit text not null default '',
  bytes bigint not null,
  at timestamptz not null default now()
);
create index unsent_age on unsent (at);
create index unsent_who on unsent (who);
create index unsent_visit on unsent (visit);
insert into unsent (blob, who, bytes, at) select blob, '', 0, at from upload;
drop table upload
"""


def upgrade() -> None:
    # What is forced on the owner hides the rows of every tenant from the move, too.
    op.execute("alter table upload no force row level security")
    for statement in statements(UNSENT):
        op.execute(statement)
