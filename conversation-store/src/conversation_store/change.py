"""Changes a conversation on an agent's word: close, snooze, assign, read, confirm, share, reach.

Every change but reading is an entry of the timeline, so that all see who did what. Other desks hear
of each at once.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from asyncpg import Record

from conversation_store.add import SOURCE, Addition, add
from conversation_store.announce import EntryNews, announce
from conversation_store.link import Found, contact_point_id, keep
from conversation_store.wait import settle_waiting
from hub_contract.channels import CHANNEL_TO
from hub_contract.contact_points import contact_point
from hub_contract.errors import Permanent
from hub_contract.explanations import Explanation
from hub_contract.ids import time_ordered
from hub_contract.postal_address import names_country
from hub_contract.refusals import Refusal
from hub_contract.words import Automatic, ContactKind
from hub_kit import event_log, tracing
from hub_kit.database import Connection, transaction
from hub_kit.event_log import KeyRow
from hub_kit.ground import Ground
from hub_kit.sealing import seal_bytes
from hub_kit.tokens import Caller


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be; None leaves it as it is."""

    state: str | None = None  # open, snoozed, closed
    snoozed_until: datetime | None = None
    assign: bool = False  # True: `assignee` is the new one, None nobody
    assignee: str | None = None
    read: bool = False


_LOCK = """
select t.id, t.tenant, t.state, t.assignee, t.snoozed_until, t.unread from conversation c
join conversation t on t.id = coalesce(c.merged_into, c.id) and t.tenant = $1
where c.tenant = $1 and c.id = $2 for update of t
"""
_CHANGE = """
update conversation
set state = coalesce($3, state),
    snoozed_until = case when $3 is null then snoozed_until else $4 end,
    assignee = case when $5 then $6 else assignee end,
    unread = case when $7 then 0 else unread end
where tenant = $1 and id = $2
"""
_PARTICIPANTS = """
update participant set open = $3
where tenant = $1 and conversation_id = $2 and open <> $3
"""


async def change(
    ground: Ground, caller: Caller, conversation_id: UUID, wish: Change
) -> UUID | None:
    """Carry it out; return the conversation it is now, None where there is none."""
    if wish.snoozed_until and wish.snoozed_until <= datetime.now(UTC):
        raise Permanent("until: lies in the past; name a later moment", code=Refusal.UNTIL_PAST)
    async with transaction(ground.pool, caller.tenant) as connection:
        row = await connection.fetchrow(_LOCK, caller.tenant, conversation_id)
        if row is None:
            return None
        await _carry_out(connection, row, wish)
        if wish.read and row["unread"]:
            await _tell_read(connection, row)
        for deed, facts in deeds_of(row, wish, caller.who):
            await write_down(ground, connection, row, (caller.who, deed, facts))
    target: UUID = row["id"]
    return target


_DEEDS = {
    "open": Explanation.REOPENED,
    "snoozed": Explanation.SNOOZED,
    "closed": Explanation.CLOSED,
}


def deeds_of(row: Record, wish: Change, who: str) -> Iterator[tuple[Explanation, dict[str, str]]]:
    """Yield what this changes, as the timeline says it; what is so already is no deed."""
    until = wish.snoozed_until if wish.state == "snoozed" else None
    if wish.state and (wish.state, until) != (row["state"], row["snoozed_until"]):
        yield _DEEDS[wish.state], {"until": until.isoformat()} if until else {}
    if wish.assign and wish.assignee != row["assignee"]:
        if wish.assignee is None:
            yield Explanation.RELEASED, {}
        elif wish.assignee == who:
            yield Explanation.TAKEN, {}
        else:
            yield Explanation.ASSIGNED, {"assignee": wish.assignee}


async def _carry_out(connection: Connection, row: Record, wish: Change) -> None:
    await connection.execute(
        _CHANGE,
        row["tenant"],
        row["id"],
        wish.state,
        wish.snoozed_until,
        wish.assign,
        wish.assignee,
        wish.read,
    )
    if wish.state:
        await connection.execute(_PARTICIPANTS, row["tenant"], row["id"], wish.state != "closed")
        await settle_waiting(connection, row["tenant"], row["id"])


_LATEST = """
select tenant, conversation_id, id as entry_id, place, kind, direction, channel, at from entry
where tenant = $1 and conversation_id = $2
order by conversation_id desc, place desc limit 1
"""


async def _tell_read(connection: Connection, row: Record) -> None:
    latest = await connection.fetchrow(_LATEST, row["tenant"], row["id"])
    if latest:
        news = EntryNews(**latest, change="read", cause=str(time_ordered()))
        told = announce(news._replace(traceparent=tracing.current()), SOURCE)
        await event_log.append(connection, [told], [])


