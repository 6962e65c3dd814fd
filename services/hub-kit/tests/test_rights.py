"""A role touches its own schema, appends to the log, and sees no more than it must."""

import asyncpg
import pytest

from hub_kit.database import transaction
from hub_kit.testing import open_ground

LOG = """insert into hub.event_log (event_id, tenant, topic, key, type, source, at, traceparent, body)
         values (gen_random_uuid(), 'musterstadt', 't', '', '', '', now(), '', '')"""
KEY = """insert into hub.message_key (owner, tenant, wrapped, reader)
         values (gen_random_uuid(), '{tenant}', 'w', '{reader}')"""
MINE = KEY.format(tenant="musterstadt", reader="probe_channel")
STORES = KEY.format(tenant="musterstadt", reader="")
PARK = """insert into parked (consumer, lane, topic, key, position, traceparent, body, reason)
          values ('', '', '', '', '', '', '', '')"""

MAY = {
    "probe_channel": [
        LOG,
        MINE,
        STORES,
        "select * from hub.event_log",
        "select * from hub.message_key",  # row-level security decides what it sees
        "insert into outgoing (event_id, key, traceparent, body) values (gen_random_uuid(), '', '', '')",
        "update outgoing set attempts = 1",
        "delete from outgoing",
        "insert into cursor values ('c', 'l', 'p')",
        PARK,
    ],
    "probe_keeper": [
        LOG,
        STORES,
        "delete from hub.message_key",
        "select * from hub.event_log",
        "delete from hub.event_log",  # as a trimmer
        "select * from hub.cursor",
        "select * from probe_channel.cursor",
    ],
    "hub_writer": [LOG, STORES, "select event_id from hub.event_log"],
}
MAY_NOT = {
    "probe_channel": [
        "update hub.event_log set body = ''",
        "insert into hub.unreached values ('probe_keeper', '', now())",
        "select * from hub.dead_letter",
        "delete from hub.event_log",
        "delete from hub.event_id",
        "select * from hub.blob_left",
        "select * from probe_keeper.cursor",
        "truncate hub.event_log",
        "update hub.message_key set reader = 'probe_channel'",
        "delete from hub.message_key",
        "truncate hub.message_key",
        "alter table hub.message_key disable row level security",
        "set role hub_keeper",
        "set role probe_keeper",
        "set role postgres",
        "select * from probe_keeper.parked",
        "insert into probe_keeper.cursor values ('c', 'l', 'p')",
        "select * from hub.cursor",
        "insert into hub.cursor values ('c', 'l', 'p')",
        "create table probe_channel.own ()",
        "create table hub.own ()",
        "create table public.own ()",
        "drop table probe_channel.outgoing",
        "select * from alembic_version",
        "update alembic_version set version_num = 'x'",
        "select * from hub.alembic_version",
        "create role intruder",
    ],
    "probe_keeper": [
        "select * from probe_channel.outgoing",
        "update hub.message_key set wrapped = ''",
        "update hub.event_log set kept_at = now()",
        "delete from hub.event_id",
        "update probe_channel.cursor set position = ''",
        "delete from hub.cursor",
        "set role probe_channel",
    ],
    "hub_writer": [
        "select body from hub.event_log",
        "select * from hub.event_log",
        "delete from hub.message_key",
        "select * from probe_channel.outgoing",
    ],
}


def rows(table: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(role, sql) for role, statements in table.items() for sql in statements]


@pytest.fixture
async def as_role(database):
    """Run a statement as a role, and undo it."""

    async def run(role: str, sql: str) -> None:
        user = role if role.startswith("probe") else "postgres"
        dsn = database.replace("postgres@", f"{user}@")
        connection = await asyncpg.connect(dsn, server_settings={"search_path": role})
        try:
            async with connection.transaction():
                if user != role:
                    await connection.execute(f"set role {role}")
                await connection.execute(sql)
        finally:
            await connection.close()

    return run


async def test_what_a_role_may(as_role):
    for role, sql in rows(MAY):
        await as_role(role, sql)


async def test_what_a_role_may_not(as_role):
    for role, sql in rows(MAY_NOT):
        try:
            await as_role(role, sql)
        except asyncpg.InsufficientPrivilegeError:
            continue
        pytest.fail(f"{role} may: {sql}")


async def owners(ground, tenant: str = "") -> list[str]:
    async with transaction(ground.pool, tenant) as connection:
        found = await connection.fetch("select tenant, reader from hub.message_key order by 1, 2")
    return [f"{row['tenant']}/{row['reader']}" for row in found]


async def test_who_sees_which_keys(channel, keeper, database, owner, tmp_path):
    for tenant in ("kleindorf", "musterstadt"):
        for reader in ("", "probe_channel", "channel_fax"):
            await owner.execute(KEY.format(tenant=tenant, reader=reader))
    own = ["kleindorf/probe_channel", "musterstadt/probe_channel"]
    assert await owners(channel) == own
    assert await owners(channel, "musterstadt") == own, "a channel is no keeper of a tenant"
    assert await owners(keeper) == []
    assert await owners(keeper, "nobody") == []
    expected = ["musterstadt/", "musterstadt/channel_fax", "musterstadt/probe_channel"]
    assert await owners(keeper, "musterstadt") == expected


async def test_a_keeper_erases_for_one_tenant_at_a_time(keeper, owner):
    for tenant in ("kleindorf", "musterstadt"):
        await owner.execute(KEY.format(tenant=tenant, reader=""))
    async with transaction(keeper.pool) as connection:
        assert await connection.execute("delete from hub.message_key") == "DELETE 0"
    async with transaction(keeper.pool, "musterstadt") as connection:
        assert await connection.execute("delete from hub.message_key") == "DELETE 1"
    assert await owner.fetchval("select tenant from hub.message_key") == "kleindorf"


async def test_row_level_security_is_forced(owner):
    """Also for the table's owner, unless it is a superuser; only who wraps keys anew may update."""
    row = await owner.fetchrow(
        "select relrowsecurity, relforcerowsecurity from pg_class"
        " where oid = 'hub.message_key'::regclass"
    )
    assert tuple(row) == (True, True)
    policies = await owner.fetch("select * from pg_policies where tablename = 'message_key'")
    assert {(one["policyname"], one["cmd"], *one["roles"]) for one in policies} == {
        ("written", "INSERT", "public"),
        ("by_reader", "SELECT", "public"),
        ("by_tenant", "ALL", "hub_keeper"),
        ("rewrapped", "ALL", "hub_rewrapper"),
    }


async def test_services_do_not_own_their_tables(owner):
    """An owner could switch row-level security off."""
    found = await owner.fetch(
        "select schemaname, tablename, tableowner from pg_tables"
        " where schemaname not in ('pg_catalog', 'information_schema')"
    )
    assert len(found) > 10
    assert {row["tableowner"] for row in found} == {"postgres"}
    attributes = await owner.fetch(
        "select rolname from pg_roles where (rolsuper or rolbypassrls or rolcreaterole)"
        " and (rolname like 'hub%' or rolname like 'probe%')"
    )
    assert attributes == []


async def test_unqualified_names_are_the_services_own(channel, database, tmp_path):
    async with open_ground("probe_keeper", database, tmp_path) as other:
        await channel.pool.execute("insert into cursor values ('mine', 'l', 'p')")
        assert await other.pool.fetchval("select count(*) from cursor") == 0
