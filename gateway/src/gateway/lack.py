"""Keeps why the last log-in could bring no role, for `faden check`: names of claims, no values."""

from datetime import UTC

import asyncpg

from gateway.claims import Lack
from hub_kit.database import Pool, connect

_NOTE = """
insert into lack (expected, kind, came) values ($1, $2, $3)
on conflict (one) do update
set at = now(), expected = excluded.expected, kind = excluded.kind, came = excluded.came
"""


class Lacks:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def note(self, lack: Lack | None) -> None:
        """Keep it in the place of the one before; None, as the claim has come again, deletes it."""
        async with connect(self._pool) as connection:
            if lack is None:
                await connection.execute("delete from lack")
            else:
                await connection.execute(_NOTE, lack.expected, lack.kind, list(lack.came))


async def read_lack(connection: "asyncpg.Connection[asyncpg.Record]", expected: str) -> str:
    """Say what the last log-in brought instead of this claim; empty where it has come."""
    row = await connection.fetchrow("select * from gateway.lack where expected = $1", expected)
    if row is None:
        return ""
    lack = Lack(row["expected"], row["kind"], tuple(row["came"]))
    return f"at the log-in of {row['at'].astimezone(UTC):%Y-%m-%d %H:%M} UTC {lack.say()}"
