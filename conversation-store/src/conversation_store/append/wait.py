"""Says since when a citizen waits: since the first message that no agent has answered.

`append` and `add` keep it as they go; here it is found anew, where entries have moved or an answer
did not arrive. What a machine sends neither waits nor answers; who closes has answered.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from hub_kit.database import Connection

_SINCE = """
  select min(e.at) from entry e
  where e.tenant = $1 and e.conversation_id = c.id and e.direction = 'in' and e.automatic = 'no'
    and e.place > coalesce((
      select max(o.place) from entry o
      where o.tenant = $1 and o.conversation_id = c.id and (
        o.kind = 'change' and o.reason = 'closed' or o.direction = 'out'
        and o.automatic = 'no' and o.delivery not in ('failed', 'returned'))), 0)
"""
_READ = f"""
select c.id, ({_SINCE}) as since from conversation c
where c.tenant = $1 and c.id = any($2::uuid[])
"""  # noqa: S608 - put together from constants
_SETTLE = f"""
update conversation c
set waiting_since = case when c.state in ('open', 'snoozed') then ({_SINCE}) end
where c.tenant = $1 and c.id = any($2::uuid[])
"""  # noqa: S608 - put together from constants


async def read_waiting(
    connection: Connection, tenant: str, conversations: Sequence[UUID]
) -> dict[UUID, datetime | None]:
    """Return since when these wait; None: nobody waits."""
    rows = await connection.fetch(_READ, tenant, conversations)
    return {row["id"]: row["since"] for row in rows}


async def settle_waiting(connection: Connection, tenant: str, *conversations: UUID) -> None:
    """Write it down, under the locks of these conversations."""
    await connection.execute(_SETTLE, tenant, conversations)
