"""A service that only notes what it was given, so that the tests of the bus can count."""

from alembic import op

from hub_kit.schema import READER, statements

revision = "bus_probe_0001"
down_revision = None

STATEMENTS = (
    READER
    + """;
create table handled (
  seq bigint generated always as identity primary key,
  event_id uuid not null unique,
  key text not null,
  place int not null,
  member text not null
);
create table given (
  seq bigint generated always as identity primary key,
  event_id uuid not null,
  member text not null
);
create table checked_late (
  place int not null unique deferrable initially deferred
)
"""
)


def upgrade() -> None:
    for statement in statements(STATEMENTS):
        op.execute(statement)
