"""A test's database is given to the next test without rows, and only where nothing else was changed."""

from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from hub_kit.testing import fresh_database

HERE = Path(__file__).parent / "chains"
CHAINS = {name: HERE / name for name in ("probe_channel", "probe_keeper")}
ADD = """
insert into hub.event_log (event_id, tenant, topic, key, type, source, at, traceparent, body)
values (gen_random_uuid(), 'musterstadt', 't', 'k', 't', 's', now(), '', '') returning seq
"""
CHANGES = [
    "create table hub.own ()",
    "create schema own",
    "create function own() returns int language sql as 'select 1'",
    "alter table hub.blob_left add column own int",
    "alter table hub.message_key disable row level security",
    "alter table hub.message_key set (fillfactor = 50)",
    "create index own on hub.message_key (tenant)",
    "grant select on hub.message_key to probe_keeper",
    "drop table probe_channel.outgoing",
    "analyze hub.alembic_version",
]


async def change(dsn: str, *statements: str) -> None:
    connection = await asyncpg.connect(dsn)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


@pytest.mark.parametrize("statement", CHANGES)
async def test_a_changed_database_is_dropped(cluster, statement):
    async with fresh_database(cluster, CHAINS) as dsn:
        await change(dsn, statement)
    async with fresh_database(cluster, CHAINS) as other:
        assert other != dsn


async def test_a_setting_of_a_role_in_it_is_not_handed_on(cluster):
    async with fresh_database(cluster, CHAINS) as dsn:
        name = urlsplit(dsn).path[1:]
        await change(dsn, f'alter role probe_channel in database "{name}" set work_mem = 64')
    async with fresh_database(cluster, CHAINS) as other:
        assert other != dsn


async def test_rows_numbers_and_connections_are_gone(cluster):
    async with fresh_database(cluster, CHAINS) as dsn:
        left_open = await asyncpg.connect(dsn)
        first = await left_open.fetchval(ADD)
    async with fresh_database(cluster, CHAINS) as other:
        assert other == dsn
        assert left_open.is_closed()
        connection = await asyncpg.connect(other)
        assert await connection.fetchval("select count(*) from hub.event_log") == 0
        assert await connection.fetchval(ADD) == first
        await connection.close()