async def write_down(
    ground: Ground,
    connection: Connection,
    row: Record | Mapping[str, Any],
    done: tuple[str, Explanation, dict[str, str]],
    entry_id: UUID | None = None,
) -> None:
    """Add the entry that says who did what; it is no activity of the conversation's people."""
    entry_id = entry_id or time_ordered()
    data_key, (who, deed, facts) = ground.ring.new_key(), done
    addition = Addition(
        tenant=row["tenant"],
        conversation_id=row["id"],
        entry_id=entry_id,
        kind="change",
        direction="none",
        channel="",
        account="",
        at=datetime.now(UTC),
        author=who,
        contact_point_id=None,
        automatic=Automatic.NO if who else Automatic.GENERATED,
        content=seal_bytes(json.dumps(facts).encode(), entry_id, data_key),
        key=KeyRow(entry_id, row["tenant"], ground.ring.wrap(data_key, entry_id)),
        reason=deed,
    )
    await add(connection, addition)


_WAKE = """
update conversation set state = 'open', snoozed_until = null
where tenant = $1 and state = 'snoozed' and snoozed_until <= now()
returning id, tenant
"""


async def wake(ground: Ground, tenant: str) -> None:
    """Open what was snoozed until now."""
    async with transaction(ground.pool, tenant) as connection:
        for row in await connection.fetch(_WAKE, tenant):
            await write_down(ground, connection, row, ("", Explanation.WOKEN, {}))


_CONFIRM = """
update participant set verified = $4, claimed = claimed and $4
where tenant = $1 and conversation_id = $2 and contact_point_id = $3
"""
_CONFIRM_ENTRIES = """
update entry set verified = $4
where tenant = $1 and conversation_id = $2 and contact_point_id = $3 and direction = 'in'
  and verified <> $4
"""


async def confirm(
    ground: Ground,
    caller: Caller,
    conversation_id: UUID,
    contact_point_id: UUID,
    *,
    confirmed: bool,
) -> UUID | None:
    """Say that this contact point belongs to this conversation, or that it does not."""
    async with transaction(ground.pool, caller.tenant) as connection:
        row = await connection.fetchrow(_LOCK, caller.tenant, conversation_id)
        if row is None:
            return None
        arguments = (caller.tenant, row["id"], contact_point_id, confirmed)
        if await connection.execute(_CONFIRM, *arguments) == "UPDATE 0":
            return None
        await connection.execute(_CONFIRM_ENTRIES, *arguments)
        deed = Explanation.CONFIRMED if confirmed else Explanation.DOUBTED
        await write_down(ground, connection, row, (caller.who, deed, {}))
    target: UUID = row["id"]
    return target


_REACH = """
insert into participant
  (conversation_id, contact_point_id, channel, tenant, account, verified, open, at)
values ($2, $3, $4, $1, '', true, $5, $6)
on conflict (conversation_id, contact_point_id, channel) do update set verified = true
"""


async def add_address(
    ground: Ground, caller: Caller, conversation_id: UUID, address: str, name: str
) -> UUID | None:
    """Let letters of this conversation go to this address; return its contact point.

    `Permanent` where nobody could deliver there. None where there is no such conversation.
    """
    country = ground.settings.country_of(caller.tenant) or "DE"
    lines = address if "\n" in address.strip() else address.replace(",", "\n")
    point = contact_point(ContactKind.POSTAL, lines, country, name=name)
    if point.as_written and not names_country(point.value.splitlines()):
        raise Permanent("address: no postcode and place", code=Refusal.ADDRESS_UNREADABLE)
    found = Found(contact_point_id(ground.ring.lookup_of(caller.tenant, point)), point)
    async with transaction(ground.pool, caller.tenant) as connection:
        # In the order of `append`: the contact point before the conversation.
        await keep(connection, ground.ring, caller.tenant, [found])
        row = await connection.fetchrow(_LOCK, caller.tenant, conversation_id)
        if row is None:
            return None
        is_open, channel = row["state"] != "closed", CHANNEL_TO[ContactKind.POSTAL]
        arguments = (caller.tenant, row["id"], found.id, channel, is_open, datetime.now(UTC))
        await connection.execute(_REACH, *arguments)
        await write_down(ground, connection, row, (caller.who, Explanation.ADDRESS_ADDED, {}))
    return found.id


# In the order of `append`: the contact point before the conversation.
_SHARE = """
update contact_point set shared = $4, single = not $4
where tenant = $1 and id = $3 and kind = 'email' and exists (
  select from participant p join conversation c on c.tenant = $1 and c.id = $2
  where p.tenant = $1 and p.contact_point_id = $3
    and p.conversation_id = coalesce(c.merged_into, c.id))
"""


async def share(
    ground: Ground, caller: Caller, conversation_id: UUID, contact_point_id: UUID, *, shared: bool
) -> UUID | None:
    """Say that many people write by this mail address, or that one does; signs count no more."""
    async with transaction(ground.pool, caller.tenant) as connection:
        arguments = (caller.tenant, conversation_id, contact_point_id, shared)
        if await connection.execute(_SHARE, *arguments) == "UPDATE 0":
            return None
        row = await connection.fetchrow(_LOCK, caller.tenant, conversation_id)
        assert row is not None  # the contact point takes part in it
        deed = Explanation.SHARED if shared else Explanation.SINGLE
        await write_down(ground, connection, row, (caller.who, deed, {}))
    target: UUID = row["id"]
    return target
