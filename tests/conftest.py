"""A whole hub on each bus, shared by all tests: what is in it already must not matter to them."""

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
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


@pytest.fixture(scope="session", params=BUSES)
def town(request: pytest.FixtureRequest) -> Iterator[Town]:
    yield from town_on(request.param)


@pytest.fixture
def own_town() -> Iterator[Town]:
    """A hub of this test alone."""
    yield from town_on("postgresql")
