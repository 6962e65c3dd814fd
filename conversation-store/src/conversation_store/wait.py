"""Says since when a citizen waits: since the first message that no agent has answered.

`append` and `add` keep it as they go; here it is found anew, where entries have moved or an answer
did not arrive. What a machine sends neither waits nor answers; who closes has answered.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from hub_kit.database import Connection

# Who closes answers what stood there: not what a rearrangement brings here later, and what waits
# here is not closed with what comes. An answer that was sent counts for all.
_SINCE = """
  with came as (
    select distinct on (r.entry_id) r.entry_id, g.id, g.at
    from rearrangement g join rearranged r on r.rearrangement_id = g.id and r.tenant = $1
    where g.tenant = $1 and g.target = c.id and g.kind <> 'undo'
      and r.from_conversation <> r.to_conversation
      and not exists (select from rearrangement u where u.tenant = $1 and u.undoes = g.id)
    order by r.entry_id, g.seq desc
  ), answer as (
    select o.place, o.at, o.direction = 'out' as sent, came.id as came
    from entry o left join came on came.entry_id = o.id
    where o.tenant = $1 and o.conversation_id = c.id and (
      o.kind = 'change' and o.reason = 'closed' or o.direction = 'out'
      and o.automatic = 'no' and o.delivery not in ('failed', 'returned'))
  ), answered as (
    select g.id, (
      select max(a.place) from answer a
      where a.sent or a.came is not distinct from g.id
        or a.came is null and a.at >= g.at) as place
    from (select distinct id, at from came union all select null, null) g
  )
  select min(e.at) from entry e left join came on came.entry_id = e.id
  join answered on answered.id is not distinct from came.id
  where e.tenant = $1 and e.conversation_id = c.id and e.direction = 'in' and e.automatic = 'no'
    and e.marks not like '%answered_by_rule%' and e.place > coalesce(answered.place, 0)
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
