"""What agents are asked has the tenant in its id, so that a question is not asked again."""

import sqlalchemy as sa
from alembic import op

from hub_contract.ids import proposal_id

revision = "conversation_store_0004"
down_revision = "conversation_store_0003"

_OLD = "select id, tenant, conversation_id, kind, other from proposal"
_NEW = "update proposal set id = :new where id = :id"


def upgrade() -> None:
    """Also for an owner who is no superuser, the policies do not count while this is written."""
    op.execute("alter table proposal no force row level security")
    connection = op.get_bind()
    for row in connection.execute(sa.text(_OLD)).all():
        new = proposal_id(row.tenant, row.conversation_id, row.kind, row.other)
        connection.execute(sa.text(_NEW), {"new": new, "id": row.id})
    op.execute("alter table proposal force row level security")
