"""What a scanner said of a file when it was to be opened, and who let it go nevertheless."""

from alembic import op

from hub_kit.schema import by_tenant, statements

revision = "conversation_store_0011"
down_revision = "conversation_store_0010"

STATEMENTS = """
create table held_file (
  tenant text not null,
  entry_id uuid not null,
  number int not null,
  said text not null,
  finding text not null,
  by text not null,
  at timestamptz not null default now(),
  primary key (tenant, entry_id, number)
)
"""


def upgrade() -> None:
    for statement in (*statements(STATEMENTS), *by_tenant("held_file")):
        op.execute(statement)
