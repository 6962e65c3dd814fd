"""The parts that all tests share: a database, a broker, and what happens where one is missing.

`@pytest.mark.real("postfix")` names a real part a test talks to. Where the part cannot be had the
test is skipped with the reason; FADEN_STRICT=1 (the gate) makes that a failure.
"""

import asyncio
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import gateway  # noqa: F401 - its folder has its name: known first, pytest does not take one for the other
from hub_contract.errors import Temporary

if TYPE_CHECKING:
    from local_hub.realm import Running

pytest_plugins = ["hub_kit.testing", "hub_pages.testing"]

# How to see that a part is there; deploy/parts.sh installs them.
PARTS = {
    "postfix": lambda: Path("/usr/sbin/postfix").exists(),
    "dovecot": lambda: Path("/usr/sbin/dovecot").exists(),
    "strace": lambda: shutil.which("strace") is not None,
    "postgresql15": lambda: any(Path("/usr/lib/postgresql").glob("*/bin/initdb")),
    "chromium": lambda: Path("/usr/bin/chromium").exists(),
    "kafka": lambda: True,  # a wheel and Maven Central; its fixture says when they fail
    "keycloak": lambda: True,  # likewise
}
STRICT = os.environ.get("FADEN_STRICT") == "1"
_skipped: Counter[str] = Counter()


def missing(part: str, why: str) -> None:
    """Skip the running test for want of this real part; strictly, fail it."""
    if STRICT:
        pytest.fail(f"real part missing: {part}: {why}", pytrace=False)
    _skipped[part] += 1
    pytest.skip(f"real part missing: {part}: {why}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On another server run what talks to a database; nothing else depends on it."""
    if os.environ.get("HUB_TEST_DATABASE"):
        others = [item for item in items if "cluster" not in getattr(item, "fixturenames", ())]
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if item not in others]


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("real"):
        for part in mark.args:
            if not PARTS[part]():
                missing(part, "not installed; see deploy/parts.sh")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    parts = ", ".join(f"{part}: {count}" for part, count in sorted(_skipped.items()))
    said = f"{_skipped.total()} ({parts})" if parts else "0"
    terminalreporter.write_line(f"tests skipped for want of a real part: {said}")
    if everywhere := os.environ.get("FADEN_SKIPPED"):  # counted over all runs by tests/run.py
        with Path(everywhere).open("a", encoding="utf-8") as file:
            file.write(f"{_skipped.total()}\n")


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Apache Kafka for this test run, with the hub's topics; yields its bootstrap address.

    HUB_TEST_KAFKA names another one.
    """
    if given := os.environ.get("HUB_TEST_KAFKA"):
        yield given
        return
    from local_hub.kafka import ensure_topics, free_port, start_kafka

    with ExitStack() as stack:
        broker = start_kafka(tmp_path_factory.mktemp("kafka"), free_port())
        try:
            address = stack.enter_context(broker)
        except Temporary as error:
            missing("kafka", str(error))
            raise
        asyncio.run(ensure_topics(address))
        yield address


@pytest.fixture(scope="session")
def keycloak(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Running"]:
    """A real Keycloak for this test run, without any realm of ours; yields how to use it."""
    from local_hub.java import free_port
    from local_hub.keycloak import start_keycloak

    with ExitStack() as stack:
        server = start_keycloak(tmp_path_factory.mktemp("keycloak"), free_port())
        try:
            running = stack.enter_context(server)
        except Temporary as error:
            missing("keycloak", str(error))
            raise
        yield running
