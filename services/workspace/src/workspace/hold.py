"""Holds an answer for some seconds, so that it can be taken back, then has the store send it.

What is held lies in the database: a restart loses nothing, and sends nothing twice (the id of what
is held is the Idempotency-Key of the store).
"""

import base64
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from asyncpg import Record
from starlette.exceptions import HTTPException

from hub_contract.errors import Permanent
from hub_contract.ids import held_id
from hub_contract.refusals import Refusal
from hub_kit.database import Connection, Pool, transaction
from hub_kit.ground import Ground
from hub_kit.keys import KeyRing
from hub_kit.tokens import Caller
from workspace.ask import Service
from workspace.drafts import Draft, keep_in, lock_draft, way_of
from workspace.keep import open_data, open_value, seal_value

_CLAIM = timedelta(seconds=60)  # longer than the store may take to answer
_HOLD = """
insert into held (id, tenant, who, role, conversation_id, wrapped, sealed, send_at)
values ($1, $2, $3, $4, $5, $6, $7, now() + $8::interval)
on conflict (id) do nothing
"""
_TAKE_FILES = "update file set held_id = $3, draft_id = null where tenant = $1 and draft_id = $2"
_GIVE_FILES = "update file set draft_id = $3, held_id = null where tenant = $1 and held_id = $2"
_DUE = """
update held set claimed_until = now() + $2::interval
where id = (
  select id from held where tenant = $1 and refused is null and send_at <= now()
    and (claimed_until is null or claimed_until < now())
  order by send_at limit 1 for update skip locked
)
returning *
"""
# Of conversations in which something was erased since: what an agent wrote may quote it.
_DROP = """
with erased as (select conversation_id, at from hub.erased where tenant = $1),
drafts as (
  delete from draft d using erased e
  where d.tenant = $1 and d.conversation_id = e.conversation_id and d.changed_at <= e.at
)
delete from held h using erased e
where h.tenant = $1 and h.conversation_id = e.conversation_id and h.send_at <= e.at
  and h.refused is not null
"""
_OF = "select * from held where tenant = $1 and conversation_id = $2 order by send_at, id"


@dataclass(frozen=True, slots=True)
class Held:
    """An answer that has not gone out yet."""

    id: UUID
    who: str
    text: str
    channel: str
    send_at: datetime
    refused: str  # why the store did not take it, a `Refusal`; empty: it goes out


def id_of(caller: Caller, conversation_id: UUID, token: str) -> UUID:
    """Return the id of what a form sends: the same however often that form is sent."""
    if not token:
        return uuid4()
    return held_id(caller.tenant, conversation_id, caller.who, token)


async def hold(
    ground: Ground,
    caller: Caller,
    conversation_id: UUID,
    reply: dict[str, Any],
    *,
    id_: UUID,
    seconds: float,
) -> None:
    """Hold this answer (a body of the store's `replies`) with the files of the draft, drop that.

    Held under this id already, it stays as it is.
    """
    wrapped, sealed = seal_value(ground.ring, id_, reply)
    who = (caller.tenant, caller.who, caller.role)
    async with transaction(ground.pool, caller.tenant) as connection:
        draft = await lock_draft(connection, caller, conversation_id)
        wait = timedelta(seconds=seconds)
        await connection.execute(_HOLD, id_, *who, conversation_id, wrapped, sealed, wait)
        if draft:
            await connection.execute(_TAKE_FILES, caller.tenant, draft["id"], id_)
            await connection.execute(
                "delete from draft where tenant = $1 and id = $2", caller.tenant, draft["id"]
            )


async def keep_unsent(ground: Ground, caller: Caller, conversation_id: UUID, draft: Draft) -> None:
    """Keep a draft, unless it is a late copy of what has been sent: that must not come back."""
    async with transaction(ground.pool, caller.tenant) as connection:
        await lock_draft(connection, caller, conversation_id)
        rows = await connection.fetch(_OF, caller.tenant, conversation_id)
        held = [_held(ground.ring, row) for row in rows]
        if not any(one.who == caller.who and one.text == draft.text for one in held):
            await keep_in(connection, ground.ring, caller, conversation_id, draft)


