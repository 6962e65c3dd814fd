"""Brings a database up to date: the hub's own schema first, then one chain for each service.

Rule 1. Each step commits by itself, so that an index of a large table can be made while the hub
        works (`make_index`), which no transaction allows.
Rule 2. A step that fails is undone and named; the next start says so too, and goes on from there.
Rule 3. One migrates at a time; the others ask again and again instead of waiting in the database,
        since `create index concurrently` would wait for them in turn.
"""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

import sqlalchemy as sa
from alembic import command, op
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from alembic.util import CommandError
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, PendingRollbackError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from hub_contract.errors import Permanent
from hub_kit import event_log
from hub_kit.schema import role

HERE = Path(__file__).parent / "migrations"
_ASK_AGAIN = 0.1  # seconds
Say = Callable[[str], None]  # told, before it is done, which step an existing database is at


async def migrate(
    owner_dsn: str, services: Mapping[str, Path], say: Say = lambda _line: None
) -> None:
    """Upgrade schema `hub` and each service's schema (its name, its folder of versions).

    The owner's DSN may create roles. Each service gets a role of its schema's name, which can
    touch that schema, append to the log, and read what the grants in `hub` allow. `Permanent` says
    in one line what failed, and what an operator must do first.
    """
    engine = create_async_engine(owner_dsn.replace("postgresql://", "postgresql+asyncpg://", 1))
    try:
        async with engine.connect() as connection:
            await _take_turn(connection)
            await connection.run_sync(_upgrade, "hub", HERE / "hub", say)
            await connection.run_sync(_grant_rewrapping, "hub")
            await connection.run_sync(_refuse_foreign_log)
            for schema, versions in services.items():
                await connection.run_sync(_prepare_service, schema)
                await connection.run_sync(_upgrade, schema, versions, say)
                await connection.run_sync(_grant_own, schema)
                await connection.run_sync(_grant_rewrapping, schema)
    finally:
        await engine.dispose()  # and with the connection, the turn


def make_index(name: str, on: str) -> None:
    """Make an index while others write, in a step of its own; `on`: `table (column, …)`.

    What a start that broke off has left of it is not valid: it is dropped, and made again.
    """
    with op.get_context().autocommit_block():
        find = sa.text("select indisvalid from pg_index where indexrelid = to_regclass(:name)")
        if op.get_bind().scalar(find, {"name": name}) is False:
            op.execute(f"drop index concurrently {name}")
        op.execute(f"create index concurrently if not exists {name} on {on}")


async def _take_turn(connection: AsyncConnection) -> None:
    lock = sa.text("select pg_try_advisory_lock(7250)")
    while not await connection.scalar(lock):
        await connection.rollback()
        await asyncio.sleep(_ASK_AGAIN)
    await connection.commit()


def _upgrade(connection: Connection, schema: str, versions: Path, say: Say) -> None:
    config = Config()
    config.set_main_option("script_location", _literal(HERE))
    config.set_main_option("version_locations", _literal(versions))
    config.set_main_option("path_separator", "newline")
    config.attributes.update(connection=connection, schema=schema)
    try:
        stands, steps = _steps(config, connection, schema)
        for step in steps:
            if stands:
                say(f"schema {schema}: stands at {stands}, goes on with {_name(step)}")
            _carry_out(config, schema, step)
    except CommandError as error:
        raise Permanent(
            f"schema {schema}: {error}; is the database newer than this release?"
        ) from None


def _steps(config: Config, connection: Connection, schema: str) -> tuple[str | None, list[Script]]:
    """Return where the chain stands in this database (None: nowhere yet), and what is to come."""
    context = MigrationContext.configure(connection, opts={"version_table_schema": schema})
    stands = context.get_current_revision()
    connection.rollback()  # it was only a look
    found = ScriptDirectory.from_config(config).walk_revisions(stands or "base", "head")
    return stands, [step for step in found if step.revision != stands][::-1]


def _carry_out(config: Config, schema: str, step: Script) -> None:
    try:
        command.upgrade(config, step.revision)
    except (DBAPIError, PendingRollbackError) as error:
        raise Permanent(
            f"schema {schema}: step {_name(step)} failed: {_reason(error)};"
            " mend what it says and start again, which goes on with this step"
        ) from error


def _name(step: Script) -> str:
    return f"{step.revision} ({step.doc})"


def _reason(error: DBAPIError | PendingRollbackError) -> str:
    if isinstance(error, PendingRollbackError):
        return "the connection to the database broke"
    return str(error.driver_exception).partition("\n")[0]  # further lines may quote what is kept


def _literal(path: Path) -> str:
    return str(path).replace("%", "%%")  # alembic reads its options as templates


def _refuse_foreign_log(connection: Connection) -> None:
    """Say so where the log was restored into a server whose transaction numbers are lower.

    Readers would wait for years: they stop below the oldest number that is still open.
    """
    highest = connection.scalar(sa.text(event_log.FOREIGN))
    connection.rollback()
    if highest is not None:
        raise Permanent(
            f"hub.event_log holds transaction {highest}, which this server has not reached: it was"
            " restored from another one; raise the counter first (pg_resetwal --epoch=N)"
        )


def _prepare_service(connection: Connection, schema: str) -> None:
    connection.execute(sa.text(role(schema, "login", member_of=("hub_writer", "hub_reader"))))
    connection.execute(sa.text(f"create schema if not exists {schema}"))
    connection.execute(sa.text(f"grant usage on schema {schema}, hub to {schema}"))
    connection.commit()


def _grant_own(connection: Connection, schema: str) -> None:
    rights = "select, insert, update, delete"
    connection.execute(sa.text(f"grant {rights} on all tables in schema {schema} to {schema}"))
    connection.execute(sa.text(f"grant usage on all sequences in schema {schema} to {schema}"))
    connection.execute(sa.text(f"revoke all on {schema}.alembic_version from {schema}"))
    if connection.scalar(sa.text(f"select to_regclass('{schema}.cursor')")):
        connection.execute(sa.text(f"grant usage on schema {schema} to hub_trimmer"))
        connection.execute(sa.text(f"grant select on {schema}.cursor to hub_trimmer"))
    connection.commit()


_WRAPPED = """
select c.relname, exists (
    select from pg_attribute o where o.attrelid = c.oid and o.attname = 'owner') as has_owner,
  exists (
    select from pg_policy p where p.polrelid = c.oid and p.polname = 'rewrapped') as has_policy
from pg_class c join pg_attribute a on a.attrelid = c.oid
where c.relnamespace = to_regnamespace(:schema) and c.relkind in ('r', 'p')
  and a.attname = 'wrapped' and a.atttypid = 'bytea'::regtype
"""


def _grant_rewrapping(connection: Connection, schema: str) -> None:
    """Let who wraps keys anew see those of this schema, whichever tables have any."""
    connection.execute(sa.text(f"grant usage on schema {schema} to hub_rewrapper"))
    for row in connection.execute(sa.text(_WRAPPED), {"schema": schema}).all():
        table, owner = f"{schema}.{row.relname}", "owner" if row.has_owner else "id"
        columns = f"select ({owner}, wrapped), update (wrapped)"
        connection.execute(sa.text(f"grant {columns} on {table} to hub_rewrapper"))
        if not row.has_policy:
            policy = "to hub_rewrapper using (true) with check (true)"
            connection.execute(sa.text(f"create policy rewrapped on {table} {policy}"))
    connection.commit()
