"""Migrating is done as often as one likes, by as many as like, from any earlier state."""

import asyncio
import sys
import tempfile
from pathlib import Path
from shutil import copy

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from hub_contract.errors import Permanent
from hub_kit.embedded import start_postgresql
from hub_kit.migrate import HERE, _upgrade, migrate
from hub_kit.schema import CHANNEL, READER, statements
from hub_kit.testing import eventually, fresh_database, open_ground

CHAINS = Path(__file__).parent / "chains"
CHANNEL_CHAIN = {"probe_channel": CHAINS / "probe_channel"}
KEEPER_CHAIN = {"probe_keeper": CHAINS / "probe_keeper"}

STATE = """
select 'table' as kind, table_schema || '.' || table_name as name from information_schema.tables
where table_schema not in ('pg_catalog', 'information_schema')
union all
select 'grant', concat_ws(' ', grantee, privilege_type, table_schema, table_name)
from information_schema.role_table_grants where table_schema not in
  ('pg_catalog', 'information_schema')
union all
select 'policy', concat_ws(' ', schemaname, tablename, policyname, roles, qual, with_check)
from pg_policies
order by 1, 2
"""


async def state_of(dsn: str) -> list[str]:
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch(STATE)
    await connection.close()
    return [f"{row['kind']}: {row['name']}" for row in rows]


@pytest.fixture
async def empty(cluster):
    async with fresh_database(cluster, {}) as dsn:
        yield dsn


async def test_twice_is_once(empty):
    await migrate(empty, CHANNEL_CHAIN | KEEPER_CHAIN)
    first = await state_of(empty)
    assert "table: hub.event_log" in first
    assert "table: probe_channel.outgoing" in first
    assert "grant: probe_keeper SELECT hub event_log" not in first, "only by membership"
    await migrate(empty, CHANNEL_CHAIN | KEEPER_CHAIN)
    assert await state_of(empty) == first


async def test_a_service_that_comes_later_is_added(empty):
    await migrate(empty, CHANNEL_CHAIN)
    await migrate(empty, KEEPER_CHAIN)
    assert "table: probe_keeper.parked" in await state_of(empty)


SCRIPT = """
import asyncio, sys
from pathlib import Path
from hub_kit.migrate import HERE, _upgrade, migrate
dsn, folder, *names = sys.argv[1:]
asyncio.run(migrate(dsn, {name: Path(folder) for name in names}))
"""


async def starters(*dsns: str) -> list[int]:
    """Migrate each in a process of its own, all at once; return how they ended."""
    names = ["probe_first", "probe_second"]
    command = [sys.executable, "-c", SCRIPT]
    processes = [
        await asyncio.create_subprocess_exec(*command, dsn, str(CHAINS / "probe_channel"), *names)
        for dsn in dsns
    ]
    return [await process.wait() for process in processes]


async def test_starters_at_once_are_one(empty):
    assert await starters(empty, empty, empty) == [0, 0, 0]
    assert "table: probe_second.outgoing" in await state_of(empty)


async def test_databases_of_one_server_are_migrated_at_once(cluster):
    """Roles belong to the server, so they would be made twice."""
    async with fresh_database(cluster, {}) as one, fresh_database(cluster, {}) as other:
        for name in ("probe_first", "probe_second"):
            await cluster.run(f"drop role if exists {name}")
        assert await starters(one, other) == [0, 0]
        assert await state_of(one) == await state_of(other)


REVISION = '''
"""One step of a chain."""
from alembic import op
revision, down_revision = {own!r}, {before!r}
def upgrade() -> None:
    op.execute({sql!r})
'''


def write_chain(folder: Path, *steps: str) -> Path:
    folder.mkdir(exist_ok=True)
    for number, sql in enumerate(steps):
        before = f"r{number - 1}" if number else None
        step = REVISION.format(own=f"r{number}", before=before, sql=sql)
        (folder / f"{number:04}_step.py").write_text(step)
    return folder


