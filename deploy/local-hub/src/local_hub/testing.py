"""A whole hub for tests: every service a process of its own, on ports and folders of its own."""

import asyncio
import os
import signal
import smtplib
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self, TypeVar

import asyncpg
import httpx
import yaml

from hub_contract.errors import Temporary
from hub_kit.find_port import free_port
from hub_kit.kafka import ensure_topics
from hub_kit.keys import KeyRing
from hub_kit.settings import Loaded
from hub_kit.tokens import Caller, issue
from local_hub.kafka import start_kafka
from local_hub.locate import MODEL, Located
from local_hub.prepare import prepare
from local_hub.programs import elsewhere, programs_of
from local_hub.supervise import Supervisor

T = TypeVar("T")


class Town:
    """Stadt Musterstadt and Gemeinde Kleindorf, as `faden up` runs them; `with` starts and ends it.

    The supervisor lives in a thread with a loop of its own, so that tests may block.
    """

    def __init__(self, folder: Path, bus: str = "postgresql", config: Path = MODEL) -> None:
        self.folder, self.bus, self.config = folder, bus, config
        self.lines: list[tuple[str, str]] = []  # what the processes said
        self._stack, self._broker = ExitStack(), ExitStack()
        self._broker_port = free_port()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._start(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _start(self, stack: ExitStack) -> None:
        told = prepare(Located(self.config, self.folder), "postgresql", lambda _: None)
        prepared = stack.enter_context(told)
        self.environment = dict(prepared)
        if self.bus == "kafka":
            self.environment["HUB_BUS"] = f"kafka://127.0.0.1:{self._broker_port}"
            stack.callback(self.stop_broker)
            self.start_broker()
            asyncio.run(ensure_topics(f"127.0.0.1:{self._broker_port}"))
        with _environment(self.environment):
            loaded = Loaded.read(self.config)
            self.environment |= elsewhere(loaded, self.environment["HUB_BUS"])
        with _environment(self.environment):
            programs = programs_of(Loaded.read(self.config), self.environment["HUB_BUS"])
        self.ring = KeyRing.read(self.folder / "keys.json")
        self.supervisor = Supervisor(
            programs, self.environment, self._hear, stands=prepared.stands, pauses=(0.2,)
        )
        self._loop = stack.enter_context(_running_loop())
        self._call(self.supervisor.__aenter__())
        stack.callback(lambda: self._call(self.supervisor.__aexit__(None, None, None)))
        if not self._call(self.supervisor.ready(300)):
            raise AssertionError(f"not ready: {self.supervisor.states} {self.lines[-20:]}")

    def _call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(600)

    def _hear(self, name: str, line: str) -> None:
        self.lines.append((name, line))

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Kill a process if it runs now; its supervisor starts it again."""
        if pid := self.supervisor.pids.get(name):
            os.kill(pid, number)

    def stop_database(self, number: signal.Signals = signal.SIGINT) -> None:
        """End it, in good order or (SIGQUIT) as in a crash; it stays ended until it is started."""
        self.supervisor.keepers[0].paused = True
        file = self.folder / "postgresql" / "postmaster.pid"
        os.kill(int(file.read_text().split()[0]), number)
        eventually(lambda: not file.exists())

    def start_database(self) -> None:
        eventually(self._starts_database)
        self.supervisor.keepers[0].paused = False

    def _starts_database(self) -> bool:
        try:
            self.supervisor.keepers[0].stand.start()
        except Temporary:  # processes of the last one may still be ending
            return False
        return True

    def stop_broker(self) -> None:
        self._broker.close()

    def start_broker(self) -> None:
        """Start Apache Kafka, on the port and the data that it had."""
        kafka = start_kafka(self.folder / "kafka", self._broker_port, brief=True)
        self._broker.enter_context(kafka)

    def ready(self, name: str) -> tuple[int, dict[str, str]]:
        """Return the code and the words of a service's /readyz."""
        answer = httpx.get(f"http://{self.listener(name, 'http')}/readyz", timeout=60)
        return answer.status_code, answer.json()

    def listener(self, service: str, key: str) -> str:
        return self.environment[f"HUB_{service.upper()}_{key.upper()}"]

    def smtp(self) -> smtplib.SMTP:
        host, _, port = self.listener("channel_email", "smtp").rpartition(":")
        return smtplib.SMTP(host, int(port), local_hostname="test.example", timeout=90)

    def api(self, tenant: str = "musterstadt", role: str = "agent") -> httpx.Client:
        """Return a client of the store that calls for this tenant."""
        caller = Caller(f"test-{role}", tenant, role)
        token = issue(self.ring, caller, "conversation_store", lifetime=3600)
        return httpx.Client(
            base_url=f"http://{self.listener('conversation_store', 'http')}",
            headers={"Authorization": f"Bearer {token}"},
            timeout=90,
        )

    def query(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        """Ask the database as its owner, whom no policy binds."""

        async def ask() -> list[asyncpg.Record]:
            dsn = self.environment["HUB_DATABASE"].replace("{role}", "postgres")
            connection = await asyncpg.connect(dsn)
            try:
                return list(await connection.fetch(sql, *arguments))
            finally:
                await connection.close()

        # In a thread: Playwright's own loop may run in this one.
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, ask()).result()

    def count_entries(self) -> int:
        """Return how many messages from outside stand in all timelines."""
        sql = "select count(*) from conversation_store.entry where direction = 'in'"
        return int(self.query(sql)[0][0])


@contextmanager
def _running_loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def model() -> dict[str, Any]:
    """Return what the model file says, to be changed and written into another folder."""
    document: dict[str, Any] = yaml.safe_load(MODEL.read_text(encoding="utf-8"))
    for tenant in document["tenants"].values():
        if "face" in tenant:
            tenant["face"] = str(MODEL.parent / tenant["face"])
    return document


def eventually(condition: Callable[[], object], within: float = 180) -> None:
    """Wait until `condition()` is true; fail the test where it never becomes so."""
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end, "never came true"
        time.sleep(0.05)


def deliver(town: Town, mails: Sequence[tuple[str, bytes]], to: str) -> None:
    """Send (sender, mail) one behind the other, each again and again until it is acknowledged."""
    for sender, raw in mails:
        while not _acknowledged(town, sender, raw, to):
            time.sleep(0.1)


def _acknowledged(town: Town, sender: str, raw: bytes, to: str) -> bool:
    try:
        with town.smtp() as server:
            server.sendmail(sender, [to], raw)
    except smtplib.SMTPResponseException as error:
        if error.smtp_code >= 500:
            raise
        return False
    except (smtplib.SMTPException, OSError):
        return False
    return True
