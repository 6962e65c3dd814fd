"""Brings a database up to date: the hub's own schema first, then one chain for each service."""

from collections.abc import Mapping
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from hub_contract.errors import Permanent
from hub_kit import event_log
from hub_kit.schema import role

HERE = Path(__file__).parent / "migrations"


async def migrate(owner_dsn: str, services: Mapping[str, Path]) -> None:
    """Upgrade schema `hub` and each service's schema (its name, its folder of versions).

    The owner's DSN may create roles. Each service gets a role of its schema's name, which can
    touch that schema, append to the log, and read what the grants in `hub` allow. All or nothing;
    `Permanent` says in one line what an operator must do first.
    """
    engine = create_async_engine(owner_dsn.replace("postgresql://", "postgresql+asyncpg://", 1))
    try:
        async with engine.begin() as connection:
            # Two starters at once would both create the schema; the second waits and finds it.
            await connection.execute(sa.text("select pg_advisory_xact_lock(7250)"))
            await connection.run_sync(_upgrade, "hub", HERE / "hub")
            await connection.run_sync(_refuse_foreign_log)
            for schema, versions in services.items():
                await connection.run_sync(_prepare_service, schema)
                await connection.run_sync(_upgrade, schema, versions)
                await connection.run_sync(_grant_own, schema)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, schema: str, versions: Path) -> None:
    config = Config()
    config.set_main_option("script_location", _literal(HERE))
    config.set_main_option("version_locations", _literal(versions))
    config.set_main_option("path_separator", "newline")
    config.attributes.update(connection=connection, schema=schema)
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise Permanent(
            f"schema {schema}: {error}; is the database newer than this release?"
        ) from None


def _literal(path: Path) -> str:
    return str(path).replace("%", "%%")  # alembic reads its options as templates


def _refuse_foreign_log(connection: Connection) -> None:
    """Say so where the log was restored into a server whose transaction numbers are lower.

    Readers would wait for years: they stop below the oldest number that is still open.
    """
    highest = connection.scalar(sa.text(event_log.FOREIGN))
    if highest is not None:
        raise Permanent(
            f"hub.event_log holds transaction {highest}, which this server has not reached: it was"
            " restored from another one; raise the counter first (pg_resetwal --epoch=N)"
        )


def _prepare_service(connection: Connection, schema: str) -> None:
    connection.execute(sa.text(role(schema, "login", member_of=("hub_writer", "hub_reader"))))
    connection.execute(sa.text(f"create schema if not exists {schema}"))
    connection.execute(sa.text(f"grant usage on schema {schema}, hub to {schema}"))


def _grant_own(connection: Connection, schema: str) -> None:
    rights = "select, insert, update, delete"
    connection.execute(sa.text(f"grant {rights} on all tables in schema {schema} to {schema}"))
    connection.execute(sa.text(f"grant usage on all sequences in schema {schema} to {schema}"))
    connection.execute(sa.text(f"revoke all on {schema}.alembic_version from {schema}"))
