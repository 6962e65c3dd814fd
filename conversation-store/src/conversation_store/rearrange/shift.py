"""Moves entries between two locked conversations and back, exactly, for `rearrange`.

Rule 1. Entries that come together are shown in the order of time; each side keeps its own order.
Rule 2. Who is shown behind a newcomer gets a fresh place, so that no place is ever used twice.
Rule 3. Each change is written down with where the entry came from; undoing reads that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from asyncpg import Record

from conversation_store.add import SOURCE
from conversation_store.announce import Change, EntryNews, announce
from hub_kit import tracing
from hub_kit.database import Connection
from hub_kit.event_log import append as append_log
from hub_kit.tokens import Caller


@dataclass(frozen=True, slots=True)
class Act:
    """A rearrangement under way: two locked conversations and who asks."""

    connection: Connection
    caller: Caller
    id: UUID
    source: Record
    target: Record

    @property
    def tenant(self) -> str:
        return self.caller.tenant


_RECORD = """
insert into rearrangement (id, tenant, kind, source, target, made_by, undoes, before)
values ($1, $2, $3, $4, $5, $6, $7, $8)
"""


async def record(act: Act, kind: str, before: str, undoes: UUID | None = None) -> None:
    """Write down who rearranges what; `before` is what undoing must know beside the entries."""
    source, target = act.source["id"], act.target["id"]
    await act.connection.execute(
        _RECORD, act.id, act.tenant, kind, source, target, act.caller.who, undoes, before
    )


# `key` grows along each conversation, so that sorting by it keeps the order of both.
_SHIFT = """
with line as (
  select id, conversation_id, place,
    max(at) over (partition by conversation_id order by place) as key,
    conversation_id = $3 and ($5::uuid[] is null or id = any($5::uuid[])) as moves
  from entry where tenant = $1 and conversation_id in ($3, $4)
), ranked as (
  select id, conversation_id, place,
    $6 - 1 + row_number() over (order by key, conversation_id = $3, place) as new_place
  from line
  where moves or (conversation_id = $4 and key > (select min(key) from line where moves))
), noted as (
  insert into rearranged (rearrangement_id, entry_id, tenant, from_conversation, from_place,
    to_conversation, to_place)
  select $2, id, $1, conversation_id, place, $4, new_place from ranked
)
update entry e set conversation_id = $4, place = r.new_place
from ranked r where e.id = r.id and e.tenant = $1
returning e.id, e.conversation_id, e.place, e.kind, e.direction, e.channel, e.at,
  r.conversation_id = $3 as moved, r.place as old_place
"""
_SHIFT_BACK = """
update entry e set conversation_id = r.from_conversation, place = r.from_place
from rearranged r
where r.tenant = $1 and r.rearrangement_id = $2 and e.id = r.entry_id and e.tenant = $1
returning e.id, e.conversation_id, e.place, e.kind, e.direction, e.channel, e.at,
  r.from_conversation <> r.to_conversation as moved, r.to_place as old_place
"""
_COUNT = """
update conversation
set entry_count = entry_count + $3, next_place = next_place + $4,
    last_at = coalesce((select max(at) from entry
                        where tenant = $1 and conversation_id = $2
                          and kind <> 'change'), last_at)
where tenant = $1 and id = $2
"""


async def shift(act: Act, entries: Sequence[UUID] | None, change: Change) -> None:
    """Move these entries, or all, from source to target, and say so on the bus."""
    source, target, fresh = act.source["id"], act.target["id"], act.target["next_place"]
    rows = await act.connection.fetch(_SHIFT, act.tenant, act.id, source, target, entries, fresh)
    await _settle(act, rows, len(rows), change)


async def shift_back(act: Act, rearrangement_id: UUID) -> None:
    """Give every entry the place it had; the act leads from the old target to the old source."""
    rows = await act.connection.fetch(_SHIFT_BACK, act.tenant, rearrangement_id)
    await _settle(act, rows, 0, "undone")


async def _settle(act: Act, rows: Sequence[Record], places: int, change: Change) -> None:
    moved = [row for row in rows if row["moved"]]
    await act.connection.execute(_COUNT, act.tenant, act.source["id"], -len(moved), 0)
    await act.connection.execute(_COUNT, act.tenant, act.target["id"], len(moved), places)
    news = [_news(act, row, change) for row in moved]
    await append_log(
        act.connection, [announce(one, SOURCE) for one in news + left(act, moved, news)], []
    )


def left(act: Act, moved: Sequence[Record], news: Sequence[EntryNews]) -> list[EntryNews]:
    """Return what tells those who look at the source: something has gone from there."""
    if not moved:
        return []
    home, place = act.source["id"], moved[0]["old_place"]
    return [news[0]._replace(conversation_id=home, place=place, cause=f"{act.id}/left")]


def _news(act: Act, row: Record, change: Change) -> EntryNews:
    return EntryNews(
        tenant=act.tenant,
        conversation_id=row["conversation_id"],
        entry_id=row["id"],
        place=row["place"],
        kind=row["kind"],
        direction=row["direction"],
        channel=row["channel"],
        at=row["at"],
        change=change,
        cause=str(act.id),
        traceparent=tracing.current(),
    )
