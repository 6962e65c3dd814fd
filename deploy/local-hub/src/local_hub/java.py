"""What Kafka and Keycloak share here: fetched once, run by Java as a child, a log to quote."""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TypeVar

from hub_contract.errors import Temporary
from hub_kit.settings import ConfigurationError, HubSettings, Loaded
from local_hub.interrupt import both_interrupt

T = TypeVar("T")
HOST = "127.0.0.1"
START_WITHIN = 300.0  # seconds; a busy small machine takes its time over Java


@contextmanager
def fetching(program: str) -> Iterator[Path]:
    """Yield the folder of what was fetched; two starters would write the same files, one waits."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "faden"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / f"{program}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield cache


def wait_for(
    program: str, server: subprocess.Popen[bytes], answers: Callable[[], bool], log: Path
) -> None:
    """Return once it answers; `Temporary` if it ends or takes too long, with the end of its log."""
    deadline = time.monotonic() + START_WITHIN
    while not answers():
        if server.poll() is not None or time.monotonic() > deadline:
            raise Temporary(f"{program} did not start: {end_of(log)}")
        time.sleep(0.1)


def stop(server: subprocess.Popen[bytes]) -> None:
    if server.poll() is None:
        server.terminate()
        try:
            server.wait(timeout=30)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def run_until_stopped(
    say: Callable[[str], None], server: AbstractContextManager[T], ready: Callable[[T], None]
) -> None:
    """Keep a server in the foreground until Ctrl-C or SIGTERM; `ready` is told once it is."""
    say("starting")
    try:
        with both_interrupt(), server as running:
            ready(running)
            signal.pause()
    except KeyboardInterrupt:
        say("stopped")
    except Temporary as error:
        sys.exit(f"faden: {error}")


def end_of(log: Path) -> str:
    """Return the last error of a log, else its last line, and where to read on."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    wrong = [line for line in lines if "ERROR" in line or "Exception" in line]
    return f"{(wrong or lines or ['no word'])[-1][:300]}; see {log}"


def read_loaded() -> Loaded:
    """Return the configuration, if there is one: such a server needs none."""
    if "HUB_CONFIG" in os.environ or Path("faden.yaml").exists():
        return Loaded.read()
    nothing = {"database": "postgresql://{role}@/none", "blobs": "none", "keys_file": "none"}
    return Loaded(Path("faden.yaml"), HubSettings.model_validate(nothing))


def check_port(loaded: Loaded, service: str, port: int) -> None:
    """Say whose port it is before anything starts; `ConfigurationError` where it is in use."""
    try:
        socket.create_server((HOST, port)).close()
    except OSError as error:
        why = os.strerror(error.errno or 0)
        raise ConfigurationError(
            f"{loaded.path}: services.{service}.port: {HOST}:{port}: {why}; "
            f"name another port (also as HUB_{service.upper()}_PORT), or stop what uses it"
        ) from None
