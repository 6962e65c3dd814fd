"""Counts conversations exactly and at once, however many there are, for the queue.

Triggers note what each statement changes (see the migration), in its transaction: the sum of the
notes is the count. Folded now and then, they stay few.
"""

from hub_kit.database import Connection, Pool, transaction

_COUNT = """
select coalesce(sum(n) filter (where state = 'open' and assignee = $2), 0) as mine,
  coalesce(sum(n) filter (where state = 'open' and assignee = ''), 0) as unassigned,
  coalesce(sum(n) filter (where state = 'open' and waiting), 0) as waiting,
  coalesce(sum(n) filter (where state = 'snoozed'), 0) as snoozed,
  coalesce(sum(n) filter (where state = 'closed'), 0) as closed
from tally where tenant = $1
"""
# Of two stores that fold, the second finds the notes gone, and adds up none.
_FOLD = """
with gone as (
  delete from tally where tenant = $1 returning state, assignee, waiting, n
)
insert into tally (tenant, state, assignee, waiting, n)
select $1, state, assignee, waiting, sum(n) from gone group by 2, 3, 4 having sum(n) <> 0
"""
_WORTH_IT = """
select count(*) > 2 * count(distinct (state, assignee, waiting)) from tally where tenant = $1
"""


async def count(connection: Connection, tenant: str, who: str) -> dict[str, int]:
    """Return how many conversations each view of the queue has, for this agent."""
    row = await connection.fetchrow(_COUNT, tenant, who)
    assert row is not None
    return dict(row)


async def fold(pool: Pool, tenant: str) -> None:
    """Put the notes together, where there are many."""
    async with transaction(pool, tenant) as connection:
        if await connection.fetchval(_WORTH_IT, tenant):
            await connection.execute(_FOLD, tenant)
