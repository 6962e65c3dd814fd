"""Shows the agent's queue: a view of it, page by page, and how many each view has, exactly.

Rule 1. Each view has an index in its own order: the first page costs the same however many follow.
Rule 2. The counts come with every page, so that what a tab says and what it shows agree.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from conversation_store.queue import tally
from conversation_store.queue.callbacks import DUE, count_due, read_due
from conversation_store.queue.summaries import Cursor, summary_of
from conversation_store.readings import COLUMNS, joined
from hub_kit.database import transaction
from hub_kit.ground import Ground
from hub_kit.tokens import Caller

LIMIT = 40


@dataclass(frozen=True, slots=True)
class View:
    """Which conversations, by which moment, the first one first; the moment is never null."""

    where: str
    moment: str
    newest_first: bool = False
    source: str = "conversation"


VIEWS: Mapping[str, View] = {
    # What this agent has taken on.
    "mine": View("state = 'open' and assignee = $5", "last_at", newest_first=True),
    # What nobody has taken on.
    "unassigned": View("state = 'open' and assignee is null", "last_at", newest_first=True),
    # Who waits for an answer, whoever takes care: the longest waiting first.
    "waiting": View("state = 'open' and waiting_since is not null", "waiting_since"),
    # What was put aside: what comes back first, first.
    "snoozed": View("state = 'snoozed' and snoozed_until is not null", "snoozed_until"),
    # Who is to be called back, whatever the state: the first that is due, first.
    "callbacks": View(
        "true",
        "callback_due",
        source=f"""(select c.*, d.due_at as callback_due from ({DUE}) d
    join conversation c on c.id = d.conversation_id and c.tenant = $1) conversation""",  # noqa: S608
    ),
    "closed": View("state = 'closed'", "last_at", newest_first=True),
}
# The page is found first, in its index, and only then opened: a message and its key for each line.
# Not `direction = 'in'`: before the first ANALYZE the planner believes that to be rare, and sorts
# the whole conversation instead of reading its index backwards. What an agent noted of a call has a
# channel, other notes and changes have none.
_PAGE = """
select c.*, latest.id as latest, latest.channel as last_channel, latest.content, k.wrapped,
  {columns}
from (
  select * from {source}
  where tenant = $1 and {where} and ({moment}, id) {beyond} ($2::timestamptz, $3::uuid)
  order by {moment} {direction}, id {direction} limit $4
) c
left join lateral (
  select id, channel, content from entry
  where tenant = $1 and conversation_id = c.id and direction <> 'out'
    and (direction <> 'none' or channel <> '')
  order by conversation_id desc, place desc limit 1
) latest on true
left join hub.message_key k on k.owner = latest.id and k.tenant = $1
{reading}
order by c.{moment} {direction}, c.id {direction}
"""


def _sql(view: View) -> str:
    beyond, direction = ("<", "desc") if view.newest_first else (">", "asc")
    return _PAGE.format(
        columns=COLUMNS,
        reading=joined("latest"),
        source=view.source,
        where=view.where,
        moment=view.moment,
        beyond=beyond,
        direction=direction,
    )


_SQL = {name: _sql(view) for name, view in VIEWS.items()}
_ENDS = {
    False: Cursor(datetime(1, 1, 2, tzinfo=UTC), UUID(int=0)),
    True: Cursor(datetime(9999, 12, 30, tzinfo=UTC), UUID(int=2**128 - 1)),
}


async def show_queue(
    ground: Ground, caller: Caller, name: str, after: Cursor | None, limit: int = LIMIT
) -> dict[str, Any]:
    """Return a page of this view and the counts of all views, as this caller sees them."""
    view = VIEWS[name]
    start = after or _ENDS[view.newest_first]
    whose = (caller.who,) if name == "mine" else ()
    arguments = (caller.tenant, start.at, start.id, limit + 1, *whose)
    async with transaction(ground.pool, caller.tenant) as connection:
        rows = await connection.fetch(_SQL[name], *arguments)
        counts = await tally.count(connection, caller.tenant, caller.who)
        counts["callbacks"] = await count_due(connection, caller.tenant)
        due = await read_due(connection, caller.tenant, [row["id"] for row in rows])
    shown = rows[:limit]
    more = Cursor(shown[-1][view.moment], shown[-1]["id"]) if len(rows) > limit else None
    return {
        "conversations": [
            {**summary_of(ground, row), "callback_due": due.get(row["id"])} for row in shown
        ],
        "next": str(more) if more else None,
        "counts": counts,
    }
