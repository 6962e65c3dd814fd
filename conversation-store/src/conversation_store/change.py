"""Changes the state of a conversation on an agent's word: close, reopen, snooze, assign, read."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from hub_contract.errors import Permanent
from hub_kit.database import Connection, Pool, transaction


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be; None leaves it as it is."""

    state: str | None = None  # open, snoozed, closed
    snoozed_until: datetime | None = None
    assign: bool = False  # True: `assignee` is the new one, None nobody
    assignee: str | None = None
    read: bool = False


_LOCK = """
select t.id from conversation c
join conversation t on t.id = coalesce(c.merged_into, c.id) and t.tenant = $1
where c.tenant = $1 and c.id = $2 for update of t
"""
_CHANGE = """
update conversation
set state = coalesce($3, state),
    snoozed_until = case when $3 is null then snoozed_until else $4 end,
    assignee = case when $5 then $6 else assignee end,
    unread = case when $7 then 0 else unread end,
    waiting_since = case when $3 = 'closed' then null else waiting_since end
where tenant = $1 and id = $2
"""
_PARTICIPANTS = """
update participant set open = $3
where tenant = $1 and conversation_id = $2 and open <> $3
"""


async def change(pool: Pool, tenant: str, conversation_id: UUID, wish: Change) -> UUID | None:
    """Carry it out; return the conversation it is now, None where there is none."""
    if wish.snoozed_until and wish.snoozed_until <= datetime.now(UTC):
        raise Permanent("until: lies in the past; name a later moment")
    async with transaction(pool, tenant) as connection:
        target: UUID | None = await connection.fetchval(_LOCK, tenant, conversation_id)
        if target is not None:
            await _carry_out(connection, tenant, target, wish)
    return target


async def _carry_out(connection: Connection, tenant: str, target: UUID, wish: Change) -> None:
    await connection.execute(
        _CHANGE,
        tenant,
        target,
        wish.state,
        wish.snoozed_until,
        wish.assign,
        wish.assignee,
        wish.read,
    )
    if wish.state:
        await connection.execute(_PARTICIPANTS, tenant, target, wish.state != "closed")


_WAKE = """
update conversation set state = 'open', snoozed_until = null
where tenant = $1 and state = 'snoozed' and snoozed_until <= now()
"""


async def wake(pool: Pool, tenant: str) -> None:
    """Open what was snoozed until now."""
    async with transaction(pool, tenant) as connection:
        await connection.execute(_WAKE, tenant)


_CONFIRM = """
update participant set verified = $4
where tenant = $1 and conversation_id = $2 and contact_point_id = $3
"""
_CONFIRM_ENTRIES = """
update entry set verified = $4
where tenant = $1 and conversation_id = $2 and contact_point_id = $3 and direction = 'in'
  and verified <> $4
"""


async def confirm(
    pool: Pool, tenant: str, conversation_id: UUID, contact_point_id: UUID, *, confirmed: bool
) -> UUID | None:
    """Say that this contact point belongs to this conversation, or that it does not."""
    async with transaction(pool, tenant) as connection:
        target: UUID | None = await connection.fetchval(_LOCK, tenant, conversation_id)
        if target is None:
            return None
        arguments = (tenant, target, contact_point_id, confirmed)
        if await connection.execute(_CONFIRM, *arguments) == "UPDATE 0":
            return None
        await connection.execute(_CONFIRM_ENTRIES, *arguments)
    return target
