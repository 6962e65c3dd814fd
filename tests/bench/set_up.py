"""Sets the stage for one run: a folder, a PostgreSQL of its own, processes as `faden up` runs them."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub_kit.testing import Cluster
from local_hub.programs import Program
from local_hub.supervise import Supervisor


@dataclass
class Stage:
    """`known` keeps what one question measured and another needs, such as the ceiling."""

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


@asynccontextmanager
async def running(
    programs: Sequence[Program], environment: Mapping[str, str]
) -> AsyncIterator[Mapping[str, int]]:
    """Run programs until the block ends; yield their pids, by name, once all are ready.

    A process that ended in between was not measured but restarted: `RuntimeError`.
    """
    said: list[str] = []
    environment = {"HUB_LOG_LEVEL": "WARNING", **environment}
    async with Supervisor(programs, environment, lambda *line: said.append(": ".join(line))) as hub:
        if not await hub.ready(60):
            raise RuntimeError("\n".join([f"not ready: {hub.states}", *said[-20:]]))
        pids = dict(hub.pids)
        yield pids
        if hub.pids != pids:
            raise RuntimeError("\n".join(["a process ended while it was measured", *said[-20:]]))
