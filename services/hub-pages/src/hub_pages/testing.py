"""A real browser for tests of pages: Debian's Chromium by Playwright, and axe to look at them.

A pytest plugin (`pytest_plugins = ["hub_pages.testing"]`); mark such tests `real("chromium")`.
"""

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Receive, Scope, Send

from hub_kit.keys import KeyRing
from hub_kit.tokens import Caller, issue
from hub_pages.assets import Assets
from hub_pages.headers import SecurityHeaders

T = TypeVar("T")
CHROMIUM = "/usr/bin/chromium"
AXE = Path(__file__).parent / "axe" / "axe.min.js"
_NARROW = 320  # px; WCAG 1.4.10
# What a page is waited for, is waited for as long as everything else: a busy machine is no fault.
PATIENCE = 60  # seconds; Playwright's own 5 were too few for three tests at a time on two cores
expect.set_options(timeout=PATIENCE * 1000)


class Door:
    """What the gateway does for a service, without log-in: prefix, token, static files, headers."""

    def __init__(self, ring: KeyRing, services: Mapping[str, tuple[str, ASGIApp, Caller]]) -> None:
        """`services`: prefix -> (audience, app, who knocks)."""
        self.ring, self.services, self.static = ring, services, Assets.read()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await SecurityHeaders(self._forward)(scope, receive, send)

    async def _forward(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if scope["path"].startswith("/static/"):
            scope = {**scope, "path": scope["path"].removeprefix("/static")}
            await self.static(scope, receive, send)
            return
        for prefix, (audience, app, caller) in self.services.items():
            if scope["path"].startswith(f"{prefix}/"):
                await app(self._inside(scope, prefix, audience, caller), receive, send)
                return
        raise LookupError(f"no service at {scope['path']}")

    def _inside(self, scope: Scope, prefix: str, audience: str, caller: Caller) -> Scope:
        inner = {**scope, "path": scope["path"].removeprefix(prefix), "raw_path": b""}
        inner["headers"] = list(scope["headers"])
        headers = MutableHeaders(scope=inner)
        headers["Authorization"] = f"Bearer {issue(self.ring, caller, audience)}"
        headers["X-Forwarded-Prefix"] = prefix
        headers["X-Forwarded-For"] = "127.0.0.1"
        headers["X-Faden-Name"] = "Petra%20Amt"
        return inner


class Loop:
    """An event loop in a thread of its own, so that a test with a browser may block."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def run(self, coroutine: Coroutine[Any, Any, T], within: float = 120) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(within)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


@contextmanager
def serving(app: ASGIApp, loop: Loop) -> Iterator[str]:
    """Serve the app in that loop on a free port; yield its address."""
    # asyncio spares an answer the 40 ms of a delayed ACK only where the protocol is named.
    door = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    door.bind(("127.0.0.1", 0))
    door.listen(512)
    # Lifespan off: what the app needs is open, and what it closes belongs to the test.
    server = uvicorn.Server(
        uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", ws="none")
    )
    # Signals belong to the test run; `serve` would take them.
    running = asyncio.run_coroutine_threadsafe(server._serve([door]), loop.loop)  # noqa: SLF001
    try:
        yield f"http://127.0.0.1:{door.getsockname()[1]}"
    finally:
        server.should_exit = server.force_exit = True
        running.result(120)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, for a file; its network is this machine.

    While Playwright lives, its loop runs in this thread, and no asynchronous test can: such a file
    has synchronous tests alone.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--disable-dev-shm-usage",
                "--renderer-process-limit=1",  # none is started for a next page that never comes
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            ],
        )
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open a page as a new visitor; fail the test where the page complains of something.

    Keywords go to Playwright: `locale`, `java_script_enabled`, `viewport`.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(address: str, **more: Any) -> Page:
        context = browser.new_context(**{"locale": "de-DE", "timezone_id": "Europe/Berlin"} | more)
        context.set_default_timeout(PATIENCE * 1000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: _hear(complaints, said.type, said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints, complaints


def _hear(complaints: list[str], kind: str, text: str) -> None:
    # Chromium notes every answer of 400 and above as an error, and what it asks while a test has
    # cut its line; those a test asks about itself.
    if kind == "error" and not any(one in text for one in _ASKED_ABOUT):
        complaints.append(text)


_ASKED_ABOUT = ("the server responded with a status of", "net::ERR_INTERNET_DISCONNECTED")


def check_page(page: Page) -> None:
    """Fail where axe finds anything, light or dark, or where it is wider than a narrow phone.

    In the dark only colours differ, so there axe looks at nothing else.
    """
    page.evaluate(AXE.read_text(encoding="utf-8"))
    page.evaluate(_AT_ONCE)
    _look(page, {"resultTypes": ["violations"]})
    page.emulate_media(color_scheme="dark")
    _look(
        page, {"resultTypes": ["violations"], "runOnly": ["color-contrast", "link-in-text-block"]}
    )
    page.emulate_media(color_scheme="light")
    size = page.viewport_size
    page.set_viewport_size({"width": _NARROW, "height": 800})
    wide = page.evaluate(_WIDEST)
    if size:
        page.set_viewport_size(size)
    assert not wide, f"wider than {_NARROW} px: {wide}"


def _look(page: Page, options: Mapping[str, Any]) -> None:
    faults = page.evaluate(_FAULTS, options)
    assert not faults, faults


# Only these leave the browser: all that axe finds in order is a hundred times as much.
_FAULTS = """async options => (await axe.run(document, options)).violations.map(fault =>
  [fault.id, fault.help, fault.nodes.slice(0, 3).map(node => node.html.slice(0, 200))])"""
# A colour on its way to another one is neither.
_AT_ONCE = """() => {
  const still = new CSSStyleSheet()
  still.replaceSync('*, ::before, ::after { transition: none !important }')
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, still]
}"""
_WIDEST = """() => {
  const room = document.documentElement.clientWidth
  if (document.documentElement.scrollWidth <= room) return []
  return [...document.body.querySelectorAll('*')]
    .filter(e => e.getBoundingClientRect().right > room + 1).slice(0, 5)
    .map(e => e.outerHTML.slice(0, 120))
}"""
