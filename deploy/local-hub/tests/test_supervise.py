"""Processes are started, watched, started again and ended; real ones, tiny."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from hub_contract.errors import Temporary
from hub_kit.find_port import free_port
from hub_kit.settings import ConfigurationError
from hub_kit.testing import eventually
from local_hub.nursery import Nursery
from local_hub.programs import Program
from local_hub.supervise import Supervisor

MODULES = {
    "steady": """
import http.server, os
class Door(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        ready = not os.path.exists(os.environ["BUSY"])
        self.send_response(200 if ready else 503)
        self.end_headers()
        self.wfile.write(b'{"database": "ok"}' if ready else b'{"database": "is away"}')
    def log_message(self, *_): pass
print("steady says hello")
class Server(http.server.HTTPServer):
    def handle_error(self, *_): pass  # who asked has not waited
Server(("127.0.0.1", int(os.environ["PORT"])), Door).serve_forever()
""",
    "misconfigured": "import sys; print('faden: f.yaml: k: bad; mend it'); sys.exit(2)",
    "stubborn": "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    " print('deaf'); time.sleep(600)",
    "guarded": """
import asyncio, os
from local_hub.programs import Program
from local_hub.supervise import Supervisor
async def run():
    async with Supervisor([Program("stubborn", "sleeping")], {}, lambda *_: None) as supervisor:
        while not supervisor.pids:
            await asyncio.sleep(0.01)
        print(supervisor.pids["stubborn"], flush=True)
        await asyncio.sleep(600)
asyncio.run(run())
""",
    "brief": "import os; print(os.getpid())",
    "sleeping": "import time; time.sleep(600)",
}


@pytest.fixture
def modules(tmp_path, monkeypatch):
    for name, text in MODULES.items():
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("BUSY", str(tmp_path / "busy"))
    monkeypatch.setenv("PORT", str(free_port()))
    return tmp_path


def supervise(*names, lines, **options):
    doors = {"steady": f"127.0.0.1:{os.environ['PORT']}"}
    programs = [Program(name, name, doors.get(name, "")) for name in names]
    return Supervisor(programs, {}, lambda *line: lines.append(line), **options)


def runs(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_ready_and_ended(modules):
    lines = []
    async with supervise("steady", lines=lines) as supervisor:
        (modules / "busy").touch()

        async def says_why():
            ready = await supervisor.ready(within=0)
            return not ready and supervisor.states == {"steady": "database: is away"}

        await eventually(says_why)
        (modules / "busy").unlink()
        assert await supervisor.ready(within=300)
        pid = supervisor.pids["steady"]
    assert lines == [("steady", "steady says hello")]
    assert not runs(pid)


async def test_a_killed_process_starts_again(modules):
    lines = []
    async with supervise("steady", lines=lines) as supervisor:
        assert await supervisor.ready(within=300)
        first = supervisor.pids["steady"]
        os.kill(first, signal.SIGKILL)

        async def another():
            return supervisor.pids.get("steady", first) != first

        await eventually(another)
        assert await supervisor.ready(within=300)
    assert ("steady", "ended (SIGKILL), starts again in 0.5 s") in lines


async def test_children_that_start_at_once_are_told_apart(modules, monkeypatch):
    """Also where their pipes take their time, the first the longest."""
    loop = asyncio.get_running_loop()
    connect, pauses = loop.connect_read_pipe, iter(range(20, 0, -1))

    async def slowly(*arguments):
        await asyncio.sleep(next(pauses) / 20)
        return await connect(*arguments)

    monkeypatch.setattr(loop, "connect_read_pipe", slowly)
    async with Nursery(os.environ) as nursery:
        children = await asyncio.gather(*(nursery.start("brief", {}) for _ in range(20)))
        for child in children:
            assert (int(await child.output.read()), await child.code) == (child.pid, 0)


async def test_code_2_ends_all_with_its_line(modules):
    async with supervise("steady", "misconfigured", lines=[]) as supervisor:
        with pytest.raises(ConfigurationError, match=r"^f\.yaml: k: bad; mend it$"):
            await supervisor.broken()
        pid = supervisor.pids["steady"]
    assert not runs(pid)


async def test_a_process_that_does_not_listen_is_killed(modules):
    lines = []
    async with supervise("stubborn", lines=lines, patience=0.2) as supervisor:

        async def deaf():
            return ("stubborn", "deaf") in lines

        await eventually(deaf)
        pid = supervisor.pids["stubborn"]
    assert not runs(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="prctl(2) is Linux's")
async def test_children_end_when_we_are_killed(modules):
    guard = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "guarded", stdout=asyncio.subprocess.PIPE
    )
    child = int(await guard.stdout.readline())
    guard.kill()
    await guard.wait()

    async def gone():
        return not runs(child) or _is_zombie(child)

    await eventually(gone)


async def test_children_end_with_what_has_started_them(modules):
    async with supervise("steady", lines=[]) as supervisor:
        assert await supervisor.ready(within=300)
        child = supervisor.pids["steady"]
        parent = (
            Path(f"/proc/{child}/stat").read_text(encoding="ascii").rpartition(") ")[2].split()[1]
        )
        os.kill(int(parent), signal.SIGKILL)
        with pytest.raises(Temporary):
            await supervisor.broken()

    async def gone():
        return not runs(child) or _is_zombie(child)

    await eventually(gone)


def test_a_child_whose_mother_has_ended_before_it_could_ask_ends_by_itself():
    code = "import os; from local_hub.nursery import _end_with; {}; print('lives')"
    for mother, said in (("_end_with(os.getppid())", "lives\n"), ("_end_with(-1)", "")):
        command = [sys.executable, "-c", code.format(mother)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stdout == said


def _is_zombie(pid):
    """Nobody may be there to reap it: where process 1 of a container does not."""
    try:
        said = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return True  # reaped by now
    return said.rpartition(") ")[2][0] == "Z"


class Server:
    """A database as its keeper sees it: ended, in want of room, or running."""

    name = "database"

    def __init__(self):
        self.is_up, self.has_room, self.tries, self.given_up = True, True, 0, threading.Event()

    def runs(self):
        return self.is_up

    def start(self):
        self.tries += 1
        if self.has_room is None:
            self.given_up.wait()
        if not self.has_room:
            raise Temporary("PostgreSQL does not start: No space left on device")
        self.is_up = True

    def give_up(self):
        self.given_up.set()


async def test_what_all_stand_on_starts_again_once_there_is_room(modules):
    server, lines = Server(), []
    async with supervise("sleeping", lines=lines, stands=[server], pauses=(0.01,)) as supervisor:
        assert await supervisor.ready(within=300)
        server.has_room, server.is_up = False, False

        async def says_why():
            await supervisor.look()
            return server.tries > 1 and "No space left" in supervisor.states["database"]

        await eventually(says_why)
        assert not await supervisor.ready(within=0)
        server.has_room = True
        assert await supervisor.ready(within=300)
        assert server.is_up
    assert ("database", "runs again") in lines


async def test_what_is_just_being_started_does_not_hold_the_end_up(modules):
    server = Server()
    server.has_room, server.is_up = None, False
    async with supervise("sleeping", lines=[], stands=[server], pauses=(0.01,)):

        async def begun():
            return server.tries

        await eventually(begun)
    assert server.given_up.is_set()


async def test_a_warning_is_no_reason_to_wait(modules):
    text = (modules / "steady.py").read_text(encoding="utf-8")
    warning = text.replace('{"database": "ok"}', '{"space": "warning: 1 GB are free"}')
    (modules / "steady.py").write_text(warning, encoding="utf-8")
    async with supervise("steady", lines=[]) as supervisor:
        assert await supervisor.ready(within=300)
        assert supervisor.states == {"steady": "ready; space: warning: 1 GB are free"}
