"""Runs processes and keeps them running: starts, watches, starts again, ends them cleanly.

Rule 1. A process that ends by itself starts again, after a pause that grows while it keeps failing.
Rule 2. One that ends with code 2 has said what is wrong with the configuration: all end.
Rule 3. The database or the broker under them is kept running alike, and is ended by who opened it.
Rule 4. Children live in sessions of their own, so that Ctrl-C reaches only us, and the database
        goes after them; they end too when we are killed.
"""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

import httpx

from hub_kit.settings import ConfigurationError
from local_hub.keep import RUNS, Keeper, Stand
from local_hub.nursery import Child, Nursery
from local_hub.programs import Program

Sink = Callable[[str, str], None]  # the name of a program, a line of its output
READY = RUNS
PAUSES = (0.5, 1, 2, 5, 10, 30)  # seconds
STEADY = 60  # seconds after which a process counts as healthy again
PATIENCE = 15  # seconds between asking a process to end and ending it


class Supervisor:
    """Runs `programs` inside `async with`; leaving it ends them all.

    What they stand on runs already, and is kept running meanwhile.
    """

    def __init__(
        self,
        programs: Sequence[Program],
        environment: Mapping[str, str],
        sink: Sink,
        *,
        stands: Sequence[Stand] = (),
        patience: float = PATIENCE,
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        self.programs = programs
        self.states = dict.fromkeys((program.name for program in programs), "starts")
        self.pids: dict[str, int] = {}  # of those that run
        self._nursery = Nursery({**os.environ, **environment})
        self._sink, self._patience, self._pauses = sink, patience, pauses
        self.keepers = [Keeper(stand, sink, pauses) for stand in stands]
        self._tasks: list[asyncio.Task[None]] = []
        self._keeping: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        await self._nursery.__aenter__()
        self._tasks = [asyncio.create_task(self._keep(program)) for program in self.programs]
        self._keeping = [asyncio.create_task(keeper.run()) for keeper in self.keepers]
        return self

    async def __aexit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        tasks = [*self._tasks, *self._keeping]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._nursery.__aexit__(None, None, None)

    async def broken(self) -> None:
        """Wait until a process gives up, and raise `ConfigurationError` with its own line."""
        await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        self._raise_if_broken()

    async def ready(self, within: float) -> bool:
        """Wait until every program says that it is ready; False if `within` seconds pass."""
        end = time.monotonic() + within
        while not await self.look():
            self._raise_if_broken()
            if time.monotonic() > end:
                return False
            await asyncio.sleep(0.2)
        return True

    async def look(self) -> bool:
        """Ask every program once, note in `states` what it says; say whether all are ready."""
        async with httpx.AsyncClient(timeout=4) as client:
            states = await asyncio.gather(*(self._state(client, p) for p in self.programs))
        self.states = {p.name: state for p, state in zip(self.programs, states, strict=True)}
        self.states |= {keeper.stand.name: keeper.state for keeper in self.keepers}
        return all(is_ready(state) for state in self.states.values())

    async def _state(self, client: httpx.AsyncClient, program: Program) -> str:
        if program.name not in self.pids:
            return self.states[program.name]
        if not program.http:
            return READY
        try:
            answer = await client.get(f"http://{program.http}/readyz")
            checks = answer.json()
        except (httpx.HTTPError, ValueError):
            return "starts"
        said = "; ".join(f"{name}: {said}" for name, said in checks.items() if said != "ok")
        if answer.status_code == 200:
            return f"{READY}; {said}" if said else READY
        return said

    def _raise_if_broken(self) -> None:
        for task in self._tasks:
            if task.done() and not task.cancelled():
                task.result()

    async def _keep(self, program: Program) -> None:
        failures = 0
        while True:
            began = time.monotonic()
            code, last = await self._run(program)
            if code == 2:
                raise ConfigurationError(last.removeprefix("faden: ") or f"{program.name}: code 2")
            failures = 0 if time.monotonic() - began > STEADY else failures
            pause = self._pauses[min(failures, len(self._pauses) - 1)]
            failures += 1
            self.states[program.name] = f"ended ({_how(code)}), starts again in {pause:g} s"
            self._sink(program.name, self.states[program.name])
            await asyncio.sleep(pause)

    async def _run(self, program: Program) -> tuple[int, str]:
        """Run a program until it ends; return its code and the last line it said."""
        # A stable name lets Kafka give a killed process its lanes back at once.
        starting = asyncio.create_task(
            self._nursery.start(program.module, {"HUB_MEMBER": program.name})
        )
        try:
            child = await asyncio.shield(starting)
        except asyncio.CancelledError:
            await _end(await starting, self._patience)
            raise
        self.pids[program.name] = child.pid
        reading = asyncio.create_task(self._read(program, child.output))
        try:
            return await asyncio.shield(child.code), await reading
        finally:
            del self.pids[program.name]
            await _end(child, self._patience)
            await reading

    async def _read(self, program: Program, output: asyncio.StreamReader) -> str:
        last = ""
        async for raw in output:
            if line := raw.decode("utf-8", "replace").rstrip():
                last = line
                self._sink(program.name, line)
        return last


def is_ready(state: str) -> bool:
    """Say whether it works; what it warns of stands behind the word."""
    return state.partition(";")[0] == READY


async def _end(child: Child, patience: float) -> None:
    """Ask a process to end, and end it where it does not."""
    if child.code.done():
        return
    with suppress(ProcessLookupError):
        os.kill(child.pid, signal.SIGTERM)
        await asyncio.wait((child.code,), timeout=patience)
        if not child.code.done():
            os.kill(child.pid, signal.SIGKILL)
    await child.code


def _how(code: int) -> str:
    return f"code {code}" if code >= 0 else signal.Signals(-code).name
