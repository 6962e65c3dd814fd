"""Merges, splits and moves on an agent's word; all of it is recorded and can be undone.

Undone is the latest first: an older rearrangement waits for the younger ones around it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

from asyncpg import Record

from conversation_store.announce import Change
from conversation_store.draw_references import draw_references
from conversation_store.rearrange.follow import follow, follow_some, named_in, remember, restore
from conversation_store.rearrange.shift import Act, record, shift, shift_back
from conversation_store.wait import settle_waiting
from hub_contract.errors import Permanent, Temporary
from hub_contract.refusals import Refusal
from hub_kit.database import Connection, Pool, transaction
from hub_kit.ground import Ground
from hub_kit.keys import KeyRing
from hub_kit.tokens import Caller


@dataclass(frozen=True, slots=True)
class Done:
    rearrangement_id: UUID
    conversation_id: UUID  # where the entries are now


async def merge(pool: Pool, caller: Caller, source_id: UUID, into: UUID) -> Done | None:
    """Put all entries of one conversation into another; None where one of them does not exist.

    Reply addresses and the reference of the first go on living: they lead to the second.
    """
    async with transaction(pool, caller.tenant) as connection:
        act = await _begin(connection, caller, source_id, into)
        if act is None:
            return None
        if act.source["transaction_id"] and act.target["transaction_id"]:
            raise Permanent(
                "into: both belong to a transaction; move single entries instead",
                code=Refusal.TWO_TRANSACTIONS,
            )
        await record(act, "merge", await remember(act))
        await shift(act, None, "merged")
        await follow(act)
        await settle_waiting(connection, act.tenant, act.source["id"], act.target["id"])
        return Done(act.id, act.target["id"])


@dataclass(frozen=True, slots=True)
class Judged:
    """What the rules say of an entry once its pages have been read."""

    entry_id: UUID
    into: UUID
    rule: int
    reason: str
    marks: str
    verified: bool


_JUDGE = """
update entry set rule = $3, reason = $4, marks = $5, verified = $6 where tenant = $1 and id = $2
"""


async def merge_by_rule(
    connection: Connection, tenant: str, source_id: UUID, judged: Judged
) -> None:
    """Carry the one entry of a conversation on, where both are locked; nobody did it by hand.

    Who wrote it is confirmed there only where the rules say so.
    """
    rows = await _lock(connection, tenant, source_id, judged.into)
    by_rule = Caller("", tenant, "service")
    act = Act(connection, by_rule, uuid4(), rows[source_id], rows[judged.into])
    await record(act, "merge", await remember(act, [judged.entry_id]))
    await shift(act, None, "merged")
    await follow(act, confirmed=judged.verified)
    said = (judged.rule, judged.reason, judged.marks, judged.verified)
    await connection.execute(_JUDGE, tenant, judged.entry_id, *said)
    await settle_waiting(connection, tenant, source_id, judged.into)


async def move(ground: Ground, caller: Caller, entry_id: UUID, to: UUID) -> Done | None:
    """Put one entry into another conversation."""
    async with transaction(ground.pool, caller.tenant) as connection:
        sql = "select conversation_id from entry where tenant = $1 and id = $2"
        home: UUID | None = await connection.fetchval(sql, caller.tenant, entry_id)
        act = await _begin(connection, caller, home, to) if home else None
        if act is None:
            return None
        await _move_some(act, ground.ring, "move", [entry_id], "moved")
        return Done(act.id, act.target["id"])


async def split(
    ground: Ground, caller: Caller, source_id: UUID, entries: Sequence[UUID]
) -> Done | None:
    """Put some entries into a new conversation with a reference of its own."""
    async with transaction(ground.pool, caller.tenant) as connection:
        made = await _make(connection, caller.tenant, source_id)
        act = await _begin(connection, caller, source_id, made) if made else None
        if act is None:
            return None
        await _move_some(act, ground.ring, "split", entries, "split")
        return Done(act.id, act.target["id"])


async def undo(pool: Pool, caller: Caller, rearrangement_id: UUID) -> Done | None:
    """Take a rearrangement back, exactly; what has arrived meanwhile stays where it is."""
    async with transaction(pool, caller.tenant) as connection:
        done = await connection.fetchrow(_DONE, caller.tenant, rearrangement_id)
        if done is None:
            return None
        rows = await _lock(connection, caller.tenant, done["source"], done["target"])
        await _refuse_out_of_order(connection, caller.tenant, done)
        act = Act(connection, caller, uuid4(), rows[done["target"]], rows[done["source"]])
        await record(act, "undo", "{}", undoes=rearrangement_id)
        await shift_back(act, rearrangement_id)
        await restore(act, done)
        await settle_waiting(connection, act.tenant, act.source["id"], act.target["id"])
        return Done(act.id, done["source"])


_NOW = """
select id, coalesce(merged_into, id) as now from conversation
where tenant = $1 and id = any($2::uuid[])
"""
_LOCK = """
select * from conversation where tenant = $1 and id = any($2::uuid[]) order by id for update
"""


async def _begin(
    connection: Connection, caller: Caller, source_id: UUID, target_id: UUID
) -> Act | None:
    """Lock both conversations, or what they were merged into; None where one does not exist."""
    rows = await connection.fetch(_NOW, caller.tenant, [source_id, target_id])
    now = {row["id"]: row["now"] for row in rows}
    if source_id not in now or target_id not in now:
        return None
    source, target = now[source_id], now[target_id]
    if source == target:
        raise Permanent(
            "the entries are in that conversation already; choose another",
            code=Refusal.THERE_ALREADY,
        )
    locked = await _lock(connection, caller.tenant, source, target)
    if any(row["state"] == "merged" for row in locked.values()):
        raise Temporary("conversation was merged meanwhile")
    return Act(connection, caller, uuid4(), locked[source], locked[target])


async def _lock(connection: Connection, tenant: str, *ids: UUID) -> dict[UUID, Record]:
    return {row["id"]: row for row in await connection.fetch(_LOCK, tenant, ids)}


_SOME = """
select count(*) filter (where id = any($3::uuid[])) as chosen, count(*) as all,
  array_agg(distinct contact_point_id) filter (where id = any($3::uuid[])) as people
