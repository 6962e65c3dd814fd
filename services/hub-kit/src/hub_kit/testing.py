"""Real parts for tests: a PostgreSQL of their own, fresh databases, a key ring, a ground.

A pytest plugin (`pytest_plugins = ["hub_kit.testing"]`). HUB_TEST_DATABASE names another server,
for example Debian's PostgreSQL 15: an owner's DSN of a database that may create others.
"""

import asyncio
import itertools
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from hub_kit import event_log
from hub_kit.database import Pool
from hub_kit.ground import Ground
from hub_kit.keys import KeyRing
from hub_kit.migrate import migrate
from hub_kit.reuse import empty, read_shape
from hub_kit.settings import HubSettings

_NUMBERS = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running server; `dsn` is its owner's, to its first database."""

    dsn: str

    def database(self, name: str, user: str = "") -> str:
        """Return the DSN of another database of this server, as this user."""
        parts = urlsplit(self.dsn)
        host = parts.netloc.rpartition("@")[2]
        netloc = f"{user}@{host}" if user else parts.netloc
        return urlunsplit((parts.scheme, netloc, f"/{name}", parts.query, ""))

    async def run(self, statement: str) -> None:
        connection = await asyncpg.connect(self.dsn)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


Start = Callable[[], AbstractContextManager[str]]  # a server; yields its owner's DSN


@pytest.fixture(scope="session")
def servers() -> Iterator[Callable[[Start], str]]:
    """Return the DSN of a server, which is started once and runs until all tests have."""
    with ExitStack() as stack:
        yield cache(lambda start: stack.enter_context(start()))


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest, servers: Callable[[Start], str]) -> Cluster:
    """A PostgreSQL for this process of the test run, without data of others.

    Processes do not share one: readers of the log wait for the oldest transaction of their whole
    server, and would wait for those of other tests. A parameter (a `Start`) is another server.
    """
    return Cluster(servers(getattr(request, "param", start_server)))


@contextmanager
def start_server() -> Iterator[str]:
    if given := os.environ.get("HUB_TEST_DATABASE"):
        yield given
        asyncio.run(_drop_templates(Cluster(given)))
        return
    from hub_kit.embedded import start_postgresql

    with tempfile.TemporaryDirectory(prefix="faden-pg-") as folder:
        Path(folder).chmod(0o755)
        with start_postgresql(Path(folder) / "data") as dsn:
            asyncio.run(_for_tests(Cluster(dsn)))
            yield dsn


async def _for_tests(cluster: Cluster) -> None:
    """Make databases quick to make; what must outlive a power cut has a server of its own.

    Autovacuum's transactions hold readers of the log back, of all databases, at any moment.
    """
    await cluster.run("alter system set fsync = off")
    await cluster.run("alter system set autovacuum = off")
    await cluster.run("select pg_reload_conf()")


async def read_accepted(
    pool: Pool, position: str, topics: list[str], limit: int = 1000
) -> list[event_log.Row]:
    """Return what lies behind this position, once no transaction holds it back; [] at the end."""
    rows: list[event_log.Row] = []
    async with pool.acquire() as connection:
        while not rows and await event_log.count_behind(connection, position, topics):
            rows = await event_log.read(connection, position, limit, topics)
    return rows


@dataclass(slots=True)
class _Template:
    """A migrated database, and copies of it that tests have left as they found them."""

    name: str
    shape: str = ""
    idle: list[str] = field(default_factory=list)


_TEMPLATES: dict[tuple[str, ...], _Template] = {}


@asynccontextmanager
async def fresh_database(cluster: Cluster, services: Mapping[str, Path]) -> AsyncIterator[str]:
    """Give a database with these services' schemas and without rows; yield its owner's DSN."""
    template = await _template(cluster, services) if services else _Template("template0")
    name = template.idle.pop() if template.idle else await _copy(cluster, template)
    try:
        yield cluster.database(name)
    finally:
        if template.shape and await empty(cluster.database(name), template.shape):
            template.idle.append(name)
        else:
            await cluster.run(f'drop database "{name}" with (force)')


async def _copy(cluster: Cluster, template: _Template) -> str:
    name = f"test_{os.getpid()}_{next(_NUMBERS)}"
    await cluster.run(f'create database "{name}" template "{template.name}" strategy file_copy')
    return name


async def _template(cluster: Cluster, services: Mapping[str, Path]) -> _Template:
    """Migrate once for all tests that want the same services; a copy takes a tenth of a second."""
    wanted = (cluster.dsn, *(f"{name}={folder}" for name, folder in sorted(services.items())))
    if wanted not in _TEMPLATES:
        name = f"template_{os.getpid()}_{next(_NUMBERS)}"
        await cluster.run(f'create database "{name}" template template0')
        await migrate(cluster.database(name), services)
        _TEMPLATES[wanted] = _Template(name, await read_shape(cluster.database(name)))
    return _TEMPLATES[wanted]


async def _drop_templates(cluster: Cluster) -> None:
    for template in _TEMPLATES.values():
        for name in (template.name, *template.idle):
            await cluster.run(f'drop database if exists "{name}" with (force)')


def new_ring(folder: Path) -> KeyRing:
    """Return a key ring of its own, written beside the test's other files."""
    path = folder / "keys.json"
    if not path.exists():
        KeyRing.create(path)
    return KeyRing.read(path)


@asynccontextmanager
async def open_ground(
    schema: str, dsn: str, folder: Path, bus: str = "postgresql"
) -> AsyncIterator[Ground]:
    """Yield the ground of one service, in its own role, with blobs below `folder`."""
    parts = urlsplit(dsn)
    netloc = f"{schema}@{parts.netloc.rpartition('@')[2]}"
    own = urlunsplit((parts.scheme, netloc, parts.path, parts.query, ""))
    settings = HubSettings(
        database=own, bus=bus, blobs=str(folder / "blobs"), keys_file=folder / "keys.json"
    )
    ground = await Ground.open(schema, settings, new_ring(folder))
    try:
        yield ground
    finally:
        await ground.close()


async def eventually(condition: Callable[[], Awaitable[object]], within: float = 300.0) -> None:
    """Wait until `await condition()` is true; fail the test where it never becomes so."""
    async with asyncio.timeout(within):
        while not await condition():  # noqa: ASYNC110 - what is waited for lies in other processes
            await asyncio.sleep(0.02)
