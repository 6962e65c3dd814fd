"""The store trims the hub's log; indexes to find what is old, and what an entry is known by."""

from alembic import op

from hub_kit.migrate import make_index

revision = "conversation_store_0003"
down_revision = "conversation_store_0001"


def upgrade() -> None:
    op.execute("grant hub_trimmer to conversation_store")
    make_index("entry_by_age", "entry (tenant, at)")
    make_index("external_ref_by_entry", "external_ref (entry_id)")
