"""`faden up`: the whole hub on one machine, until Ctrl-C."""

import asyncio
import json
import math
from contextlib import suppress
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from hub_kit.settings import Loaded
from local_hub.check import check_configuration
from local_hub.draw.parts import draw_parts
from local_hub.interrupt import both_interrupt, no_more, stop_event
from local_hub.locate import Located
from local_hub.prepare import Prepared, prepare
from local_hub.programs import Program, check_ports, programs_of
from local_hub.rotate import rotate_each_day
from local_hub.steps import show_steps
from local_hub.supervise import Supervisor, is_ready

WITHIN = 60  # seconds for all to become ready; later they still may
_COLOURS = ("cyan", "magenta", "green", "blue", "yellow")


def run_up(located: Located, bus: str, console: Console) -> None:
    """Run everything in the foreground; `ConfigurationError` says in one line why it cannot."""
    loaded = located.read()
    check_configuration(loaded)
    check_ports(loaded, bus)
    with (
        both_interrupt(),
        suppress(KeyboardInterrupt),
        show_steps(console) as say,
        prepare(located, bus, say) as environment,
        located.announce(environment),
    ):
        say("")
        programs = programs_of(loaded, environment["HUB_BUS"])
        asyncio.run(_run(loaded, programs, environment, console))
        no_more()
    console.print(f"Everything has ended; the data stays in {located.data}")


async def _run(
    loaded: Loaded, programs: list[Program], environment: Prepared, console: Console
) -> None:
    stop, printer = stop_event(), LogPrinter(programs, console)
    stands = environment.stands
    async with Supervisor(programs, environment, printer, stands=stands) as supervisor:
        parts = draw_parts(loaded, "en")
        watching = asyncio.create_task(_watch(supervisor, console, parts))
        turning = asyncio.create_task(_turn_keys(loaded, environment, printer))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait((watching, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        turning.cancel()
        if watching.done():
            await watching
        watching.cancel()
        console.print("Ending the processes …")


async def _turn_keys(loaded: Loaded, environment: Prepared, printer: "LogPrinter") -> None:
    hub = loaded.hub.model_copy(update={"keys_file": Path(environment["HUB_KEYS_FILE"])})
    owner = environment["HUB_DATABASE"].replace("{role}", "postgres")
    await rotate_each_day(hub, owner, printer)


async def _watch(supervisor: Supervisor, console: Console, parts: Table) -> None:
    """Show how the processes come up, then wait until one gives up."""
    with Live(console=console, refresh_per_second=5, get_renderable=lambda: _table(supervisor)):
        ready = await supervisor.ready(WITHIN)
    console.print(parts)
    if not console.is_terminal:
        console.print()  # Live ends without a line end
    if not ready:
        console.print("Not all are ready yet; see above.")
        await supervisor.ready(math.inf)
    console.print("Ready. Ctrl-C ends it.")
    await supervisor.broken()


def _table(supervisor: Supervisor) -> Table:
    table = Table("process", "http", "state")
    for program in supervisor.programs:
        state = supervisor.states[program.name]
        style = "green" if is_ready(state) else "yellow"
        door = f"http://{program.http}" if program.http else "–"
        table.add_row(program.name, door, Text(state, style=style))
    for keeper in supervisor.keepers:
        style = "green" if is_ready(keeper.state) else "yellow"
        table.add_row(keeper.stand.name, "–", Text(keeper.state, style=style))
    return table


class LogPrinter:
    """Prints every line of every process behind its name; JSON lines become readable ones."""

    def __init__(self, programs: list[Program], console: Console) -> None:
        self._console = console
        self._width = max(len(program.name) for program in programs)
        self._colours = dict(zip((p.name for p in programs), _COLOURS, strict=False))

    def __call__(self, name: str, line: str) -> None:
        text = Text(f"{name:<{self._width}} │ ", style=self._colours.get(name, ""))
        self._console.print(text.append(readable(line), style="default"), soft_wrap=True)


def readable(line: str) -> str:
    """Return a JSON log line as `12:00:01 info started key=value`; any other as it is."""
    try:
        fields = dict(json.loads(line))
    except (ValueError, TypeError):
        return line
    moment = str(fields.pop("timestamp", ""))[11:19]
    head = [moment, str(fields.pop("level", "")), str(fields.pop("event", ""))]
    fields.pop("service", None)
    return " ".join([*filter(None, head), *(f"{name}={value}" for name, value in fields.items())])
