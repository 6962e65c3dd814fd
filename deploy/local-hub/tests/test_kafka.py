"""`make kafka`: a real broker in the foreground, a port in use, Ctrl-C, the jars' cache."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import zipfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from hub_kit.find_port import free_port
from hub_kit.testing import eventually
from local_hub.kafka import _fetch, ensure_topics, open_kafka
from local_hub.keep import Keeper

COMMAND = [sys.executable, "-m", "local_hub.kafka"]
# As a shell starts what runs in its background.
CTRL_C_IGNORED = ["sh", "-c", 'trap "" INT; exec "$@"', "sh"]


@pytest.mark.real("kafka")
def test_it_runs_until_ctrl_c_and_says_whose_port_it_is(kafka, tmp_path):
    port = free_port()
    env = {**os.environ, "HUB_KAFKA_PORT": str(port), "HUB_KAFKA_DATA": str(tmp_path / "data")}
    env.pop("HUB_CONFIG", None)
    with ExitStack() as stack:
        command = [*CTRL_C_IGNORED, *COMMAND]
        broker = subprocess.Popen(command, env=env, cwd=tmp_path, stdout=subprocess.PIPE, text=True)
        stack.callback(broker.communicate)
        stack.callback(broker.terminate)
        said = [broker.stdout.readline(), broker.stdout.readline()]
        assert said[0].endswith(": starting\n")
        ready = f"ready at 127.0.0.1:{port}, data in {tmp_path}/data; Ctrl-C stops it\n"
        assert said[1].endswith(ready)

        second = subprocess.run(
            COMMAND, env=env, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert second.returncode == 2
        assert second.stderr == (
            f"faden: faden.yaml: services.kafka.port: 127.0.0.1:{port}: Address already in use; "
            "name another port (also as HUB_KAFKA_PORT), or stop what uses it\n"
        )

        broker.send_signal(signal.SIGINT)
        rest, _ = broker.communicate(timeout=120)
        assert (broker.returncode, rest) == (0, "Apache Kafka 4.1.1: stopped\n")
    socket.create_server(("127.0.0.1", port)).close()  # given back


@dataclass
class Artifact:
    """A jar as jgo knows it: where it lies in the cache, and how to get it."""

    cached_path: Path
    fetched: int = 0

    @property
    def filename(self) -> str:
        return self.cached_path.name

    def resolve(self) -> Path:
        if not self.cached_path.exists():
            self.fetched += 1
            with zipfile.ZipFile(self.cached_path, "w") as jar:
                jar.writestr("a", "b" * 1000)
        return self.cached_path


def test_only_missing_and_cut_off_jars_are_fetched(tmp_path, capsys):
    whole, cut, missing = (Artifact(tmp_path / f"{n}.jar") for n in ("whole", "cut", "missing"))
    whole.resolve()
    cut.cached_path.write_bytes(whole.cached_path.read_bytes()[:100])
    assert _fetch([whole, cut, missing]) == [a.cached_path for a in (whole, cut, missing)]
    assert [a.fetched for a in (whole, cut, missing)] == [1, 1, 1]
    assert all(zipfile.is_zipfile(a.cached_path) for a in (whole, cut, missing))
    assert [line.split(": ")[1] for line in capsys.readouterr().out.splitlines()] == [
        "fetching 1/2 cut.jar",
        "fetching 2/2 missing.jar",
    ]


@pytest.mark.real("kafka")
async def test_a_killed_broker_starts_again_on_its_data(kafka, tmp_path):
    said = []
    with open_kafka(tmp_path / "kafka", free_port(), brief=True) as broker:
        keeping = asyncio.create_task(Keeper(broker, lambda *line: said.append(line), [0]).run())
        await ensure_topics(broker.bootstrap)
        broker._process.kill()

        async def runs_again():
            return ("kafka", "runs again") in said

        await eventually(runs_again, within=300)
        assert broker.runs()
        keeping.cancel()
    assert not broker.runs()
