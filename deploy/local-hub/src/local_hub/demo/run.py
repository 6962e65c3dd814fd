"""Runs a hub of its own for the demo, on free ports in a folder that is gone afterwards."""

import asyncio
import os
import tempfile
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from hub_contract.errors import Temporary
from hub_kit.find_port import free_port
from hub_kit.keys import KeyRing
from hub_kit.settings import ConfigurationError, Loaded
from hub_kit.signers import GATEWAY
from local_hub.ask import Store, World
from local_hub.demo.browse import Portal
from local_hub.demo.facts import Fact, judge
from local_hub.demo.play import Stage, Story, play
from local_hub.demo.records import Lying, read_log, read_topics
from local_hub.interrupt import no_more, stop_event
from local_hub.keep import Stand
from local_hub.locate import MODEL, Located
from local_hub.prepare import Say, prepare
from local_hub.programs import check_ports, elsewhere, listeners_of, programs_of
from local_hub.supervise import Supervisor

WITHIN = 300  # seconds for all processes to become ready
LAST_LINES = 100  # of what the processes said, kept for where something fails
TOWN, VILLAGE = "musterstadt", "kleindorf"
_STEPS = {  # the story is told in German
    "Starting PostgreSQL": "PostgreSQL startet",
    "Migrating the database": "Die Datenbank bekommt ihre Tabellen",
    "Starting Apache Kafka": "Apache Kafka startet",
}


@dataclass(frozen=True)
class Performance:
    """The story with all that can be shown of it."""

    story: Story
    records: list[Lying]  # what lies on the bus
    facts: list[Fact]
    said: list[str]  # the last lines of the processes


Stay = Callable[[Performance, Loaded], None]  # shown what was played, before the hub waits


def perform(bus: str, say: Say, stay: Stay | None = None) -> Performance:
    """Start everything, play, look, end everything; with `stay` not before Ctrl-C."""
    if not MODEL.exists():
        raise ConfigurationError(f"{MODEL}: not found; run the demo from a clone of Faden")
    with tempfile.TemporaryDirectory(prefix="faden-demo-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # as root, the database runs as another user
        located = Located(MODEL, Path(folder))
        told = prepare(located, bus, lambda s: say(_STEPS.get(s, s)), kafka_port=free_port())
        with told as prepared, _environment(prepared), _environment(_moved(bus, stay)):
            performance = asyncio.run(_perform(Loaded.read(MODEL), prepared.stands, say, stay))
            no_more()
    return performance


def _moved(bus: str, stay: Stay | None) -> Mapping[str, str]:
    """Return where it listens: who stays shall find the addresses of the file, if they are free."""
    loaded = Loaded.read(MODEL)
    if stay:
        with suppress(ConfigurationError):
            check_ports(loaded, bus)
            return {}
    return elsewhere(loaded, bus)


async def _perform(
    loaded: Loaded, stands: Sequence[Stand], say: Say, stay: Stay | None
) -> Performance:
    said: deque[str] = deque(maxlen=LAST_LINES)
    programs = programs_of(loaded, loaded.hub.bus)
    say("Die Dienste starten: " + ", ".join(program.name for program in programs))

    def hear(*line: str) -> None:
        said.append(" │ ".join(line))

    async with Supervisor(programs, {}, hear, stands=stands) as supervisor:
        if not await supervisor.ready(WITHIN):
            raise Temporary(f"not ready in {WITHIN} s: {supervisor.states}\n" + "\n".join(said))
        async with _stage(loaded) as stage:
            story = await play(stage, say)
        say("Was liegt auf dem Bus?")
        log = await read_log(loaded.hub.database)
        records = await _on_the_bus(loaded, log)
        performance = Performance(story, records, judge(story, records, len(log)), list(said))
        if stay:
            say("")
            stop = stop_event()
            stay(performance, loaded)
            await stop.wait()
        say("Alles wird beendet")
    return performance


@asynccontextmanager
async def _stage(loaded: Loaded) -> AsyncIterator[Stage]:
    listeners = listeners_of(loaded, loaded.hub.bus)
    door, ring = listeners["services.conversation_store.http"], KeyRing.of(loaded.hub, GATEWAY)
    world = World(listeners["services.peers.http"])
    portal = Portal(listeners["services.gateway.door"], TOWN)
    stage = Stage(world, portal, Store(door, ring, TOWN), Store(door, ring, VILLAGE))
    try:
        yield stage
    finally:
        for one in (stage.world, stage.portal, stage.town, stage.village):
            await one.aclose()


async def _on_the_bus(loaded: Loaded, log: list[Lying]) -> list[Lying]:
    if not loaded.hub.bus.startswith("kafka://"):
        return log
    return await read_topics(loaded.hub.bus.removeprefix("kafka://"), len(log))


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Lay these variables over ours, for settings that are read here and for the processes."""
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
