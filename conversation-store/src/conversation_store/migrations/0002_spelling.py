"""Notes by which rule the id of a contact point was made, so that `renew` finds the older ones."""

from alembic import op

from hub_kit.schema import statements

revision = "conversation_store_0002"
down_revision = "conversation_store_0001"

# What was compared byte by byte is 0. A next spelling brings an index of its own: this one holds
# nothing once all are renewed, so that a new contact point costs nothing more.
SPELLING = """
alter table contact_point add column spelling smallint not null default 0;
create index contact_point_older on contact_point (tenant, id) where spelling < 1
"""


def upgrade() -> None:
    for statement in statements(SPELLING):
        op.execute(statement)
