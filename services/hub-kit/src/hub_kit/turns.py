"""Lets one copy of the service do a thing that two must not do at once, such as fetch a mailbox."""

import asyncio
from contextlib import suppress

from hub_contract.errors import Temporary
from hub_kit.database import AWAY, Connection, Pool


class Turns:
    """Advisory locks on one connection: they end with it, however the process ends."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._connection: Connection | None = None
        self._held: set[str] = set()
        self._one_at_a_time = asyncio.Lock()

    async def take(self, name: str) -> bool:
        """Return whether it is our turn; to be asked again before each piece of work."""
        async with self._one_at_a_time:
            try:
                return await self._take(name)
            except AWAY as error:
                await self.close()
                raise Temporary(f"database: {type(error).__name__}") from error

    async def _take(self, name: str) -> bool:
        if self._connection is None:
            self._connection = await self._pool.acquire(timeout=10)
        if name in self._held:
            await self._connection.execute("select 1")
            return True
        lock = "select pg_try_advisory_lock(hashtextextended('faden turn ' || $1, 0))"
        if await self._connection.fetchval(lock, name):
            self._held.add(name)
        return name in self._held

    async def close(self) -> None:
        """Give all locks back by closing the connection, whatever state it is in."""
        connection, self._connection = self._connection, None
        self._held.clear()
        if connection is not None:
            with suppress(*AWAY):
                connection.terminate()
                await self._pool.release(connection)
