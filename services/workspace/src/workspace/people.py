"""Knows the agents of a tenant by name, and who has which conversation open or writes in it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from hub_kit.database import Pool, transaction
from hub_kit.keys import KeyRing
from hub_kit.tokens import Caller
from workspace.keep import open_value, seal_value

HERE = timedelta(seconds=45)  # a page says so every fifteen seconds
WRITES = timedelta(seconds=20)
_REMEMBER = """
insert into agent (tenant, who, owner, wrapped, sealed) values ($1, $2, $3, $4, $5)
on conflict (tenant, who) do update set owner = excluded.owner, wrapped = excluded.wrapped,
  sealed = excluded.sealed, seen_at = now()
"""
_HERE = """
insert into presence (tenant, conversation_id, who, wrote_at)
values ($1, $2, $3, case when $4 then now() end)
on conflict (tenant, conversation_id, who) do update set seen_at = now(),
  wrote_at = case when $4 then now() else presence.wrote_at end
"""
_OTHERS = """
select p.who, p.seen_at, p.wrote_at, a.owner, a.wrapped, a.sealed, now() as now from presence p
left join agent a on a.tenant = p.tenant and a.who = p.who
where p.tenant = $1 and p.conversation_id = $2 and p.who <> $3 and p.seen_at > now() - $4::interval
order by p.who
"""


@dataclass(frozen=True, slots=True)
class Other:
    """Another agent who has the conversation open."""

    name: str
    writes: bool


async def remember(pool: Pool, ring: KeyRing, caller: Caller, name: str) -> None:
    """Keep the name the log-in gave, so that colleagues read it instead of an id."""
    async with transaction(pool, caller.tenant) as connection:
        owner = uuid4()
        wrapped, sealed = seal_value(ring, owner, name)
        await connection.execute(_REMEMBER, caller.tenant, caller.who, owner, wrapped, sealed)


async def names(pool: Pool, ring: KeyRing, tenant: str) -> dict[str, str]:
    """Return the name of every agent this tenant's desk has seen, by their opaque ids."""
    async with transaction(pool, tenant) as connection:
        rows = await connection.fetch("select * from agent where tenant = $1", tenant)
    found = {row["who"]: str(open_value(ring, row["owner"], row)) for row in rows}
    return dict(sorted(found.items(), key=lambda one: one[1].casefold()))


async def say_here(pool: Pool, caller: Caller, conversation_id: UUID, *, writes: bool) -> None:
    async with transaction(pool, caller.tenant) as connection:
        await connection.execute(_HERE, caller.tenant, conversation_id, caller.who, writes)


async def others_here(
    pool: Pool, ring: KeyRing, caller: Caller, conversation_id: UUID
) -> list[Other]:
    """Return which colleagues have this conversation open just now, and whether they write."""
    async with transaction(pool, caller.tenant) as connection:
        rows = await connection.fetch(_OTHERS, caller.tenant, conversation_id, caller.who, HERE)
    return [
        Other(
            str(open_value(ring, row["owner"], row)) if row["owner"] else "",
            writes=_is_recent(row["wrote_at"], row["now"]),
        )
        for row in rows
    ]


def _is_recent(wrote_at: datetime | None, now: datetime) -> bool:
    return wrote_at is not None and now - wrote_at < WRITES


async def forget(pool: Pool, tenant: str) -> None:
    """Drop what nobody asks for any more: who was where an hour ago."""
    async with transaction(pool, tenant) as connection:
        await connection.execute(
            "delete from presence where tenant = $1 and seen_at < now() - interval '1 hour'", tenant
        )
