"""Makes call-backs of the wishes in a batch, for `append`: one of each conversation, the latest.

Rule 1. A call-back has the id of the entry it came from: twice is once, and it is where that is.
Rule 2. Who wishes once more has changed her mind: the one before is withdrawn, its owner stays.
"""

from collections.abc import Callable, Sequence
from typing import Any

from conversation_store.append.place import Line
from conversation_store.due import window
from hub_contract.words import Direction
from hub_kit.database import Connection
from hub_kit.hours import Office

_REPEATED = """
update callback b set state = 'withdrawn', reason = 'repeated', changed_at = n.at
from unnest($2::uuid[], $3::uuid[], $4::timestamptz[]) as n(id, conversation_id, at), entry e
where b.tenant = $1 and b.state in ('open', 'not_reached') and e.tenant = $1 and e.id = b.id
  and e.conversation_id = n.conversation_id and b.id <> n.id
returning n.id, b.owner
"""
_WISHED = """
insert into callback (id, tenant, owner, day, part, begins_at, due_at, made_by, at, changed_at)
select n.id, $1, coalesce(n.owner, c.assignee), n.day, n.part, n.begins_at, n.due_at, '', n.at, n.at
from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::timestamptz[],
    $8::timestamptz[], $9::timestamptz[])
  as n(id, conversation_id, owner, day, part, begins_at, due_at, at)
join conversation c on c.id = n.conversation_id and c.tenant = $1
on conflict (id) do nothing
"""


async def call_back(
    connection: Connection, tenant: str, lines: Sequence[Line], office_of: Callable[[str], Office]
) -> None:
    """Write a call-back for whoever wishes one; after their entries stand."""
    wished = {line.thread.id: line for line in lines if _wishes(line)}
    if not wished:
        return
    ids = [(line.message.id, home, line.message.event.received_at) for home, line in wished.items()]
    rows = await connection.fetch(_REPEATED, tenant, *zip(*ids, strict=True))
    owners = {row["id"]: row["owner"] for row in rows}
    office = office_of(tenant)
    news = [_row(line, office, owners.get(line.message.id)) for line in wished.values()]
    await connection.execute(_WISHED, tenant, *zip(*news, strict=True))


def _wishes(line: Line) -> bool:
    content, event = line.message.content, line.message.event
    return bool(content and content.callback and event.direction is Direction.IN)


def _row(line: Line, office: Office, owner: str | None) -> tuple[Any, ...]:
    content, at = line.message.content, line.message.event.received_at
    assert content is not None
    assert content.callback is not None
    wanted = content.callback
    when = window(at, office, wanted.day, wanted.part)
    return line.message.id, line.thread.id, owner, wanted.day, wanted.part, *when, at
