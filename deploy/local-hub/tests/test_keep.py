"""A database that a full disk has ended is started again by its keeper, once there is room."""

import asyncio
import os
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

import asyncpg
import pytest

from hub_kit.embedded import open_postgresql
from hub_kit.testing import eventually
from local_hub.keep import Keeper

LEFT = 4_000_000  # bytes of room: less than a segment of the WAL
AWAY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)
# Each pair needs one more segment. Nothing else may take the room: with none left at all, nobody
# can log in any more (`pg_internal.init`); and a checkpoint would use old segments again for ever.
_FILL = ("insert into t values ('x')", "select pg_switch_wal()")


@contextmanager
def small_disk():
    with tempfile.TemporaryDirectory(prefix="faden-disk-") as folder:
        command = ["mount", "-t", "tmpfs", "-o", "size=160m,mode=755", "tmpfs", folder]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("needs the right to mount")
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "-l", folder], check=True)


async def run(server, sql):
    connection = await asyncpg.connect(server.dsn, timeout=10)
    try:
        return await connection.fetchval(sql)
    finally:
        connection.terminate()


async def test_a_full_disk_ends_the_database_and_room_brings_it_back():
    said = []
    with small_disk() as disk, open_postgresql(disk / "data") as server:
        await run(server, "create table t (x text)")
        full = disk / "full"
        room = os.statvfs(disk)
        full.write_bytes(bytes(room.f_bavail * room.f_frsize - LEFT))

        async def ended():
            for sql in _FILL:
                with suppress(*AWAY):
                    await run(server, sql)
            return not server.runs()

        await eventually(ended)
        keeping = asyncio.create_task(Keeper(server, lambda *line: said.append(line), [0.1]).run())

        async def says_why():
            return any("No space left on device" in line for _, line in said)

        await eventually(says_why)
        full.unlink()

        async def runs_again():
            return ("postgresql", "runs again") in said

        await eventually(runs_again)
        assert await run(server, "select count(*) from t") >= 0
        keeping.cancel()
