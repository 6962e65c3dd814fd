"""What agents do with call-backs: ask for one, take it on, say what came of it.

Each is an entry of the timeline, so that all see who did what. The same result told twice is one:
who tells it says how many attempts she has seen.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from asyncpg import Record

from conversation_store.advance import Result, Stand, State, advance
from conversation_store.change import write_down
from conversation_store.due import again, window
from conversation_store.store import Store
from hub_contract.errors import Permanent
from hub_contract.explanations import Explanation
from hub_contract.ids import note_id
from hub_contract.refusals import Refusal
from hub_contract.words import CallbackDay, CallbackPart
from hub_kit.database import Connection, transaction
from hub_kit.tokens import Caller

_HOME = """
select t.id, t.tenant, t.assignee from conversation c
join conversation t on t.id = coalesce(c.merged_into, c.id) and t.tenant = $1
where c.tenant = $1 and c.id = $2 for update of t
"""
_MAKE = """
insert into callback (id, tenant, owner, day, part, begins_at, due_at, made_by, at, changed_at)
values ($2, $1, $3, $4, $5, $6, $7, $8, $9, $9)
"""
_LOCK = """
select b.*, e.conversation_id from callback b join entry e on e.id = b.id and e.tenant = $1
where b.tenant = $1 and b.id = $2 for update of b
"""
_OWNER = "update callback set owner = $3, changed_at = $4 where tenant = $1 and id = $2"
_RESULT = """
update callback set state = $3, attempts = $4, reason = $5, begins_at = $6, due_at = $7,
  owner = coalesce(owner, $8), changed_at = $9
where tenant = $1 and id = $2
"""
_DEEDS = {
    Result.REACHED: Explanation.CALLBACK_REACHED,
    Result.NOT_REACHED: Explanation.CALLBACK_NOT_REACHED,
    Result.ENGAGED: Explanation.CALLBACK_ENGAGED,
    Result.WRITES: Explanation.CALLBACK_WRITES,
    Result.NUMBER_WRONG: Explanation.CALLBACK_NUMBER_WRONG,
    Result.DONE: Explanation.CALLBACK_DONE,
    Result.WITHDRAWN: Explanation.CALLBACK_WITHDRAWN,
}


async def ask_for(
    store: Store,
    caller: Caller,
    conversation_id: UUID,
    wish: tuple[CallbackDay, CallbackPart],
    key: str,
) -> tuple[UUID, bool] | None:
    """Return the call-back's id and whether it is new; None where there is no conversation."""
    now, (day, part) = datetime.now(UTC), wish
    id_ = note_id(caller.tenant, conversation_id, f"callback/{key or uuid4()}")
    when = window(now, store.ground.settings.office_of(caller.tenant), day, part)
    async with transaction(store.ground.pool, caller.tenant) as connection:
        home = await connection.fetchrow(_HOME, caller.tenant, conversation_id)
        if home is None:
            return None
        if await connection.fetchrow(_LOCK, caller.tenant, id_):
            return id_, False
        facts = {"until": when.due.isoformat()}
        deed = (caller.who, Explanation.CALLBACK_WANTED, facts)
        await write_down(store.ground, connection, home, deed, id_)
        owner = home["assignee"] or caller.who
        await connection.execute(
            _MAKE, caller.tenant, id_, owner, day, part, *when, caller.who, now
        )
    return id_, True


async def take(store: Store, caller: Caller, callback_id: UUID, owner: str | None) -> UUID | None:
    """Say who calls back, None: nobody yet; return its conversation, None where there is none."""
    async with transaction(store.ground.pool, caller.tenant) as connection:
        row = await _lock(connection, caller.tenant, callback_id)
        if row is None:
            return None
        _check(row)
        if row["owner"] != owner:
            now = datetime.now(UTC)
            await connection.execute(_OWNER, caller.tenant, callback_id, owner, now)
            deed = Explanation.CALLBACK_ASSIGNED if owner else Explanation.CALLBACK_RELEASED
            facts = {"assignee": owner} if owner else {}
            await _say(store, connection, row, (caller.who, deed, facts))
    home: UUID = row["conversation_id"]
    return home


async def settle(
    store: Store, caller: Caller, callback_id: UUID, result: Result, attempts: int
) -> dict[str, Any] | None:
    """Say what came of it, as somebody who has seen so many attempts; return how it stands."""
    async with transaction(store.ground.pool, caller.tenant) as connection:
        row = await _lock(connection, caller.tenant, callback_id)
        if row is None:
            return None
        before = Stand(State(row["state"]), row["attempts"])
        if before.attempts != attempts:
            return _shown(row, before)  # told already, perhaps by somebody else
        _check(row)
        after = advance(before, result)
        due = await _keep(store, connection, caller, row, (result, after))
        until = {"until": due.isoformat()} if after.is_due else {}
        await _say(store, connection, row, (caller.who, _DEEDS[result], until))
    return _shown(row, after)


async def _keep(
    store: Store, connection: Connection, caller: Caller, row: Record, came: tuple[Result, Stand]
) -> datetime:
    """Return by when it is due then."""
    (result, after), now = came, datetime.now(UTC)
    when: tuple[datetime, datetime] = (row["begins_at"], row["due_at"])
    if after.is_due:
        office = store.ground.settings.office_of(caller.tenant)
        when = again(now, office, CallbackPart(row["part"]))
    reason = "" if after.is_due or result is Result.REACHED else result.value
    facts = (after.state, after.attempts, reason, *when, caller.who, now)
    await connection.execute(_RESULT, caller.tenant, row["id"], *facts)
    return when[1]


async def _lock(connection: Connection, tenant: str, callback_id: UUID) -> Record | None:
    """Lock its conversation first, as all do, and then it."""
    sql = "select conversation_id from entry where tenant = $1 and id = $2"
    home = await connection.fetchval(sql, tenant, callback_id)
    if home is None:
        return None
    await connection.fetchrow(_HOME, tenant, home)
    return await connection.fetchrow(_LOCK, tenant, callback_id)


def _check(row: Record) -> None:
    if not Stand(State(row["state"]), row["attempts"]).is_due:
        raise Permanent("callback: has ended", code=Refusal.CALLBACK_ENDED)


async def _say(
    store: Store,
    connection: Connection,
    row: Record,
    done: tuple[str, Explanation, dict[str, str]],
) -> None:
    home = {"id": row["conversation_id"], "tenant": row["tenant"]}
    await write_down(store.ground, connection, home, done)


def _shown(row: Record, stand: Stand) -> dict[str, Any]:
    return {
        "conversation_id": row["conversation_id"],
        "state": stand.state,
        "attempts": stand.attempts,
        "other_way": stand.needs_other_way or stand.state is State.WITHDRAWN,
    }
