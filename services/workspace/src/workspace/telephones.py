"""Keeps which telephone of each agent rings first when they call somebody back."""

from uuid import uuid4

from hub_kit.database import Pool, transaction
from hub_kit.keys import KeyRing
from hub_kit.tokens import Caller
from workspace.keep import open_value, seal_value

_KEEP = """
insert into telephone (tenant, who, owner, wrapped, sealed) values ($1, $2, $3, $4, $5)
on conflict (tenant, who) do update set owner = excluded.owner, wrapped = excluded.wrapped,
  sealed = excluded.sealed, changed_at = now()
"""
_READ = "select owner, wrapped, sealed from telephone where tenant = $1 and who = $2"


async def keep_telephone(pool: Pool, ring: KeyRing, caller: Caller, number: str) -> None:
    """Keep it for this agent, in place of the one before."""
    owner = uuid4()
    wrapped, sealed = seal_value(ring, owner, number)
    async with transaction(pool, caller.tenant) as connection:
        await connection.execute(_KEEP, caller.tenant, caller.who, owner, wrapped, sealed)


async def read_telephone(pool: Pool, ring: KeyRing, caller: Caller) -> str:
    """Return this agent's telephone as it was typed; empty: none was."""
    async with transaction(pool, caller.tenant) as connection:
        row = await connection.fetchrow(_READ, caller.tenant, caller.who)
    return str(open_value(ring, row["owner"], row)) if row else ""
