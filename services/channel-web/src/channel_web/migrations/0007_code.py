"""One-time codes that confirm a telephone number, for answers by SMS."""

from alembic import op

from hub_kit.schema import by_tenant, statements

revision = "channel_web_0007"
down_revision = "channel_web_0006"

# `number` and `network` are HMACs, `code` an Argon2id hash; the number itself lies sealed.
CODE = """
create table code (
  id uuid primary key,
  tenant text not null,
  portal_id uuid not null,
  number text not null,
  network text not null,
  code text not null,
  sealed bytea not null,
  tries int not null default 0,
  at timestamptz not null default now(),
  ends_at timestamptz not null,
  used_at timestamptz
);
create index code_inbox on code (tenant, portal_id, at);
create index code_number on code (tenant, number, at);
create index code_network on code (tenant, network, at)
"""


def upgrade() -> None:
    for statement in statements(CODE):
        op.execute(statement)
    for statement in by_tenant("code"):
        op.execute(statement)
