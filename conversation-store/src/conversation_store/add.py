"""Adds one entry of our own: an answer, a note, a change; with what the bus must hear."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from conversation_store.announce import EntryNews, announce
from hub_contract.delivery import Delivery, Reason
from hub_contract.errors import Temporary
from hub_contract.explanations import Explanation
from hub_contract.topics import Wire
from hub_contract.words import Automatic
from hub_kit import tracing
from hub_kit.database import Connection
from hub_kit.event_log import KeyRow
from hub_kit.event_log import append as append_log

SOURCE = "conversation_store"


@dataclass(frozen=True, slots=True)
class Addition:
    tenant: str
    conversation_id: UUID
    entry_id: UUID
    kind: str
    direction: Literal["out", "none"]
    channel: str
    account: str
    at: datetime
    author: str
    contact_point_id: UUID | None
    automatic: str
    content: bytes
    key: KeyRow
    reason: Explanation = Explanation.AGENT
    marks: str = ""
    request: Wire | None = None  # of what goes out


_LOCK = """
select next_place from conversation
where tenant = $1 and id = $2 and state <> 'merged' for update
"""
_ENTRY = """
insert into entry (id, tenant, conversation_id, place, kind, direction, channel, account, at,
  contact_point_id, author, automatic, readable, partial, verified, rule, reason, marks, facts,
  original, delivery, delivery_reason, delivery_code, delivery_at, content)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, true, false, true, 0, $18, $19, '{}',
  '', $13, $14, $15, $16, $17)
on conflict (id) do nothing
"""
_COUNT = """
update conversation
set next_place = next_place + 1, entry_count = entry_count + 1, last_at = greatest(last_at, $3),
    waiting_since = case when $4 then null else waiting_since end
where tenant = $1 and id = $2
"""
_KEY = "insert into hub.message_key (owner, tenant, wrapped, reader) values ($1, $2, $3, $4)"


async def add(connection: Connection, new: Addition) -> bool:
    """Write it under the lock of its conversation; return False where it stands already."""
    told = await write_down(connection, new)
    if told is None:
        return False
    if new.request:
        await append_log(connection, [new.request, told], [new.key])
    else:
        key = new.key
        await connection.execute(_KEY, key.owner, key.tenant, key.wrapped, key.reader)
        await append_log(connection, [told], [])
    return True


async def write_down(connection: Connection, new: Addition) -> Wire | None:
    """Write the entry alone; return what the bus must hear, None where it stands already."""
    place = await connection.fetchval(_LOCK, new.tenant, new.conversation_id)
    if place is None:
        raise Temporary("conversation was merged meanwhile")
    word = Delivery.REQUESTED if new.request else None
    status = await connection.execute(
        _ENTRY,
        new.entry_id,
        new.tenant,
        new.conversation_id,
        place,
        new.kind,
        new.direction,
        new.channel,
        new.account,
        new.at,
        new.contact_point_id,
        new.author,
        new.automatic,
        word,
        Reason.NONE if word else None,
        "" if word else None,
        new.at if word else None,
        new.content,
        new.reason,
        new.marks,
    )
    if status != "INSERT 0 1":
        return None
    answers = new.direction == "out" and new.automatic == Automatic.NO
    moment = None if new.kind == "change" else new.at  # nothing was said
    await connection.execute(_COUNT, new.tenant, new.conversation_id, moment, answers)
    return announce(_news(new, place), SOURCE)


def _news(new: Addition, place: int) -> EntryNews:
    return EntryNews(
        tenant=new.tenant,
        conversation_id=new.conversation_id,
        entry_id=new.entry_id,
        place=place,
        kind=new.kind,
        direction=new.direction,
        channel=new.channel,
        at=new.at,
        traceparent=tracing.current(),
    )