from entry where tenant = $1 and conversation_id = $2
"""


async def _move_some(
    act: Act, ring: KeyRing, kind: str, entries: Sequence[UUID], change: Change
) -> None:
    some = await act.connection.fetchrow(_SOME, act.tenant, act.source["id"], entries)
    assert some is not None
    if some["chosen"] != len(set(entries)):
        raise Permanent(
            "entries: not all of them are in this conversation", code=Refusal.ENTRIES_ELSEWHERE
        )
    if some["chosen"] == some["all"]:
        raise Permanent(
            "entries: these are all of them; merge the conversation instead",
            code=Refusal.ENTRIES_ALL,
        )
    await record(act, kind, await remember(act))
    await shift(act, entries, change)
    people = [person for person in some["people"] if person]
    people += await named_in(act, ring, entries)
    await follow_some(act, people, confirmed=kind == "split")
    await settle_waiting(act.connection, act.tenant, act.source["id"], act.target["id"])


_MAKE = """
insert into conversation (id, tenant, channel, account, state, reference, assignee, opened_at,
  last_at, entry_count, next_place, unread)
select $3, $1, t.channel, t.account, 'open', $4, t.assignee, $5, $5, 0, 1, 0
from conversation c join conversation t on t.id = coalesce(c.merged_into, c.id) and t.tenant = $1
where c.tenant = $1 and c.id = $2
"""
_REFERENCE = "insert into reference (tenant, digits, conversation_id) values ($1, $2, $3)"


async def _make(connection: Connection, tenant: str, like: UUID) -> UUID | None:
    """Make an empty conversation like this one; None where there is none."""
    made, [digits] = uuid4(), await draw_references(connection, tenant, 1)
    arguments = (tenant, like, made, digits, datetime.now(UTC))
    if await connection.execute(_MAKE, *arguments) != "INSERT 0 1":
        return None
    await connection.execute(_REFERENCE, tenant, digits, made)
    return made


_DONE = """
select id, kind, source, target, seq, before from rearrangement
where tenant = $1 and id = $2 and kind <> 'undo'
"""
_UNDONE = "select 1 from rearrangement where tenant = $1 and undoes = $2"
_LATER = """
select r.id from rearrangement r
where r.tenant = $1 and r.seq > $2 and r.kind <> 'undo'
  and (r.source = any($3::uuid[]) or r.target = any($3::uuid[]))
  and not exists (select from rearrangement u where u.tenant = $1 and u.undoes = r.id)
order by r.seq desc limit 1
"""


async def _refuse_out_of_order(connection: Connection, tenant: str, done: Record) -> None:
    if await connection.fetchval(_UNDONE, tenant, done["id"]):
        raise Permanent("this rearrangement is undone already", code=Refusal.UNDONE_ALREADY)
    both = [done["source"], done["target"]]
    later = await connection.fetchval(_LATER, tenant, done["seq"], both)
    if later:
        raise Permanent(
            f"a later rearrangement stands in the way; undo {later} first", code=Refusal.LATER_FIRST
        )
