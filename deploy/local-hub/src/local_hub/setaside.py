"""`faden dead` and `faden replay`: what could not be handled, over all services."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from hub_contract.errors import Temporary
from hub_kit import relay, set_aside
from hub_kit.about import names
from hub_kit.database import Connection, open_pool, transaction
from hub_kit.settings import ConfigurationError, Loaded


async def list_set_aside(loaded: Loaded) -> list[dict[str, Any]]:
    """Return what waits in every reader of the bus, oldest first: ids and reasons, no content."""
    found = []
    for schema, role in _readers():
        async with _connected(loaded, schema, role) as connection:
            if not await _sets_aside(connection):
                continue
            found += [{"service": schema, **row} for row in await set_aside.waiting(connection)]
    return sorted(found, key=lambda row: row["since"])


async def ask_replay(loaded: Loaded, key: str | None) -> int:
    """Ask every service to try again: one key, or all; return how many events wait for it."""
    asked = 0
    for schema, role in _readers():
        async with _connected(loaded, schema, role) as connection:
            if not await _sets_aside(connection):
                continue
            asked += await set_aside.ask_replay(connection, key=key)
    return asked


def _readers() -> list[tuple[str, str]]:
    """Return the schema and the role of all that may have set something aside."""
    return [*((name, name) for name in names()), (relay.SCHEMA, relay.ROLE)]


async def _sets_aside(connection: Connection) -> bool:
    """Say whether this service reads the bus; the others have no such tables."""
    return bool(await connection.fetchval("select to_regclass('parked') is not null"))


@asynccontextmanager
async def _connected(loaded: Loaded, schema: str, role: str) -> AsyncIterator[Connection]:
    pool = await open_pool(loaded.hub.database.replace("{role}", role), schema, size=1)
    try:
        async with transaction(pool) as connection:
            yield connection
    except Temporary as error:
        remedy = "start the hub with `faden up`, or name a database that runs"
        raise ConfigurationError(f"{loaded.path}: database: {error}; {remedy}") from error
    finally:
        async with asyncio.timeout(5):
            await pool.close()
