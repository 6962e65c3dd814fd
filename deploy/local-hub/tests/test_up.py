"""`faden up` as an operator has it: starts, heals, is asked, ends cleanly, keeps its data."""

import asyncio
import io
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest
from rich.console import Console
from rich.table import Table

from hub_kit.settings import Loaded
from local_hub.locate import MODEL
from local_hub.programs import elsewhere
from local_hub.up import _watch

ERIKA = "erika.mustermann@buergerpost.example"
# As a shell starts what runs in its background.
CTRL_C_IGNORED = ["sh", "-c", 'trap "" INT; exec "$@"', "sh"]
MAIL = {"to": "post@musterstadt.example", "subject": "Frage zur Möwe", "text": "Guten Tag"}


class Hub:
    """`faden` commands on one data folder and on ports of its own."""

    def __init__(self, folder):
        self.data = folder / "hub"
        moved = elsewhere(Loaded.read(MODEL), "postgresql")
        clean = {n: v for n, v in os.environ.items() if not n.startswith(("HUB_", "FADEN_"))}
        self.ports = moved
        self.environment = {**clean, **moved, "FADEN_DATA": str(self.data)}

    def run(self, *arguments, environment=None):
        """Run a command to its end, without the ports: it must find the running hub itself."""
        mine = {n: v for n, v in self.environment.items() if n not in self.ports}
        command = [sys.executable, "-m", "local_hub", *arguments]
        return subprocess.run(
            command,
            env=environment or mine,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    @contextmanager
    def up(self, end=signal.SIGTERM):
        """Run `faden up` until the block ends, by this signal; it must end well."""
        output = self.data.parent / "output.txt"
        with output.open("w") as file:
            process = subprocess.Popen(
                [*CTRL_C_IGNORED, sys.executable, "-m", "local_hub", "up"],
                env=self.environment,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        try:
            yield process, output
        finally:
            process.send_signal(end)
            code = process.wait(300)
        assert code == 0, output.read_text()
        assert "Everything has ended; the data stays in" in output.read_text()
        wait(lambda: not self.processes())  # PostgreSQL tells that it has ended as the last it does

    def processes(self):
        """Return what still runs of this hub: its database, and children by their setting."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                command, environ = ((folder / n).read_bytes() for n in ("cmdline", "environ"))
            except OSError:
                continue
            if str(self.data).encode() in command or self.mark in environ:
                found.append(command)
        return found

    @property
    def mark(self):
        return f"HUB_CHANNEL_EMAIL_SMTP={self.ports['HUB_CHANNEL_EMAIL_SMTP']}".encode()

    def running(self):
        return json.loads((self.data / "running.json").read_text())


def wait(condition, within=300):
    end = time.monotonic() + within
    while not (result := condition()):
        assert time.monotonic() < end, "never came true"
        time.sleep(0.1)
    return result


@pytest.fixture
def hub(open_path):
    return Hub(open_path)


def test_a_day_of_an_operator(hub):
    with hub.up(signal.SIGINT) as (_, output):
        wait(lambda: "Ready. Ctrl-C ends it." in output.read_text())
        said = output.read_text()
        assert "conversation_store │ http://" in said
        assert "channel_email      │ " in said
        _checks(hub)
        _a_mail_is_in_the_timeline(hub)
        _a_killed_process_comes_back(hub, output)
        _a_killed_database_comes_back(hub, output)
        _what_is_dead_is_replayed(hub)
    assert not (hub.data / "running.json").exists()
    with hub.up() as (_, output):
        wait(lambda: "Ready. Ctrl-C ends it." in output.read_text())
        assert "Frage zur Möwe" in hub.run("timeline").stdout, "the data stays"


def _checks(hub):
    done = hub.run("check", "--json")
    assert done.returncode == 0, done.stderr
    assert {row["key"] for row in json.loads(done.stdout)} == {
        "tenants",
        "tenants.musterstadt.face",
        "services",
        "keys_file",
        "blobs",
        "bus",
        "database",
        "services.channel_email.relay",
        "services.channel_fax.telnyx.api",
        "services.channel_phone.twilio",
        "services.channel_sms.twilio",
        "services.gateway.oidc",
    }


def _a_mail_is_in_the_timeline(hub):
    world = f"http://{hub.ports['HUB_PEERS_HTTP']}/mailboxes/{ERIKA}"
    assert httpx.post(f"{world}/send", json=MAIL, timeout=120).json()["code"] == 250
    wait(lambda: "Frage zur Möwe" in hub.run("timeline").stdout)
    found = json.loads(hub.run("timeline", ERIKA, "--json").stdout)
    (conversation,) = found["musterstadt"]
    assert found["kleindorf"] == []
    assert [entry["text"] for entry in conversation["timeline"]] == ["Guten Tag"]
    by_reference = hub.run("timeline", conversation["reference"]).stdout
    assert "Guten Tag" in by_reference
    assert "Why here" in by_reference
    assert "Warum hier" in hub.run("timeline", ERIKA, "--language", "de").stdout
    assert hub.run("timeline", "niemand@buergerpost.example").stdout == "Nothing found.\n"


def _a_killed_process_comes_back(hub, output):
    door = f"http://{hub.ports['HUB_CHANNEL_EMAIL_HTTP']}/readyz"
    children = [p for p in Path("/proc").glob("[0-9]*") if _is_channel(p, hub.mark)]
    os.kill(int(children[0].name), signal.SIGKILL)
    wait(lambda: "channel_email      │ ended (SIGKILL), starts again in" in output.read_text())

    def answers():
        try:
            return httpx.get(door).status_code == 200
        except httpx.HTTPError:
            return False

    wait(answers)


def _a_killed_database_comes_back(hub, output):
    file = hub.data / "postgresql" / "postmaster.pid"
    killed = int(file.read_text().split()[0])
    os.kill(killed, signal.SIGKILL)
    wait(lambda: "postgresql         │ runs again" in output.read_text())
    assert int(file.read_text().split()[0]) != killed
    wait(lambda: hub.run("timeline").returncode == 0)


def _is_channel(folder, mark):
    try:
        name, environ = ((folder / n).read_bytes() for n in ("comm", "environ"))
    except OSError:
        return False
    return name.startswith(b"channel_email") and mark in environ


def _what_is_dead_is_replayed(hub):
    assert hub.run("dead").stdout == "Nothing.\n"
    dsn = hub.running()["environment"]["HUB_DATABASE"].replace("{role}", "postgres")
    asyncio.run(_write_garbage(dsn))
    rows = wait(lambda: json.loads(hub.run("dead", "--json").stdout))
    (row,) = rows
    assert (row["service"], row["kind"], row["key"]) == ("conversation_store", "dead", "x/y")
    assert "undecodable" in row["reason"]
    done = hub.run("replay", "--key", "x/y")
    assert done.stdout.startswith("1 events are tried again")


async def _write_garbage(dsn):
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(
            """insert into hub.event_log
                 (event_id, tenant, topic, key, type, source, at, traceparent, body)
               values (gen_random_uuid(), 'x', 'faden.message.received', 'x/y',
                       'message.received', 'test', now(), '', 'no event')"""
        )
    finally:
        await connection.close()


class Slow:
    """A supervisor whose programs are ready only after the time that a start may take."""

    programs, keepers = (), ()

    def __init__(self):
        self.asked = []

    async def ready(self, within):
        self.asked.append(within)
        return len(self.asked) > 1

    async def broken(self):
        pass


async def test_a_slow_start_is_said_and_waited_for():
    console = Console(file=io.StringIO(), width=80)
    await _watch(Slow(), console, Table())
    said = console.file.getvalue()
    assert said.index("Not all are ready yet") < said.index("Ready. Ctrl-C ends it.")


@pytest.mark.parametrize("made", ["postgresql/PG_VERSION", "running.json"])
def test_ended_while_it_starts(hub, made):
    """Whatever has begun by then is ended, too, and starts again another time."""
    with hub.up(signal.SIGINT):
        wait((hub.data / made).exists)
    with hub.up() as (_, output):
        wait(lambda: "✓ Migrating the database" in output.read_text())


def test_a_port_in_use_ends_it_at_once(hub):
    host, _, port = hub.ports["HUB_PEERS_HTTP"].rpartition(":")
    with asyncio.Runner() as runner:
        server = runner.run(asyncio.start_server(lambda *_: None, host, int(port)))
        done = hub.run("up", environment=hub.environment)
        server.close()
    (line,) = done.stderr.splitlines()
    assert done.returncode == 2
    assert line.startswith(f"faden: {MODEL}: services.peers.http: {host}:{port}: ")
    assert not hub.data.exists()


@pytest.mark.parametrize("command", [("timeline",), ("dead",), ("replay",)])
def test_without_a_hub_there_is_one_line(hub, command):
    done = hub.run(*command)
    assert done.returncode in (1, 2)
    (line,) = done.stderr.splitlines()
    assert line.startswith("faden: ")
    assert "`faden up`" in line or "faden keys" in line
