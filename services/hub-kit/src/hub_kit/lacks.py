"""Keeps what the peers of our accounts do not carry: channels note it, the store reads it.

Nothing noted means that nothing is known to be lacking: the way is offered, and what it does not
carry after all fails with its reason.
"""

from hub_contract.fit import Lack
from hub_kit.database import Connection, Pool, transaction

_NOTE = """
insert into hub.lack (tenant, account, lack) values ($1, $2, $3) on conflict do nothing
"""
_FORGET = "delete from hub.lack where tenant = $1 and account = $2 and lack = $3"
_READ = "select account from hub.lack where tenant = $1 and lack = $2"


async def note_lack(pool: Pool, tenant: str, account: str, lack: Lack, *, lacking: bool) -> None:
    """Note whether this is lacking now; `Temporary`: the database is away."""
    async with transaction(pool, tenant) as connection:
        await connection.execute(_NOTE if lacking else _FORGET, tenant, account, lack)


async def read_lacking(connection: Connection, tenant: str, lack: Lack) -> frozenset[str]:
    """Return the accounts of this tenant to which this is lacking."""
    rows = await connection.fetch(_READ, tenant, lack)
    return frozenset(row["account"] for row in rows)
