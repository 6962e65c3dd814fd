"""An agent's note: an entry that nobody outside ever sees."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from conversation_store.add import Addition, add
from conversation_store.store import Store
from hub_contract.errors import Permanent
from hub_contract.events import MessageContent
from hub_contract.ids import note_id
from hub_contract.refusals import Refusal
from hub_contract.words import Automatic, Body
from hub_kit.database import transaction
from hub_kit.event_log import KeyRow
from hub_kit.sealing import seal_bytes
from hub_kit.tokens import Caller

_NOW = """
select coalesce(merged_into, id) from conversation where tenant = $1 and id = $2
"""


async def note(
    store: Store, caller: Caller, conversation_id: UUID, text: str, key: str
) -> tuple[UUID, bool] | None:
    """Return the entry's id and whether it is new; None where there is no such conversation."""
    if not text.strip():
        raise Permanent("text: is empty; write what to note", code=Refusal.TEXT_MISSING)
    entry_id = note_id(caller.tenant, conversation_id, key or str(uuid4()))
    data_key = store.ground.ring.new_key()
    content = MessageContent(body=Body(text=text), author=caller.who)
    plain = content.model_dump_json(exclude_defaults=True).encode()
    wrapped = store.ground.ring.wrap(data_key, entry_id)
    async with transaction(store.ground.pool, caller.tenant) as connection:
        target: UUID | None = await connection.fetchval(_NOW, caller.tenant, conversation_id)
        if target is None:
            return None
        addition = Addition(
            tenant=caller.tenant,
            conversation_id=target,
            entry_id=entry_id,
            kind="note",
            direction="none",
            channel="",
            account="",
            at=datetime.now(UTC),
            author=caller.who,
            contact_point_id=None,
            automatic=Automatic.NO,
            content=seal_bytes(plain, entry_id, data_key),
            key=KeyRow(entry_id, caller.tenant, wrapped),
        )
        return entry_id, await add(connection, addition)
