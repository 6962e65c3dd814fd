"""The parts that all tests share."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from hub_contract.errors import Temporary

pytest_plugins = ["hub_kit.testing"]


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Apache Kafka for this test run, with the hub's topics; yields its bootstrap address.

    HUB_TEST_KAFKA names another one. FADEN_STRICT=1 makes its absence a failure.
    """
    if given := os.environ.get("HUB_TEST_KAFKA"):
        yield given
        return
    from local_hub.kafka import ensure_topics, free_port, start_kafka

    with ExitStack() as stack:
        broker = start_kafka(tmp_path_factory.mktemp("kafka"), free_port())
        try:
            bootstrap = stack.enter_context(broker)
        except Temporary as error:
            if os.environ.get("FADEN_STRICT") == "1":
                raise
            pytest.skip(str(error))
        asyncio.run(ensure_topics(bootstrap))
        yield bootstrap
