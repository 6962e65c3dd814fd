"""Brings a database up to date: the hub's own schema first, then one chain for each service."""

from collections.abc import Mapping
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import create_async_engine

HERE = Path(__file__).parent / "migrations"


async def migrate(owner_dsn: str, services: Mapping[str, Path]) -> None:
    """Upgrade schema `hub` and each service's schema (its name, its folder of versions).

    The owner's DSN may create roles. Each service gets a role of its schema's name, which can
    touch that schema, append to the log, and read what the grants in `hub` allow.
    """
    engine = create_async_engine(owner_dsn.replace("postgresql://", "postgresql+asyncpg://", 1))
    try:
        async with engine.begin() as connection:
            # Two starters at once would both create the schema; the second waits and finds it.
            await connection.execute(sa.text("select pg_advisory_xact_lock(7250)"))
            await connection.run_sync(_upgrade, "hub", HERE / "hub")
            for schema, versions in services.items():
                await connection.run_sync(_prepare_service, schema)
                await connection.run_sync(_upgrade, schema, versions)
                await connection.run_sync(_grant_own, schema)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, schema: str, versions: Path) -> None:
    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.set_main_option("version_locations", str(versions))
    config.set_main_option("path_separator", "os")
    config.attributes.update(connection=connection, schema=schema)
    command.upgrade(config, "head")


def _prepare_service(connection: Connection, schema: str) -> None:
    exists = connection.scalar(sa.text("select 1 from pg_roles where rolname = :r"), {"r": schema})
    if not exists:
        connection.execute(sa.text(f"create role {schema} login"))
    connection.execute(sa.text(f"create schema if not exists {schema}"))
    connection.execute(sa.text(f"grant hub_writer, hub_reader to {schema}"))
    connection.execute(sa.text(f"grant usage on schema {schema}, hub to {schema}"))


def _grant_own(connection: Connection, schema: str) -> None:
    rights = "select, insert, update, delete"
    connection.execute(sa.text(f"grant {rights} on all tables in schema {schema} to {schema}"))
    connection.execute(sa.text(f"grant usage on all sequences in schema {schema} to {schema}"))
