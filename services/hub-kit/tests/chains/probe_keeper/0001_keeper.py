"""A store as the kit's tests need one: it may open, erase and trim what its tenant received."""

from alembic import op

from hub_kit.schema import READER, statements

revision = "probe_keeper_0001"
down_revision = None


def upgrade() -> None:
    for statement in [*statements(READER), "grant hub_keeper, hub_trimmer to probe_keeper"]:
        op.execute(statement)
