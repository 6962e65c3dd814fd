"""Sets the stage for one run: a folder, a PostgreSQL of its own, processes started like production."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

from hub_kit.testing import Cluster

ROOT = Path(__file__).parents[2]


@dataclass
class Stage:
    """`known` keeps what one question measured and another needs (no-op rate, ceiling)."""

    folder: Path
    cluster: Cluster
    quick: bool
    note: Callable[[str], None]
    known: dict[str, Any] = field(default_factory=dict)

    def some(self, full: int, quick: int) -> int:
        """Return how many: of a full run, or of a quick look."""
        return quick if self.quick else full

    @property
    def rounds(self) -> int:
        return self.some(3, 1)

    def postgres_pid(self) -> int:
        return int((self.folder / "pg" / "postmaster.pid").read_text().split()[0])


def free_port() -> int:
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        return int(place.getsockname()[1])


@asynccontextmanager
async def running(
    stage: Stage, name: str, arguments: list[str], port: int, environment: Mapping[str, str]
) -> AsyncIterator[int]:
    """Run `python ARGUMENTS…` until the block ends; yield its pid once `port` answers."""
    log = stage.folder / f"{name}.log"
    with log.open("ab") as out:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=out,
            stderr=out,
        )
    try:
        await _wait(process, port, log)
        yield process.pid
    finally:
        await _stop(process)


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), 15)
    except TimeoutError:
        process.kill()
        await process.wait()


async def _wait(process: asyncio.subprocess.Process, port: int, log: Path) -> None:
    end = monotonic() + 60
    while True:
        if process.returncode is not None or monotonic() > end:
            tail = log.read_text(errors="replace")[-2000:]
            raise RuntimeError(f"{log.stem} does not answer on port {port}:\n{tail}")
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
