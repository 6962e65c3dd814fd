"""A pretend hfaxd: HylaFAX's protocol over a real socket, for machines without HylaFAX.

What it answers is what HylaFAX 6.0.7 of Debian 12 answered to the same commands. A job takes no
time: `machines` says for each number how its call ends, and `on_fax` hears of the pages that went.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

NAME = "220 pretend server (HylaFAX (tm) Version 6.0.7) ready."
_QUEUES = ("sendq", "doneq")


@dataclass(frozen=True, slots=True)
class Call:
    """How calls to a number end; the state is hfaxd's word, the code HylaFAX's."""

    state: str = "DONE"
    code: str = "E000"
    words: str = ""
    pages: int | None = None  # that go; None: all


@dataclass(slots=True)
class Job:
    number: int
    values: dict[str, str] = field(default_factory=dict)
    document: bytes = b""
    submitted: bool = False
    killed: bool = False


@dataclass(slots=True)
class Faults:
    """What this server does wrong, until told otherwise."""

    password: str = ""  # that it asks for
    drop_before: str = ""  # a command that it never hears: the line is gone
    drop_after: str = ""  # a command that it carries out and does not answer
    refuse: dict[str, str] = field(default_factory=dict)  # command -> its answer
    kills: bool = True  # JKILL ends a job


@dataclass
class Hfaxd:
    """`on_fax(to, tag, tiff)` hears of what a machine has printed."""

    machines: dict[str, Call] = field(default_factory=dict)
    on_fax: Callable[[str, str, bytes], object] = lambda *_: None
    faults: Faults = field(default_factory=Faults)
    jobs: dict[int, Job] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    calls: int = 0
    _talks: set["asyncio.Task[None]"] = field(default_factory=set)

    @asynccontextmanager
    async def serve(self, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[int]:
        """Listen while the block runs; gives the port."""
        async with await asyncio.start_server(self._talk, host, port) as server:
            yield server.sockets[0].getsockname()[1]
        for task in self._talks:
            task.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    async def run(self, host: str, port: int) -> None:
        """Serve for ever."""
        async with await asyncio.start_server(self._talk, host, port) as server:
            await server.serve_forever()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line, task = _Line(self, writer), asyncio.current_task()
        assert task is not None
        self._talks.add(task)
        task.add_done_callback(self._talks.discard)
        try:
            await line.say(NAME)
            while raw := await reader.readline():
                command, _, rest = raw.decode("utf-8", "replace").strip().partition(" ")
                if not await line.hear(command.upper(), rest.strip()):
                    break
        except (OSError, ValueError):
            pass
        finally:
            await line.close()

    def submit(self, job: Job) -> None:
        job.submitted = True
        self.calls += 1
        call = self.call_of(job)
        if call.state == "DONE" and call.pages is None:
            self.on_fax(job.values["DIALSTRING"], job.values["JOBINFO"], job.document)

    def call_of(self, job: Job) -> Call:
        if job.killed:
            return Call("FAILED", "E345", "Job aborted by request {E345}", 0)
        return self.machines.get(job.values.get("DIALSTRING", ""), Call())

    def value(self, job: Job, name: str) -> str | None:
        """Return what a job says of itself; None: no such parameter."""
        call = self.call_of(job)
        total = max(1, _pages_in(job.document))
        went = total if call.pages is None and call.state == "DONE" else call.pages or 0
        dials = "1" if job.submitted else "0"
        found = {
            "JOBID": str(job.number),
            "STATE": call.state if job.submitted else "SUSPENDED",
            "STATUS": call.words,
            "ERRORCODE": call.code,
            "NPAGES": str(went),
            "TOTPAGES": str(total),
            "NDIALS": "0",
            "TOTDIALS": dials,
            "TOTTRIES": dials,
            "COMMID": f"{job.number:09}" if job.submitted else "",
        }
        return found.get(name, job.values.get(name))


class _Line:
    """One connection."""

    def __init__(self, server: Hfaxd, writer: asyncio.StreamWriter) -> None:
        self._server, self._writer = server, writer
        self._job: Job | None = None
        self._data: asyncio.Server | None = None
        self._came: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = (
            asyncio.Queue()
        )
        self._is_in = False
        self._format = "%j"

    async def say(self, text: str) -> None:
        self._writer.write(f"{text}\r\n".encode())
        await self._writer.drain()

    async def close(self) -> None:
        if self._data:
            self._data.close()
        while not self._came.empty():
            self._came.get_nowait()[1].transport.abort()
        self._writer.transport.abort()
        with suppress(OSError):
            await self._writer.wait_closed()

    async def hear(self, command: str, rest: str) -> bool:
        """Carry a command out; False ends the line."""
        faults = self._server.faults
        if command == faults.drop_before:
            return False
        if command in faults.refuse:
            await self.say(faults.refuse[command])
            return True
        answer = await self._carry_out(command, rest)
        if command in (faults.drop_after, "QUIT"):
            return False
        await self.say(answer)
        return True

    async def _carry_out(self, command: str, rest: str) -> str:  # noqa: PLR0911 - one a command
        if command in ("USER", "PASS"):
            return self._log_in(command, rest)
        if not self._is_in:
            return "530 Please login with USER and PASS."
        match command:
            case "TYPE":
                return "200 Type set to Image."
            case "EPSV":
                return await self._open_data()
            case "STOT":
                return await self._store()
            case "LIST":
                return await self._list(rest)
            case "JOBFMT":
                self._format = rest.strip('"')
                return "200 JOBFMT command successful."
            case _:
                return self._of_jobs(command, rest)

    def _log_in(self, command: str, rest: str) -> str:
        wanted = self._server.faults.password
        if wanted and command == "USER":
            return f"331 Password required for {rest}."
        self._is_in = not wanted or rest == wanted
        return "230 User logged in." if self._is_in else "530 Login incorrect."

    async def _open_data(self) -> str:
        if self._data is None:
            self._data = await asyncio.start_server(self._take, "127.0.0.1", 0)
        port = self._data.sockets[0].getsockname()[1]
        return f"229 Entering Extended Passive Mode (|||{port}|)"

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._came.put((reader, writer))

    async def _store(self) -> str:
        name = f"/tmp/doc{len(self._server.files) + 1}.ps"  # noqa: S108 - of its spool
        await self.say(f"150 FILE: {name} (Opening new data connection).")
        reader, writer = await self._came.get()
        self._server.files[name] = await reader.read(-1)
        writer.close()
        return f"226 Transfer complete (FILE: {name})."

    async def _list(self, folder: str) -> str:
        await self.say(f'150 Opening new data connection for "{folder}".')
        _, writer = await self._came.get()
        for job in self._server.jobs.values():
            if job.submitted and self._queue(job) == folder:
                writer.write(f"{self._row(job)}\r\n".encode())
        writer.close()
        return "226 Transfer complete."

    def _queue(self, job: Job) -> str:
        return _QUEUES[self._server.call_of(job).state in ("DONE", "FAILED")]

    def _row(self, job: Job) -> str:
        values = {"%j": "JOBID", "%a": "STATE", "%J": "JOBINFO"}
        row = self._format
        for sign, name in values.items():
            said = self._server.value(job, name) or ""
            row = row.replace(sign, said[:1] if sign == "%a" else said)
        return row

    def _of_jobs(self, command: str, rest: str) -> str:  # noqa: PLR0911 - likewise
        jobs = self._server.jobs
        if command == "JNEW":
            self._job = Job(len(jobs) + 1)
            jobs[self._job.number] = self._job
            return f"200 New job created: jobid: {self._job.number} groupid: {self._job.number}."
        if command == "JOB":
            self._job = jobs.get(int(rest)) if rest.isdecimal() else None
            known = f"200 Current job: jobid: {rest} groupid: {rest}."
            return known if self._job else f"500 Cannot set job {rest}: no such job."
        job = self._job
        if job is None:
            return "504 No current job (set with JOB first)."
        match command:
            case "JPARM":
                return self._parameter(job, rest)
            case "JSUBM":
                self._server.submit(job)
                return f"200 Job {job.number} submitted."
            case "JKILL":
                job.killed = self._server.faults.kills
                return f"200 Job {job.number} killed."
            case _:
                return f"500 {command}: Command not recognized."

    def _parameter(self, job: Job, rest: str) -> str:
        name, has_value, value = rest.partition(" ")
        if not has_value:
            said = self._server.value(job, name)
            return f"213 {said}" if said is not None else f"500 JPARM {name}: not recognized."
        plain = value.strip('"')
        if name == "DOCUMENT":
            if plain not in self._server.files:
                return f"550 {plain}: No such file or directory."
            job.document = self._server.files[plain]
            return f"200 Added document {plain} as docq/doc{job.number}.ps.{job.number}."
        job.values[name] = plain
        return f"213 {name} set to {value}."


def _pages_in(tiff: bytes) -> int:
    """Return how many pages a little-endian TIFF has: as far as its chain of them leads."""
    at, pages = int.from_bytes(tiff[4:8], "little"), 0
    while 0 < at <= len(tiff) - 2 and pages < 1_000:
        pages += 1
        end = at + 2 + 12 * int.from_bytes(tiff[at : at + 2], "little")
        at = int.from_bytes(tiff[end : end + 4], "little")
    return pages
