"""What means "later" is told apart from what is a value's own fault; passwords come from a file."""

import asyncio
import tempfile
from pathlib import Path

import asyncpg
import pytest

from hub_contract.errors import Permanent, Temporary
from hub_kit.database import connect, open_pool, transaction
from hub_kit.embedded import start_postgresql
from hub_kit.migrate import migrate


async def query(pool, sql: str, *arguments: object) -> object:
    async with connect(pool) as connection:
        return await connection.fetchval(sql, *arguments)


async def test_a_pool_has_its_schema_and_its_limits(channel):
    assert await query(channel.pool, "select current_user") == "probe_channel"
    assert await query(channel.pool, "show search_path") == "probe_channel"
    assert await query(channel.pool, "show idle_in_transaction_session_timeout") == "1min"
    assert await query(channel.pool, "select count(*) from outgoing") == 0


AWAY = [
    ("select pg_terminate_backend(pg_backend_pid())", "ConnectionDoesNotExistError"),
    ("begin; set local statement_timeout = 1; select pg_sleep(5)", "QueryCanceledError"),
    ("begin read only; delete from outgoing", "ReadOnlySQLTransactionError"),
    ("do $$ begin raise sqlstate '40P01'; end $$", "DeadlockDetectedError"),
    ("do $$ begin raise sqlstate '40001'; end $$", "SerializationError"),
    ("do $$ begin raise sqlstate '53100'; end $$", "DiskFullError"),
    ("do $$ begin raise sqlstate '53300'; end $$", "TooManyConnectionsError"),
    ("do $$ begin raise sqlstate '55P03'; end $$", "LockNotAvailableError"),
    ("do $$ begin raise sqlstate '57P03'; end $$", "CannotConnectNowError"),
    ("do $$ begin raise sqlstate '58030'; end $$", "PostgresIOError"),
]


@pytest.mark.parametrize(("sql", "name"), AWAY)
async def test_a_database_that_is_away_is_temporary(channel, sql, name):
    with pytest.raises(Temporary, match=f"^database: {name}$"):
        async with connect(channel.pool) as connection:
            await connection.execute(sql)
    assert await query(channel.pool, "select 1") == 1, "the pool goes on"


async def test_an_unfit_value_is_permanent_whoever_finds_out(channel):
    for sql, value in (("select $1::int", 2**40), ("select $1::text", "a\0b")):
        with pytest.raises(Permanent, match=r"^database: "):
            await query(channel.pool, sql, value)
    assert await query(channel.pool, "select 1") == 1


async def test_a_mistake_in_sql_is_neither(channel):
    with pytest.raises(asyncpg.UndefinedTableError):
        await query(channel.pool, "select * from nowhere")


@pytest.mark.parametrize(
    ("find", "put"),
    [
        ("probe_channel@", "nobody@"),
        ("?host=", "?host=/nowhere"),
        ("/test_", "/no_such_database_"),
    ],
)
async def test_who_cannot_connect_starts_nevertheless_and_tries_again(channel, find, put):
    assert find in channel.settings.database
    pool = await open_pool(channel.settings.database.replace(find, put), "probe_channel")
    with pytest.raises(Temporary, match=r"^database: "):
        await query(pool, "select 1")
    pool.terminate()


async def test_a_tenant_is_set_for_one_transaction_only(channel):
    async with transaction(channel.pool, "musterstadt") as connection:
        assert await connection.fetchval("select current_setting('hub.tenant')") == "musterstadt"
    async with transaction(channel.pool) as connection:
        assert not await connection.fetchval("select current_setting('hub.tenant', true)")


async def test_what_fails_is_undone(channel):
    async def fail() -> None:
        async with transaction(channel.pool) as connection:
            await connection.execute("insert into checkpoint values ('a', 'b')")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await query(channel.pool, "select count(*) from checkpoint") == 0


async def test_all_connections_taken_is_temporary(channel):
    pool = await open_pool(channel.settings.database, "probe_channel", size=1)
    async with pool.acquire():
        # Ten seconds of patience are for operation; here the caller's own end comes first.
        with pytest.raises((Temporary, TimeoutError)):
            async with asyncio.timeout(0.2):
                await query(pool, "select 1")
    assert await query(pool, "select 1") == 1
    await pool.close()


@pytest.fixture
def guarded():
    """A server that asks for passwords; its data folder and its owner's DSN while it still did not."""
    with tempfile.TemporaryDirectory(prefix="faden-pg-") as folder:
        Path(folder).chmod(0o755)
        data = Path(folder) / "data"
        with start_postgresql(data) as dsn:
            asyncio.run(_set_passwords(dsn))
            (data / "pg_hba.conf").write_text("local all all scram-sha-256\n")
        with start_postgresql(data) as dsn:
            yield dsn


async def _set_passwords(dsn: str) -> None:
    owner = await asyncpg.connect(dsn)
    await owner.execute("alter role postgres password 'owner''s secret'")
    await owner.execute("create role probe_channel login password 'channel''s secret'")
    await owner.close()


async def test_passwords_come_from_pgpassfile(guarded, tmp_path, monkeypatch):
    service = guarded.replace("postgres@", "probe_channel@")
    chain = {"probe_channel": Path(__file__).parent / "chains" / "probe_channel"}
    pool = await open_pool(service, "probe_channel")
    with pytest.raises(Temporary, match=r"^database: "):
        await query(pool, "select 1")
    pool.terminate()

    passwords = tmp_path / "pgpass"
    lines = ["*:*:*:postgres:owner's secret", "*:*:*:probe_channel:channel's secret"]
    passwords.write_text("\n".join(lines))
    passwords.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(passwords))
    await migrate(guarded, chain)
    pool = await open_pool(service, "probe_channel")
    assert await query(pool, "select count(*) from outgoing") == 0
    await pool.close()
