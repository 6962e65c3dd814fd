"""The way to PostgreSQL: pools whose role owns one schema, and which errors mean "later".

A password comes from PGPASSFILE (mode 0600) or PGPASSWORD, never from the DSN; a socket's folder
is `?host=/folder`.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import asyncpg
from asyncpg.exceptions import _base

from hub_contract.errors import Permanent, Temporary

Pool = asyncpg.Pool
Connection = asyncpg.pool.PoolConnectionProxy

# The database is away, restarting, full or overloaded: a fault of ours that passes.
AWAY = (
    OSError,
    asyncio.TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the line broke where asyncpg did not expect it
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    asyncpg.ObjectNotInPrerequisiteStateError,  # locked, or closed to connections
    asyncpg.PostgresSystemError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,  # not made yet
)
# The value's own fault, found by the server or by asyncpg (which calls that an `InterfaceError`).
UNFIT = (asyncpg.DataError, _base.DataError)


async def open_pool(dsn: str, schema: str, *, size: int = 8) -> Pool:
    """Return a pool that is made without a connection, so that a service starts without one."""
    return await asyncpg.create_pool(
        dsn,
        min_size=0,
        max_size=size,
        command_timeout=30,
        timeout=5,
        reset=_leave_as_is,
        server_settings={
            "search_path": schema,
            "application_name": schema,
            "idle_in_transaction_session_timeout": "60s",
            "jit": "off",
        },
    )


async def _leave_as_is(connection: asyncpg.Connection) -> None:
    """Spare the round trip that resets a session, at each release: ours set nothing in theirs.

    The tenant ends with its transaction, a lock with its connection; what is still open is undone
    before this is called.
    """


@asynccontextmanager
async def connect(pool: Pool) -> AsyncIterator[Connection]:
    """Lend a connection; what means "away" leaves as `Temporary`, an unfit value as `Permanent`."""
    try:
        connection = await pool.acquire(timeout=10)
        try:
            yield connection
        finally:
            # What was done is done, even where the line breaks just after it. A server that hangs
            # would hang here too.
            with suppress(*AWAY):
                await pool.release(connection, timeout=2)
    except UNFIT as error:
        raise Permanent(f"database: {type(error).__name__}") from error
    except AWAY as error:
        raise Temporary(f"database: {type(error).__name__}") from error


@asynccontextmanager
async def transaction(pool: Pool, tenant: str = "") -> AsyncIterator[Connection]:
    """Lend a connection in a transaction that sees one tenant's rows, or none."""
    async with connect(pool) as connection, connection.transaction():
        if tenant:
            await set_tenant(connection, tenant)
        yield connection


async def set_tenant(connection: Connection, tenant: str) -> None:
    """From here to the end of the transaction, row-level security shows this tenant."""
    await connection.execute("select set_config('hub.tenant', $1, true)", tenant)


def affected(status: str) -> int:
    """Return how many rows a statement touched, of what `execute` says: `DELETE 3`."""
    return int(status.rpartition(" ")[2])
