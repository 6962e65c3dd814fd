"""A whole hub on each bus, shared by the tests of a file that break nothing."""

from collections.abc import Iterator

import pytest

from local_hub.testing import Town

BUSES = ["postgresql", pytest.param("kafka", marks=pytest.mark.real("kafka"))]


@pytest.fixture(scope="module", params=BUSES)
def town(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("town")
    folder.parent.chmod(0o755)
    with Town(folder, request.param) as town:
        yield town


@pytest.fixture(params=BUSES)
def own_town(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Town]:
    """A hub that a test may break."""
    folder = tmp_path_factory.mktemp("town")
    folder.parent.chmod(0o755)
    with Town(folder, request.param) as town:
        yield town
