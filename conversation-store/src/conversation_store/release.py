"""Lets a file go that is held for harmful software: a supervisor's word, seen by all."""

from uuid import UUID

from conversation_store.change import write_down
from conversation_store.show.conversation import read_entry
from conversation_store.show.held import HELD, ORIGINAL, RELEASED, read_said
from conversation_store.timeline import open_row
from hub_contract.errors import Permanent
from hub_contract.explanations import Explanation
from hub_contract.refusals import Refusal
from hub_kit.database import transaction
from hub_kit.ground import Ground
from hub_kit.tokens import Caller

_LOCK = "select id, tenant from conversation where tenant = $1 and id = $2 for update"
_RELEASE = """
insert into held_file (tenant, entry_id, number, said, finding, by) values ($1, $2, $3, $4, $5, $6)
on conflict (tenant, entry_id, number) do update set said = $4, finding = $5, by = $6, at = now()
"""


async def release(
    ground: Ground, caller: Caller, entry_id: UUID, number: int | None
) -> UUID | None:
    """Let the original (None) or a file go; return its conversation, None where there is no such.

    `Permanent` where it is not held, or has been erased.
    """
    place = ORIGINAL if number is None else number
    async with transaction(ground.pool, caller.tenant) as connection:
        row = await read_entry(connection, caller.tenant, entry_id)
        if row is None:
            return None
        home = await connection.fetchrow(_LOCK, caller.tenant, row["conversation_id"])
        assert home is not None  # every entry has one
        if (content := open_row(row, ground.ring)) is None:
            raise Permanent("the content has been erased", code=Refusal.ERASED)
        said = (await read_said(connection, caller.tenant, entry_id, content)).get(place)
        if said is None:
            return None
        if said.said not in HELD:
            raise Permanent("the file is not held; nothing to do", code=Refusal.NOT_HELD)
        file = (caller.tenant, entry_id, place)
        await connection.execute(_RELEASE, *file, RELEASED, said.finding, caller.who)
        deed = (caller.who, Explanation.FILE_RELEASED, {"finding": said.finding})
        await write_down(ground, connection, home, deed)
    target: UUID = home["id"]
    return target
