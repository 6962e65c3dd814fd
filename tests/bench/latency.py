"""How long it takes from the yes to a peer (202, 250) until the entry stands, at 500 a second.

An entry stands when an ordinary reader of the database sees it; the look every 2 ms is counted in.
"""

from collections.abc import Awaitable, Callable

from tests.bench import drive_http, drive_smtp, make_mails
from tests.bench.buses import BUSES, hub_on
from tests.bench.configure import ADDRESS, HOOK, Hub
from tests.bench.end_to_end import NAMES
from tests.bench.hooks import body, event_id
from tests.bench.rows import Row, at_most
from tests.bench.set_up import Stage
from tests.bench.watch import Arrivals, arrivals, percentiles

RATE = 500
Send = Callable[[Hub, int, int, Arrivals], Awaitable[None]]


async def measure(stage: Stage) -> list[Row]:
    rows = []
    count = RATE * stage.some(15, 4)
    for bus in BUSES:
        async with hub_on(bus, stage, mail=True) as (hub, _):
            for answer, send in (("202", _hooks), ("250", _mails)):
                stage.note(f"latency: {answer} to timeline, {NAMES[bus]} as bus")
                name = f"{answer} to timeline, {NAMES[bus]} as bus"
                rows += await _rows(name, hub, send, count)
    return rows


async def _rows(name: str, hub: Hub, send: Send, count: int) -> list[Row]:
    async with arrivals(hub.dsn) as watched:
        await send(hub, 0, RATE, watched)  # the first of everything
        await watched.settled()
        watched.waits.clear()
        await send(hub, RATE, count, watched)
        await watched.settled()
    p50, p99 = percentiles(watched.waits)
    return [Row(f"{name}, p50", p50, "ms"), Row(f"{name}, p99", p99, "ms", aim=at_most(100))]


async def _hooks(hub: Hub, first: int, count: int, watched: Arrivals) -> None:
    def tell(number: int, at: float) -> None:
        watched.answered(event_id(first + number), at)

    result = await drive_http.drive(
        hub.ports["hooks"],
        HOOK,
        lambda number: body(first + number),
        count=count,
        rate=RATE,
        tell=tell,
    )
    if result.refused:
        raise RuntimeError(f"{result.refused} hooks refused")


async def _mails(hub: Hub, first: int, count: int, watched: Arrivals) -> None:
    def make(number: int) -> bytes:
        return make_mails.plain(first + number)

    await drive_smtp.drive(
        hub.ports["smtp"], ADDRESS, make, watched.answered, count=count, rate=RATE
    )
