"""`faden migrate` brings any PostgreSQL up to date, twice as well as once; `check` says when not."""

import asyncio
import json
from contextlib import suppress
from urllib.parse import urlsplit

import asyncpg
import pytest

from hub_kit.about import names
from hub_kit.keys import KeyRing, read_document
from hub_kit.settings import HubSettings
from hub_kit.testing import eventually, fresh_database
from local_hub.__main__ import main
from local_hub.check import check_connections
from local_hub.locate import MODEL, Located
from local_hub.prepare import in_database, migrate_database
from local_hub.rotate import rotate_each_day


async def test_every_service_finds_its_schema(cluster, tmp_path, monkeypatch):
    async with fresh_database(cluster, {}) as owner:
        monkeypatch.setenv("HUB_CONFIG", str(MODEL))
        monkeypatch.setenv("HUB_BLOBS", str(tmp_path / "blobs"))
        name = urlsplit(owner).path.lstrip("/")
        monkeypatch.setenv("HUB_DATABASE", in_database(owner, name, "{role}"))
        assert await _faults(tmp_path) != []
        for _ in range(2):
            await migrate_database(owner, print)
        assert await _faults(tmp_path) == []
        connection = await asyncpg.connect(owner)
        schemas = await connection.fetch("select nspname from pg_namespace")
        await connection.close()
        assert {"hub", *names()} <= {row["nspname"] for row in schemas}


async def _newer(owner: str) -> None:
    connection = await asyncpg.connect(owner)
    await connection.execute("create schema hub")
    await connection.execute("create table hub.alembic_version (version_num text primary key)")
    await connection.execute("insert into hub.alembic_version values ('hub_9999')")
    await connection.close()


def test_what_cannot_be_migrated_is_one_line(cluster, capsys):
    async def run() -> None:
        async with fresh_database(cluster, {}) as owner:
            await _newer(owner)
            await asyncio.to_thread(main, ["migrate", "--owner", owner])

    with pytest.raises(SystemExit) as left:
        asyncio.run(run())
    assert left.value.code == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("faden: schema hub: Can't locate revision identified by 'hub_9999'; is")


async def _faults(folder):
    findings = await check_connections(Located(MODEL, folder).read())
    return [finding.fault for finding in findings if finding.key == "database" and finding.fault]


@pytest.mark.parametrize(
    ("dsn", "remedy"),
    [
        ("postgresql://nobody@127.0.0.1:1/faden", "; start it, or correct the DSN"),
        ("no dsn", "; write postgresql://user@host/database"),
    ],
)
def test_a_database_that_is_away_is_one_line(capsys, dsn, remedy):
    with pytest.raises(SystemExit) as left:
        main(["migrate", "--owner", dsn])
    (line,) = capsys.readouterr().err.splitlines()
    assert left.value.code == 2
    assert line.startswith("faden: --owner: ")
    assert line.endswith(remedy)


@pytest.mark.parametrize(
    ("dsn", "role", "there"),
    [
        ("postgresql://postgres@/postgres?host=/x", "", "postgresql://postgres@/faden?host=/x"),
        ("postgresql://o:p@db:5432/x", "{role}", "postgresql://{role}@db:5432/faden"),
        ("postgresql://o:p@db:5432/x", "", "postgresql://o:p@db:5432/faden"),
    ],
)
def test_another_database_of_the_same_server(dsn, role, there):
    assert in_database(dsn, "faden", role) == there


def test_wrapping_keys_are_turned_over_by_a_command(cluster, tmp_path, capsys, monkeypatch):
    """The first turn of a ring of before there were epochs makes the next key."""
    keys = tmp_path / "keys.json"
    KeyRing.create(keys)
    raw = json.loads(keys.read_text())
    del raw["epochs"]
    keys.write_text(json.dumps(raw))
    monkeypatch.setenv("HUB_CONFIG", str(MODEL))
    monkeypatch.setenv("HUB_KEYS_FILE", str(keys))

    async def run(*arguments: str) -> None:
        await asyncio.to_thread(main, ["rotate", "--data", str(tmp_path), *arguments])

    async def both() -> None:
        async with fresh_database(cluster, {}) as owner:
            await migrate_database(owner, print)
            for _ in range(2):
                with suppress(SystemExit):
                    await run("--owner", owner)

    asyncio.run(both())
    first, second = capsys.readouterr().out.splitlines()[-2:]
    assert first == (
        "key 1 wraps; 0 rows wrapped anew; key 2 is made and begins soon: the key ring has changed"
    )
    assert second == "key 1 wraps; 0 rows wrapped anew"
    assert set(read_document(keys).wrapping) == {1, 2}


async def test_what_stands_in_the_way_of_turning_is_said_and_tried_again(tmp_path, monkeypatch):
    monkeypatch.setattr("local_hub.rotate._SOON", 0)
    KeyRing.create(tmp_path / "keys.json")
    hub = HubSettings(database="postgresql://x", blobs="b", keys_file=tmp_path / "keys.json")
    said = []
    nobody = f"postgresql://postgres@/x?host={tmp_path}"
    turning = asyncio.create_task(rotate_each_day(hub, nobody, lambda *line: said.append(line)))

    async def twice() -> bool:
        return len(said) > 1

    await eventually(twice)
    turning.cancel()
    assert {name for name, _ in said} == {"keys"}
    assert said[0][1].startswith("rotate: database: ")
