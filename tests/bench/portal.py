"""How many status pages a second one portal process shows, and how long one takes, by HTTP.

A status page is the conversation as its citizen sees it: here ten messages, asked of the store in
another process, as in every hub. Beside it the contact form, which asks nobody. The floor: what the
same server answers a second where nothing is behind it.
"""

import asyncio
import time
from pathlib import Path
from urllib.parse import urlencode

import httpx
import yaml
from tests.bench.configure import Hub, configure
from tests.bench.hooks import noop
from tests.bench.rows import Row
from tests.bench.set_up import Stage, running
from tests.bench.watch import percentiles, stand

from channel_web.receive.session import COOKIE
from hub_kit.find_port import free_port
from hub_kit.keys import KeyRing
from hub_kit.testing import fresh_database
from hub_kit.tokens import Caller, issue
from local_hub.programs import Program, migrations

MESSAGES = 10
CONNECTIONS = 8
PAGES = 2_000
_STATUS, _FORM = "/vorgang/gespraech", "/kontakt"


async def measure(stage: Stage) -> list[Row]:
    floor = (await noop(stage)).rate
    rows = [Row("no-op ASGI: the floor", floor, "requests/s")]
    async with fresh_database(stage.cluster, migrations()) as dsn:
        hub = configure(stage, dsn)
        port = free_port()
        portal = _add_portal(hub, port)
        async with running([hub.store, portal], hub.environment):
            stage.note("portal: a citizen writes")
            head = _head(hub)
            cookie = await _write(hub, port, head)
            for name, path in (("status page, ten messages", _STATUS), ("contact form", _FORM)):
                stage.note(f"portal: {name}")
                request = _request(path, [*head, f"Cookie: {COOKIE}={cookie}"])
                rows += await _pages(stage, name, port, request, floor)
    return rows


def _add_portal(hub: Hub, port: int) -> Program:
    path = Path(hub.environment["HUB_CONFIG"])
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    portal = {"channel": "web", "address": "www.musterstadt.example"}
    settings["tenants"]["musterstadt"]["accounts"]["portal"] = portal
    store = f"http://127.0.0.1:{hub.ports['store']}"
    settings["services"]["channel_web"] = {"http": f"127.0.0.1:{port}", "store": store}
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return Program("channel_web", "channel_web.app", f"127.0.0.1:{port}")


def _head(hub: Hub) -> list[str]:
    """Return what the gateway says of a citizen."""
    ring = KeyRing.read(hub.folder / "keys.json")
    caller = Caller("anonymous", "musterstadt", "citizen")
    token = issue(ring, caller, "channel_web", lifetime=3600)
    return [f"Authorization: Bearer {token}", "X-Forwarded-Prefix: /musterstadt"]


async def _write(hub: Hub, port: int, head: list[str]) -> str:
    """Begin a conversation and write on in it; return the cookie of its session."""
    headers = dict(line.split(": ", 1) for line in head)
    headers |= {"Cookie": f"{COOKIE}=-", "Content-Type": "application/x-www-form-urlencoded"}
    form = {"form": "t" * 32, "subject": "Hundesteuer", "text": "Guten Tag"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers) as client:
        answer = await client.post(_FORM, content=urlencode(form))
        cookie = answer.cookies[COOKIE]
        client.headers["Cookie"] = f"{COOKIE}={cookie}"
        for number in range(MESSAGES - 1):
            more = {"form": f"{number:032}", "text": "Noch eine Frage zur Hundesteuer. " * 10}
            await client.post(_STATUS, content=urlencode(more))
    await stand(hub.dsn, MESSAGES, 60)
    return cookie


def _request(path: str, head: list[str]) -> bytes:
    lines = "\r\n".join([f"GET {path} HTTP/1.1", "Host: portal", "Accept: text/html", *head])
    return f"{lines}\r\n\r\n".encode()


async def _pages(stage: Stage, name: str, port: int, request: bytes, floor: float) -> list[Row]:
    alone, size = await _ask(port, request, stage.some(200, 40))
    start = time.perf_counter()
    each = stage.some(PAGES, 200) // CONNECTIONS
    await asyncio.gather(*(_ask(port, request, each) for _ in range(CONNECTIONS)))
    rate = each * CONNECTIONS / (time.perf_counter() - start)
    p50, p99 = percentiles(alone)
    return [
        Row(f"{name}, a second", rate, "pages/s", floor),
        Row(f"{name}, p50", p50, "ms"),
        Row(f"{name}, p99", p99, "ms"),
        Row(f"{name}, size", size / 1000, "KB"),
    ]


async def _ask(port: int, request: bytes, times: int) -> tuple[list[float], int]:
    """Return the seconds of so many answers on one connection, and the bytes of the last."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    waits, size = [], 0
    for _ in range(times):
        start = time.perf_counter()
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        if not head.startswith("HTTP/1.1 200"):
            raise RuntimeError(head)
        size = int(head.lower().partition("content-length:")[2].partition("\r\n")[0])
        await reader.readexactly(size)
        waits.append(time.perf_counter() - start)
    writer.close()
    return waits, size
