"""A whole hub on each bus, shared by all tests: what is in it already must not matter to them."""

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from local_hub.testing import Town

BUSES = ["postgresql", pytest.param("kafka", marks=pytest.mark.real("kafka"))]


def town_on(bus: str) -> Iterator[Town]:
    # Not below pytest's folders: another run shuts them to the database's own user. And in a
    # thread, since a browser keeps an event loop in the main one.
    with (
        tempfile.TemporaryDirectory(prefix="faden-town-") as folder,
        ThreadPoolExecutor(1) as aside,
    ):
        town = aside.submit(Town(Path(folder), bus).__enter__).result()
        try:
            yield town
        finally:
            aside.submit(town.__exit__, None, None, None).result()


class Towns:
    """Holds the one hub that runs, and ends it where the next test wants none, or another."""

    def __init__(self) -> None:
        self._bus, self._stack = "", ExitStack()

    def on(self, bus: str) -> Town:
        if bus != self._bus:
            self.end()
            self._town = self._stack.enter_context(contextmanager(town_on)(bus))
            self._bus = bus
        return self._town

    def end(self) -> None:
        self._bus = ""
        self._stack.close()


TOWNS = Towns()


def bus_of(item: pytest.Item | None) -> object:
    callspec = getattr(item, "callspec", None)
    return callspec.params.get("town") if callspec else None


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    if bus_of(item) and bus_of(item) != bus_of(nextitem):
        TOWNS.end()


@pytest.fixture(params=BUSES)
def town(request: pytest.FixtureRequest) -> Town:
    return TOWNS.on(request.param)


@pytest.fixture
def own_town() -> Iterator[Town]:
    """A hub of this test alone."""
    yield from town_on("postgresql")
