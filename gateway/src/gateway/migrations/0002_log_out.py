"""What the provider calls a session, log-out tokens that counted, a claim that did not come."""

from alembic import op

from hub_kit.schema import statements

revision = "gateway_0002"
down_revision = "gateway_0001"

TABLES = """
alter table session
  add column at_provider text,
  add column person text,
  add column id_token bytea;
create index on session (at_provider);
create index on session (person);
create unlogged table logout_token (
  id bytea primary key,
  until timestamptz not null
);
create table lack (
  one boolean primary key default true check (one),
  at timestamptz not null default now(),
  expected text not null,
  kind text not null,
  came text[] not null
)
"""


def upgrade() -> None:
    for statement in statements(TABLES):
        op.execute(statement)
