"""Keeps what an agent has begun to write, for each agent and conversation, with its files."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from asyncpg import Record

from hub_contract.channels import MOST_BYTES, MOST_FILES
from hub_contract.fit import Unfit
from hub_kit.database import Connection, Pool, affected, transaction
from hub_kit.keys import KeyRing
from hub_kit.tokens import Caller
from hub_kit.trim import PIECE
from workspace.keep import open_value, seal_file, seal_value

_OF = "select * from draft where tenant = $1 and who = $2 and conversation_id = $3"
_KEEP = """
insert into draft (id, tenant, who, conversation_id, wrapped, sealed)
values ($1, $2, $3, $4, $5, $6)
"""
_FILES = (
    "select id, wrapped, sealed, size from file where tenant = $1 and draft_id = $2 order by at"
)
_ADD = """
insert into file (id, tenant, draft_id, wrapped, sealed, data, size)
values ($1, $2, $3, $4, $5, $6, $7)
"""


@dataclass(frozen=True, slots=True)
class File:
    """A file of a draft; `data` is read only where it is sent."""

    id: UUID
    file_name: str
    media_type: str
    size: int


@dataclass(frozen=True, slots=True)
class Draft:
    """What was typed; `way` is `channel/account/contact point` or empty: as it is offered."""

    text: str = ""
    subject: str = ""
    way: str = ""
    note: bool = False
    files: tuple[File, ...] = ()
    id: UUID | None = None

    @property
    def is_empty(self) -> bool:
        return not (self.text.strip() or self.files)


def way_of(parts: Mapping[str, Any]) -> str:
    """Return a way as forms and drafts have it, of one that the store offers."""
    return "/".join(str(parts.get(name) or "") for name in ("channel", "account", "contact_point"))


def channel_of(way: str) -> str:
    return way.partition("/")[0]


async def read_draft(pool: Pool, ring: KeyRing, caller: Caller, conversation_id: UUID) -> Draft:
    """Return this agent's draft for this conversation; an empty one where there is none."""
    async with transaction(pool, caller.tenant) as connection:
        row = await connection.fetchrow(_OF, caller.tenant, caller.who, conversation_id)
        if row is None:
            return Draft()
        files = await connection.fetch(_FILES, caller.tenant, row["id"])
    said = open_value(ring, row["id"], row)
    return Draft(**said, files=tuple(_file(ring, one) for one in files), id=row["id"])


async def keep_draft(
    pool: Pool, ring: KeyRing, caller: Caller, conversation_id: UUID, draft: Draft
) -> None:
    """Keep what was typed (not the files, which stay as they are), if anything is left of it."""
    async with transaction(pool, caller.tenant) as connection:
        await keep_in(connection, ring, caller, conversation_id, draft)


async def keep_in(
    connection: Connection, ring: KeyRing, caller: Caller, conversation_id: UUID, draft: Draft
) -> None:
    row = await lock_draft(connection, caller, conversation_id)
    files = row is not None and await connection.fetchval(
        "select count(*) from file where tenant = $1 and draft_id = $2", caller.tenant, row["id"]
    )
    if draft.text.strip() or files:
        await _write(connection, ring, caller, conversation_id, draft, row=row)
    elif row is not None:
        await _drop(connection, caller, row["id"])


async def lock_draft(
    connection: Connection, caller: Caller, conversation_id: UUID
) -> Record | None:
    """Return this draft, if there is one; until the transaction ends nobody else touches it.

    One that is typed on and sent at the same moment comes twice, and may not be there yet.
    """
    name = f"draft/{caller.tenant}/{caller.who}/{conversation_id}"
    await connection.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", name)
    return await connection.fetchrow(_OF, caller.tenant, caller.who, conversation_id)


async def _write(
    connection: Connection,
    ring: KeyRing,
    caller: Caller,
    conversation_id: UUID,
    draft: Draft,
    *,
    row: Record | None,
) -> UUID:
    said = {
        "text": draft.text,
        "subject": draft.subject,
        "way": draft.way,
        "note": draft.note,
    }
    id_: UUID = row["id"] if row else uuid4()
    wrapped, sealed = seal_value(ring, id_, said)
    if row is not None:
        await connection.execute(
            "update draft set wrapped = $3, sealed = $4, changed_at = now()"
            " where tenant = $1 and id = $2",
            *(caller.tenant, id_, wrapped, sealed),
        )
    else:
        await connection.execute(
            _KEEP, id_, caller.tenant, caller.who, conversation_id, wrapped, sealed
        )
    return id_


async def _drop(connection: Connection, caller: Caller, id_: UUID) -> None:
    await connection.execute("delete from draft where tenant = $1 and id = $2", caller.tenant, id_)


async def add_file(
    pool: Pool,
    ring: KeyRing,
    caller: Caller,
    conversation_id: UUID,
    *,
    named: tuple[str, str],
    data: bytes,
) -> Unfit | None:
    """Add a file (its name and media type, its bytes) to the draft, or return why it is too much.

    The limits are those of the widest channel: another way may be chosen until it is sent.
    """
    async with transaction(pool, caller.tenant) as connection:
        row = await lock_draft(connection, caller, conversation_id)
        if row is None:
            owner = await _write(connection, ring, caller, conversation_id, Draft(), row=None)
        else:
            owner = row["id"]
        sizes = await connection.fetch(_FILES, caller.tenant, owner)
        if len(sizes) >= MOST_FILES:
            return Unfit.TOO_MANY_FILES
        if sum(one["size"] for one in sizes) + len(data) > MOST_BYTES:
            return Unfit.FILES_TOO_LARGE
        id_ = uuid4()
        head = {"file_name": named[0], "media_type": named[1]}
        sealed = seal_file(ring, id_, head, data)
        await connection.execute(_ADD, id_, caller.tenant, owner, *sealed, len(data))
    return None


async def drop_file(pool: Pool, caller: Caller, file_id: UUID) -> None:
    async with transaction(pool, caller.tenant) as connection:
        await connection.execute(
            "delete from file where tenant = $1 and id = $2 and draft_id in"
            " (select id from draft where tenant = $1 and who = $3)",
            *(caller.tenant, file_id, caller.who),
        )


_OLD = """
delete from draft where tenant = $1 and id in (
  select d.id from draft d where d.tenant = $1 and d.changed_at < now() - $2::interval
    and not exists (select from file f where f.tenant = $1 and f.draft_id = d.id
      and f.at >= now() - $2::interval)
  order by d.changed_at limit $3)
"""


async def sweep_drafts(pool: Pool, keep: timedelta, tenant: str) -> int:
    """Delete a piece of the drafts, with their files, that nobody has gone on with for so long.

    Of answers and of call notes alike: what was finished is an entry, and has no draft any more.
    """
    async with transaction(pool, tenant) as connection:
        return affected(await connection.execute(_OLD, tenant, keep, PIECE))


def _file(ring: KeyRing, row: Record) -> File:
    return File(id=row["id"], size=row["size"], **open_value(ring, row["id"], row))