async def test_an_earlier_release_is_upgraded_and_its_data_stay(empty, tmp_path):
    first, second = "create table note (text text)", "alter table note add column at timestamptz"
    await migrate(empty, {"probe_note": write_chain(tmp_path / "a 100%: chain", first)})
    owner = await asyncpg.connect(empty)
    await owner.execute("insert into probe_note.note values ('kept')")
    await migrate(empty, {"probe_note": write_chain(tmp_path / "a 100%: chain", first, second)})
    rows = await owner.fetch("select text, at from probe_note.note")
    assert [tuple(row) for row in rows] == [("kept", None)]
    await owner.close()
    async with open_ground("probe_note", empty, tmp_path) as ground:
        await ground.pool.execute("insert into note (text) values ('by the service')")


async def test_a_release_older_than_its_database_is_refused_in_one_line(empty, tmp_path):
    steps = ["create table one ()", "create table two ()"]
    await migrate(empty, {"probe_old": write_chain(tmp_path / "new", *steps)})
    old = write_chain(tmp_path / "old", *steps[:1])
    with pytest.raises(Permanent, match=r"^schema probe_old: .*newer than this release\?$"):
        await migrate(empty, {"probe_old": old})


async def test_a_step_that_fails_is_named_and_the_next_start_goes_on_from_there(empty, tmp_path):
    """What came before it stands; of itself, nothing."""
    owner = await asyncpg.connect(empty)
    half = "create table two as select 1 / (select count(*) from one) as n"
    chain = write_chain(
        tmp_path / "half", "create table one (n int)", half, "create table three ()"
    )
    failed = r"^schema probe_half: step r1 \(One step of a chain\.\) failed: division by zero; mend"
    for said in ([], ["schema probe_half: stands at r0, goes on with r1 (One step of a chain.)"]):
        lines: list[str] = []
        with pytest.raises(Permanent, match=failed):
            await migrate(empty, CHANNEL_CHAIN | {"probe_half": chain}, lines.append)
        assert lines == said
        tables = [line for line in await state_of(empty) if "table: probe" in line]
        assert "table: probe_channel.outgoing" in tables, "chains before it stand"
        assert "table: probe_half.one" in tables
        assert not {"table: probe_half.two", "table: probe_half.three"} & set(tables)
    await owner.execute("insert into probe_half.one values (1)")
    await owner.close()
    await migrate(empty, CHANNEL_CHAIN | {"probe_half": chain})
    assert {"table: probe_half.two", "table: probe_half.three"} <= set(await state_of(empty))


INDEXED = '''
"""An index of a table that is in use."""
from alembic import op
from hub_kit.migrate import make_index
revision, down_revision = "indexed", "r0"
def upgrade() -> None:
    make_index("one_by_n", "one (n)")
'''
VALID = "select indisvalid from pg_index where indexrelid = to_regclass('probe_index.one_by_n')"


@pytest.mark.parametrize(
    ("broken_by", "reason"),
    [
        ("pg_cancel_backend", "canceling statement due to user request"),
        ("pg_terminate_backend", "the connection to the database broke"),
    ],
)
async def test_an_index_is_made_while_others_write_and_made_again_where_it_broke_off(
    empty, tmp_path, broken_by, reason
):
    folder = write_chain(tmp_path / "index", "create table one (n int)")
    await migrate(empty, chain := {"probe_index": folder})
    owner, writer = await asyncpg.connect(empty), await asyncpg.connect(empty)
    (folder / "0001_index.py").write_text(INDEXED)
    async with writer.transaction():
        await writer.execute("insert into probe_index.one values (1)")
        making = asyncio.create_task(migrate(empty, chain))

        async def waits() -> bool:
            return await owner.fetchval(VALID) is False

        await eventually(waits)
        await owner.execute("insert into probe_index.one values (2)")  # nobody is held up
        ended = f"""select {broken_by}(pid) from pg_stat_activity
                   where query like 'create index concurrently%' and pid <> pg_backend_pid()"""
        assert await owner.fetchval(ended)
        with pytest.raises(
            Permanent, match=rf"^schema probe_index: step indexed .* failed: {reason};"
        ):
            await making
    assert await owner.fetchval(VALID) is False, "what is left of it takes no reader on"
    lines: list[str] = []
    await migrate(empty, chain, lines.append)
    assert await owner.fetchval(VALID) is True
    assert lines == [
        "schema probe_index: stands at r0, goes on with indexed (An index of a table that is in use.)"
    ]
    await owner.close()
    await writer.close()


