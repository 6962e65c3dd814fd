"""A server of the wheel's that was killed is started again, and never beside what is left of it."""

import asyncio
import os
import signal
import tempfile
from pathlib import Path

import asyncpg
import pytest

from hub_contract.errors import Temporary
from hub_kit.embedded import open_postgresql
from hub_kit.testing import eventually


@pytest.fixture(scope="module")
def server():
    with tempfile.TemporaryDirectory(prefix="faden-pg-") as folder:
        Path(folder).chmod(0o755)
        with open_postgresql(Path(folder) / "data") as running:
            yield running
        assert not running.runs()


async def answers(server) -> int:
    connection = await asyncpg.connect(server.dsn)
    try:
        return await connection.fetchval("select 1")
    finally:
        await connection.close()


async def killed(server) -> None:
    file = server._data / "postmaster.pid"
    os.kill(int(file.read_text().split()[0]), signal.SIGKILL)

    async def gone() -> bool:
        return not server.runs()

    await eventually(gone)


async def started(server) -> None:
    """Start it as its keeper does, again and again until it is possible."""

    async def can() -> bool:
        try:
            server.start()
        except Temporary:
            return False
        return True

    await eventually(can)


async def test_what_was_killed_starts_again_on_the_same_address(server):
    await killed(server)
    await started(server)
    assert await answers(server) == 1


async def test_a_pid_that_somebody_else_has_got_does_not_hold_it_up(server):
    """Or a zombie, where process 1 of a container reaps none."""
    await killed(server)
    other = await asyncio.create_subprocess_exec("sleep", "600")
    try:
        file = server._data / "postmaster.pid"
        lines = file.read_text().splitlines()
        file.write_text("\n".join([str(other.pid), *lines[1:]]) + "\n")
        assert not server.runs()
        await started(server)
    finally:
        other.kill()
        await other.wait()
    assert await answers(server) == 1


async def test_why_it_does_not_start_is_said(server):
    await killed(server)
    settings = server._data / "postgresql.conf"
    before = settings.read_bytes()
    settings.write_bytes(before + b"\nno_such_setting = on\n")

    async def says_why() -> bool:
        with pytest.raises(Temporary, match=r"^PostgreSQL does not start: ") as fault:
            server.start()
        return "still ending" not in str(fault.value)

    await eventually(says_why)
    settings.write_bytes(before)
    await started(server)
    assert await answers(server) == 1
