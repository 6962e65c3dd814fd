"""What a machine has read in the pages of an entry's original, sealed as it came.

It lies beside the entry, under the key of the event that brought it: erasing takes both. It may
come before its entry does.
"""

from alembic import op

from hub_kit.schema import by_tenant, statements

revision = "conversation_store_0010"
down_revision = "conversation_store_0009"

STATEMENTS = """
create table reading (
  tenant text not null,
  message_id uuid not null,
  event_id uuid not null,
  readable boolean not null,
  confidence double precision,
  pages int,
  at timestamptz not null,
  content bytea not null,
  primary key (tenant, message_id)
)
"""


def upgrade() -> None:
    for statement in (*statements(STATEMENTS), *by_tenant("reading")):
        op.execute(statement)
