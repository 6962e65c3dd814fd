"""How long the desk's page of a conversation takes, and how soon an open one shows what arrives.

The page is whole: forty lines of the queue, the latest entries, who and what, the composer. It is
asked of one process beside the store's, as in every hub; a conversation of a hundred thousand
entries must cost what one of a thousand does. Live: from the commit of an arriving message, or of a
call that rings, to the moment it stands in the page of a real browser.
"""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

import yaml
from playwright.async_api import Page, Route, async_playwright
from tests.bench.ask import ask, headers
from tests.bench.configure import Hub, configure
from tests.bench.first_page import arrival, fill
from tests.bench.rows import Row, at_most
from tests.bench.set_up import Stage, running
from tests.bench.watch import percentiles

from hub_contract.events import Arrival, CallContent, CallRang
from hub_contract.ids import call_id, rang_id
from hub_contract.words import CallStatus, Channel, ContactKind, ContactPoint
from hub_kit.find_port import free_port
from hub_kit.ground import Ground
from hub_kit.keys import KeyRing
from hub_kit.settings import Loaded
from hub_kit.testing import fresh_database
from hub_pages.assets import Assets
from hub_pages.testing import CHROMIUM
from local_hub.programs import Program, migrations

ASKED = 300
SENT = 100
SMALL = "erika@example.org"
DESK = "workspace"


async def measure(stage: Stage) -> list[Row]:
    others = {f"p{number}@example.org": 1 for number in range(45)}
    sizes = {SMALL: 1_000, "otto@example.org": stage.some(100_000, 10_000)}
    rows: list[Row] = []
    async with fresh_database(stage.cluster, migrations()) as dsn:
        hub = configure(stage, dsn)
        port = free_port()
        desk = _add_desk(hub, port)
        async with running([hub.store, desk], hub.environment):
            conversations = await fill(stage, hub, others | sizes)
            first: float | None = None
            for size in sizes.values():
                stage.note(f"desk: a conversation of {size:,} entries")
                path = f"/c/{conversations[size]}"
                given = (hub, path, stage.some(ASKED, 50))
                waits, page = await asyncio.to_thread(ask, *given, service=DESK, port=port)
                if page.count(b'class="line ') != 40:
                    raise RuntimeError("the queue has not forty lines")
                p50, p99 = percentiles(waits)
                name = f"desk, conversation of {size:,} entries"
                rows += [
                    Row(f"{name}, p50", p50, "ms", first, at_most(40)),
                    Row(f"{name}, p99", p99, "ms"),
                    Row(f"{name}, page", len(page) / 1000, "KB", aim=at_most(60)),
                ]
                first = p50
            stage.note("desk: live")
            rows += await _live(stage, hub, f"http://127.0.0.1:{port}/c/{conversations[1_000]}")
    return rows


def _add_desk(hub: Hub, port: int) -> Program:
    path = Path(hub.environment["HUB_CONFIG"])
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    store = f"http://127.0.0.1:{hub.ports['store']}"
    settings["services"][DESK] = {"http": f"127.0.0.1:{port}", "store": store}
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return Program(DESK, f"{DESK}.app", f"127.0.0.1:{port}")


async def _live(stage: Stage, hub: Hub, address: str) -> list[Row]:
    loaded = Loaded.read(Path(hub.environment["HUB_CONFIG"]))
    ground = await Ground.open("channel_email", loaded.hub, KeyRing.read(loaded.hub.keys_file))
    try:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=CHROMIUM, args=["--no-sandbox"]
            )
            page = await browser.new_page(extra_http_headers=headers(hub, DESK))
            await page.route("**/static/**", _static)
            async with page.expect_response(lambda answer: "/entries?after=" in answer.url):
                await page.goto(address)
            await page.evaluate(_WATCH)
            waits = [await _one(ground, page, n) for n in range(stage.some(SENT, 20))]
            stage.note("desk: calls that ring")
            rings = [await _ring(ground, page, n) for n in range(stage.some(SENT, 20))]
            await browser.close()
    finally:
        await ground.close()
    (p50, p99), (ring50, ring99) = percentiles(waits), percentiles(rings)
    return [
        Row("desk, live entry, commit to page, p50", p50, "ms"),
        Row("desk, live entry, commit to page, p99", p99, "ms"),
        Row("desk, a call rings, commit to pop, p50", ring50, "ms", aim=at_most(1_000)),
        Row("desk, a call rings, commit to pop, p99", ring99, "ms", aim=at_most(1_000)),
    ]


async def _one(ground: Ground, page: Page, number: int) -> float:
    """Return the seconds from this message's commit until it stands in the page."""
    return await _until_seen(ground, page, arrival(SMALL, 1_000_000 + number))


async def _ring(ground: Ground, page: Page, number: int) -> float:
    """Return the seconds from the commit that this call rings until it pops up; then end it."""
    waited = await _until_seen(ground, page, _rang(number, CallStatus.RINGING))
    await ground.accept.all([_rang(number, CallStatus.ENDED)])
    await page.wait_for_function("!document.querySelector('#calls .ring')")
    return waited


def _rang(number: int, status: CallStatus) -> Arrival:
    way = ("musterstadt", "phone", "bench", f"CA{number}")
    caller = ContactPoint(kind=ContactKind.PHONE, value=f"+4915{10_000_000 + number}")
    event = CallRang(
        id=rang_id(*way, status),
        tenant="musterstadt",
        channel=Channel.PHONE,
        account="bench",
        call_id=call_id(*way),
        status=status,
        at=datetime.now(UTC),
        content=CallContent(caller=caller, external_id=way[-1]),
    )
    return Arrival(event)


async def _until_seen(ground: Ground, page: Page, what: Arrival) -> float:
    await page.evaluate("window.stood = null")
    await ground.accept.all([what])
    committed = time.time()
    async with asyncio.timeout(30):
        while (stood := await page.evaluate("window.stood")) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return max(0.0, float(stood) / 1000 - committed)


_WATCH = """() => {
  const seen = new Set([...document.querySelectorAll("article")].map(one => one.id))
  const look = changes => {
    for (const node of changes.flatMap(change => [...change.addedNodes]))
      if (node.matches?.("article, .ring") && !seen.has(node.id)) {
        seen.add(node.id)
        window.stood = Date.now()
      }
  }
  for (const place of ["timeline", "calls"])
    new MutationObserver(look).observe(document.getElementById(place), {childList: true})
}"""


async def _static(route: Route) -> None:
    """Answer for the gateway, which serves what all pages share."""
    name = route.request.url.partition("/static/")[2].partition("/")[2]
    asset = Assets.read().files.get(name)
    if asset is None:
        await route.continue_()  # the desk's own
        return
    await route.fulfill(body=asset.plain, content_type=asset.media_type)