async def test_who_waits_for_another_starter_does_not_hold_its_index_up(empty, tmp_path):
    """One that waited in the database would be waited for by the one it waits for, for ever."""
    folder = write_chain(tmp_path / "index", "create table one (n int)")
    (folder / "0001_index.py").write_text(INDEXED)
    await asyncio.gather(*(migrate(empty, {"probe_index": folder}) for _ in range(3)))
    owner = await asyncpg.connect(empty)
    assert await owner.fetchval(VALID) is True
    await owner.close()


async def test_a_log_restored_from_another_server_is_refused(empty):
    """Its transactions lie in this server's future, so no reader would ever come to them."""
    await migrate(empty, CHANNEL_CHAIN)
    owner = await asyncpg.connect(empty)
    await owner.execute(
        """insert into hub.event_log
             (event_id, xid, tenant, topic, key, type, source, at, traceparent, body)
           select gen_random_uuid(), x::text::xid8, '', t, '', '', '', now(), '', ''
           from unnest(array[1, 9000000000]) x, unnest(array['a', 'b']) t"""
    )
    with pytest.raises(Permanent, match=r"transaction 9000000000, .* restored from another"):
        await migrate(empty, CHANNEL_CHAIN)
    await owner.execute("delete from hub.event_log where xid = '9000000000'")
    await owner.close()
    await migrate(empty, CHANNEL_CHAIN)


async def test_an_owner_who_is_no_superuser_is_enough():
    """As on rented servers; a server of its own, since roles made by another owner stay theirs."""
    with tempfile.TemporaryDirectory(prefix="faden-pg-") as folder:
        Path(folder).chmod(0o755)
        with start_postgresql(Path(folder) / "data") as dsn:
            postgres = await asyncpg.connect(dsn)
            await postgres.execute("create role plain login createrole")
            await postgres.execute("create database faden owner plain")
            await postgres.close()
            own = dsn.replace("postgres@", "plain@").replace("/postgres?", "/faden?")
            for _ in range(2):
                await migrate(own, CHANNEL_CHAIN | KEEPER_CHAIN)
            service = await asyncpg.connect(own.replace("plain@", "probe_channel@"))
            assert await service.fetchval("select count(*) from hub.event_log") == 0
            await service.close()


def test_statements_stay_whole():
    assert statements("a;\nb") == ["a", "b"]
    block = "do $$ begin\n  x;\n  y;\nend $$"
    assert statements(f"a;\n{block};\nb;\n") == ["a", block, "b"]
    own = [statement.strip() for statement in statements(CHANNEL)]
    assert own[:4] == [statement.strip() for statement in statements(READER)]


BEFORE_TRIMMING = """
insert into hub.event_log (event_id, tenant, topic, key, type, source, at, traceparent, body)
select id, 'musterstadt', 't', '', type, '', now(), '', body::bytea from (values
  ('00000000-0000-0000-0000-000000000001'::uuid, 'message.received',
    '{"original": {"name": "musterstadt/2026-11-27/a", "start": 0}}'),
  ('00000000-0000-0000-0000-000000000002', 'message.received', '{"original": null}'),
  ('00000000-0000-0000-0000-000000000003', 'entry.appended', '{}')) as v(id, type, body);
insert into hub.message_key (owner, tenant, wrapped)
select event_id, tenant, 'w' from hub.event_log where type = 'message.received';
"""


async def test_what_stood_before_trimming_keeps_its_id_and_its_blob(empty, tmp_path):
    for name in ("0001_log.py", "0002_relay.py"):
        copy(HERE / "hub" / name, tmp_path)
    engine = create_async_engine(empty.replace("postgresql://", "postgresql+asyncpg://", 1))
    async with engine.connect() as connection:
        await connection.run_sync(_upgrade, "hub", tmp_path, print)
    await engine.dispose()
    owner = await asyncpg.connect(empty)
    await owner.execute(BEFORE_TRIMMING)
    await migrate(empty, CHANNEL_CHAIN)
    ids = await owner.fetch("select id from hub.event_id order by id")
    assert [row["id"].int for row in ids] == [1, 2]
    keys = await owner.fetch("select owner, blob from hub.message_key order by owner")
    assert [(row["owner"].int, row["blob"]) for row in keys] == [
        (1, "musterstadt/2026-11-27/a"),
        (2, ""),
    ]
    kept = "select count(*) from hub.event_log where kept_at > now() - interval '1 hour'"
    assert await owner.fetchval(kept) == 3
    await owner.close()