async def held_in(pool: Pool, ring: KeyRing, tenant: str, conversation_id: UUID) -> list[Held]:
    async with transaction(pool, tenant) as connection:
        rows = await connection.fetch(_OF, tenant, conversation_id)
    return [_held(ring, row) for row in rows]


def _held(ring: KeyRing, row: Record) -> Held:
    reply = open_value(ring, row["id"], row)
    channel = str(reply.get("channel") or "")
    return Held(row["id"], row["who"], reply["text"], channel, row["send_at"], row["refused"] or "")


async def take_back(ground: Ground, caller: Caller, held_id: UUID) -> UUID | None:
    """Make a draft of it again and return its conversation; None: it is gone, or not one's own."""
    async with transaction(ground.pool, caller.tenant) as connection:
        row = await connection.fetchrow(
            "select * from held where tenant = $1 and id = $2 and who = $3 for update",
            *(caller.tenant, held_id, caller.who),
        )
        # Once claimed it may be on its way; it cannot be taken back then.
        if row is None or (row["claimed_until"] and row["refused"] is None):
            return None
        await _restore(connection, ground.ring, caller, row)
        return UUID(str(row["conversation_id"]))


async def _restore(connection: Connection, ring: KeyRing, caller: Caller, row: Record) -> None:
    """Put the words before what has been typed since, and the files beside its files."""
    where = (caller.tenant, caller.who, row["conversation_id"])
    now = await lock_draft(connection, caller, row["conversation_id"])
    said = open_value(ring, row["id"], row)
    later = open_value(ring, now["id"], now)["text"] if now else ""
    text = "\n\n".join(filter(None, (said["text"], later)))
    way = way_of(said) if said.get("channel") else ""
    draft = {"text": text, "subject": said["subject"], "way": way, "note": False}
    id_ = now["id"] if now else uuid4()
    wrapped, sealed = seal_value(ring, id_, draft)
    await connection.execute(
        "insert into draft (id, tenant, who, conversation_id, wrapped, sealed)"
        " values ($1, $2, $3, $4, $5, $6)"
        " on conflict (id) do update set wrapped = excluded.wrapped, sealed = excluded.sealed",
        *(id_, *where, wrapped, sealed),
    )
    await connection.execute(_GIVE_FILES, caller.tenant, row["id"], id_)
    await connection.execute(
        "delete from held where tenant = $1 and id = $2", caller.tenant, row["id"]
    )


async def send_due(ground: Ground, store: Service, tenant: str) -> int:
    """Have the store send what is due; return how many answers were settled.

    What the store refuses stays, with its reason, and becomes a draft again on a click. `Temporary`
    leaves: the claim runs out and the answer is tried again under the same key.
    """
    settled = 0
    while True:
        async with transaction(ground.pool, tenant) as connection:
            row = await connection.fetchrow(_DUE, tenant, _CLAIM)
            if row is None:
                return settled
            files = await connection.fetch(
                "select * from file where tenant = $1 and held_id = $2 order by at",
                *(tenant, row["id"]),
            )
        refused = await _send(ground.ring, store, row, files)
        async with transaction(ground.pool, tenant) as connection:
            if refused:
                sql = "update held set refused = $3 where tenant = $1 and id = $2"
                await connection.execute(sql, tenant, row["id"], refused)
            else:
                sql = "delete from held where tenant = $1 and id = $2"
                await connection.execute(sql, tenant, row["id"])
        settled += 1


async def _send(ring: KeyRing, store: Service, row: Record, files: list[Record]) -> str:
    """Send one answer; return why the store refuses it (a `Refusal`), or nothing."""
    reply = open_value(ring, row["id"], row)
    reply["attachments"] = [
        {
            **open_value(ring, file["id"], file),
            "data": base64.b64encode(open_data(ring, file["id"], file)).decode(),
        }
        for file in files
    ]
    caller = Caller(row["who"], row["tenant"], row["role"])
    path = f"/conversations/{row['conversation_id']}/replies"
    try:
        await store.post(caller, path, reply, key=str(row["id"]))
    except Permanent as error:
        return error.code
    except HTTPException as error:
        return Refusal.of(error.status_code)
    return ""


async def drop_erased(pool: Pool, tenant: str) -> None:
    """Drop drafts, and answers that the store refused, where something was erased after them."""
    async with transaction(pool, tenant) as connection:
        await connection.execute(_DROP, tenant)
