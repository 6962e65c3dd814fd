"""Writes down what was said in a call: a note for each concern, each in its own conversation.

Rule 1. The call may have ended meanwhile: what was typed is kept nevertheless.
Rule 2. The first note tells `append` where the entry of the call belongs that comes at its end.
Rule 3. A new conversation has the id of its note and the caller in it; whoever wrote it down takes
        care of it. An older one gets nobody new: what a caller says of herself confirms nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID, uuid4

from asyncpg import Record

from conversation_store.add import Addition, add
from conversation_store.append.known import written_by
from conversation_store.calls.show import open_call, read_calls
from conversation_store.draw_references import draw_references
from conversation_store.link import Found, keep
from conversation_store.store import Store
from hub_contract.errors import Permanent
from hub_contract.events import CallContent, MessageContent
from hub_contract.ids import note_id
from hub_contract.refusals import Refusal
from hub_contract.words import Automatic, Body
from hub_kit.database import Connection, transaction
from hub_kit.event_log import KeyRow
from hub_kit.sealing import seal_bytes
from hub_kit.tokens import Caller


@dataclass(frozen=True, slots=True)
class Concern:
    text: str
    conversation_id: UUID | None = None  # None: a new one


class Noted(NamedTuple):
    conversation_id: UUID
    entry_id: UUID
    new: bool


@dataclass(frozen=True, slots=True)
class _Call:
    row: Record
    content: CallContent
    caller: Caller
    at: datetime


_TARGETS = """
select c.id, t.id as now from conversation c
join conversation t on t.id = coalesce(c.merged_into, c.id) and t.tenant = $1
where c.tenant = $1 and c.id = any($2::uuid[]) order by t.id for update of t
"""
_BEGIN = """
insert into conversation (id, tenant, channel, account, state, reference, assignee, opened_at,
  last_at, entry_count, next_place, unread)
values ($2, $1, $3, $4, 'open', $5, $6, $7, $7, 0, 1, 0)
"""
_REFERENCE = "insert into reference (tenant, digits, conversation_id) values ($1, $2, $3)"
_PARTICIPANT = """
insert into participant (conversation_id, contact_point_id, channel, tenant, account, verified,
  open, at)
values ($2, $3, $4, $1, $5, true, true, $6)
"""
_MENTION = """
insert into external_ref (lookup, tenant, entry_id, mentioned)
select n.lookup, $1, $3, true from unnest($2::text[]) as n(lookup) order by n.lookup
on conflict do nothing
"""


async def note_call(
    store: Store, caller: Caller, call_id: UUID, concerns: Sequence[Concern], key: str
) -> list[Noted] | None:
    """Return where each concern stands now; None where there is no such call or conversation."""
    if not concerns or not all(one.text.strip() for one in concerns):
        raise Permanent("text: is empty; write what to note", code=Refusal.TEXT_MISSING)
    async with transaction(store.ground.pool, caller.tenant) as connection:
        rows = await read_calls(connection, caller.tenant, call_id)
        wanted = [one.conversation_id for one in concerns if one.conversation_id]
        found = await connection.fetch(_TARGETS, caller.tenant, wanted)
        targets: dict[UUID | None, UUID] = {row["id"]: row["now"] for row in found}
        if not rows or set(wanted) - targets.keys():
            return None
        content = open_call(store.ground.ring, rows[0])
        call = _Call(rows[0], content, caller, datetime.now(UTC))
        noted, key = [], key or str(uuid4())
        for number, one in enumerate(concerns):
            id_ = note_id(caller.tenant, call_id, f"{key}/{number}")
            target = targets.get(one.conversation_id)
            noted.append(await _note(store, connection, call, (id_, target, one.text)))
        await _mention(store, connection, call, noted[0])
    return noted


_STANDS = "select conversation_id from entry where tenant = $1 and id = $2"


async def _note(
    store: Store, connection: Connection, call: _Call, what: tuple[UUID, UUID | None, str]
) -> Noted:
    entry_id, target, text = what
    stands = await connection.fetchval(_STANDS, call.caller.tenant, entry_id)
    if stands:
        return Noted(stands, entry_id, new=False)
    if target is None:
        target = await _begin(store, connection, call, entry_id)
    await add(connection, _addition(store, call, target, entry_id, text))
    return Noted(target, entry_id, new=True)


async def _begin(store: Store, connection: Connection, call: _Call, id_: UUID) -> UUID:
    tenant, row = call.caller.tenant, call.row
    [digits] = await draw_references(connection, tenant, 1)
    way = row["channel"], row["account"]
    await connection.execute(_BEGIN, tenant, id_, *way, digits, call.caller.who, call.at)
    await connection.execute(_REFERENCE, tenant, digits, id_)
    if row["contact_point_id"] and call.content.caller:
        who = Found(row["contact_point_id"], call.content.caller)
        await keep(connection, store.ground.ring, tenant, [who])
        await connection.execute(_PARTICIPANT, tenant, id_, who.id, *way, call.at)
    return id_


def _addition(store: Store, call: _Call, target: UUID, entry_id: UUID, text: str) -> Addition:
    tenant, data_key = call.caller.tenant, store.ground.ring.new_key()
    content = MessageContent(
        sender=call.content.caller, body=Body(text=text), author=call.caller.who
    )
    plain = content.model_dump_json(exclude_defaults=True).encode()
    return Addition(
        tenant=tenant,
        conversation_id=target,
        entry_id=entry_id,
        kind="note",
        direction="none",
        channel=call.row["channel"],
        account=call.row["account"],
        at=call.at,
        author=call.caller.who,
        contact_point_id=call.row["contact_point_id"] if call.content.caller else None,
        automatic=Automatic.NO,
        content=seal_bytes(plain, entry_id, data_key),
        key=KeyRow(entry_id, tenant, store.ground.ring.wrap(data_key, entry_id)),
    )


async def _mention(store: Store, connection: Connection, call: _Call, first: Noted) -> None:
    tenant, who = call.caller.tenant, call.row["contact_point_id"]
    lookup = store.reader.external_lookup(tenant, call.row["channel"], call.content.external_id)
    if lookup and who:
        lookups = [lookup, written_by(lookup, who)]
        await connection.execute(_MENTION, tenant, lookups, first.entry_id)
