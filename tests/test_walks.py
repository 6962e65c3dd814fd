"""The walks of docs/walks.md name every file that is on the way, and none that is not: three are walked.

A whole hub runs in this process, so that every call can be noted.
"""

import asyncio
import functools
import re
import smtplib
import socket
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
import yaml
from aiosmtpd.smtp import SMTP

import conversation_store.app
import gateway.app
import workspace.app
from channel_email.send import RelaySender
from conversation_store.settings import StoreSettings
from conversation_store.store import Store
from gateway.settings import GatewaySettings
from hub_contract.words import Channel
from hub_kit.channel import compose_channel, find_channel
from hub_kit.find_port import free_port
from hub_kit.ground import Ground
from hub_kit.settings import Loaded
from hub_kit.testing import eventually, fresh_database, open_ground
from hub_kit.tokens import Caller, issue
from hub_pages.testing import Door
from local_hub.programs import migrations
from local_hub.testing import model
from workspace.settings import WorkspaceSettings

ROOT = Path(__file__).parents[1]
Cached = type(functools.cache(len))
PAGE = ROOT / "docs" / "walks.md"
TOWN = "musterstadt"
POST = f"post@{TOWN}.example"
AGENT = Caller("agent-7", TOWN, "agent")
MAIL = (
    f"From: Erika Muster <erika@example.org>\r\nTo: {POST}\r\nMessage-ID: <1@example.org>\r\n"
    "Subject: Hund\r\nDate: Thu, 26 Nov 2026 10:00:00 +0100\r\n\r\n"
    "Guten Tag,\r\nich habe einen Dackel.\r\n"
)

# What works by itself beside every way, and what these tests bring.
BY_ITSELF = re.compile(
    r"""/testing\.py$ | /app\.py$ | hub_kit/(trim\w*|horizon|live|set_aside|shell|serve|outgoing|claim|write_secret)\.py$
    | conversation_store/(renew/\w+|change|queue/tally)\.py$ | channel_web/receive/(block|code|keep|known|session)\.py$
    | channel_email/receive/watch\.py$
    | workspace/(people|hold|keep|drafts)\.py$""",
    re.VERBOSE,
)


def is_ours(file: str) -> bool:
    return "/src/" in file and file.startswith(f"{ROOT}/")


class Trace:
    """Notes whose functions run, by file, in every thread."""

    def __init__(self) -> None:
        self.files: set[str] = set()

    def note(self, frame: Any, event: str, _argument: Any) -> None:
        code = frame.f_code
        if event == "call" and is_ours(code.co_filename) and code.co_name != "<module>":
            self.files.add(code.co_filename.removeprefix(f"{ROOT}/"))


def forget_what_was_read() -> None:
    """Empty the caches of our functions: what another test read before would not run again."""
    for name, module in list(sys.modules.items()):
        if is_ours(getattr(module, "__file__", None) or ""):
            for cached in vars(module).values():
                if isinstance(cached, Cached) and cached.__module__ == name:
                    cached.cache_clear()


@contextmanager
def traced() -> Iterator[set[str]]:
    forget_what_was_read()
    trace = Trace()
    threading.setprofile(trace.note)
    sys.setprofile(trace.note)
    try:
        yield trace.files
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


def named(title: str) -> set[str]:
    """Return the files that the walk of this title links to."""
    sections = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    [section] = [one for one in sections if one.startswith(f"{title}\n")]
    links = re.findall(r"\]\(\.\./([^)#]+)\)", section)
    return set(links)


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[str]:
    """Serve in this loop; yield its address."""
    door = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="on"))
    task = asyncio.create_task(server.serve(sockets=[door]))
    await eventually(lambda: asyncio.sleep(0, server.started))
    try:
        yield f"http://127.0.0.1:{door.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


class RelayHost:
    """The authority's mail server: takes what we send."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        self.mails.append(envelope.content)
        return "250 2.0.0 Ok"


@dataclass
class Hub:
    """All of it in one process; `store` asks it as an agent."""

    smtp: int
    relay_host: RelayHost
    store: httpx.AsyncClient
    desk: httpx.AsyncClient
    citizen: httpx.AsyncClient

    async def timeline(self, entries: int) -> list[dict[str, Any]]:
        """Return the entries of the newest conversation, once there are so many."""
        found: list[dict[str, Any]] = []

        async def there() -> bool:
            listed = (await self.store.get("/conversations")).json()["conversations"]
            if listed:
                path = f"/conversations/{listed[0]['id']}/entries"
                found[:] = (await self.store.get(path)).json()["entries"]
            return len(found) >= entries

        await eventually(there)
        return found


@asynccontextmanager
async def relaying(host: RelayHost) -> AsyncIterator[int]:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(host, loop=loop), "127.0.0.1", 0)
    async with server:
        yield int(server.sockets[0].getsockname()[1])


def settings_file(folder: Path, smtp: int, relay: int, store: str = "http://127.0.0.1:9") -> Loaded:
    """Return the model file, with what this hub has instead."""
    document = model()
    services = document["services"]
    services["channel_email"] |= {"smtp": f"127.0.0.1:{smtp}"}
    services["channel_email"]["relay"] = {"host": "127.0.0.1", "port": relay, "tls": "none"}
    services["channel_email"].pop("lmtp", None)
    services["channel_web"]["store"] = store
    path = folder / "faden.yaml"
    path.write_text(yaml.safe_dump(document), "utf-8")
    return Loaded.read(path)


@pytest.fixture
async def hub(cluster, tmp_path, monkeypatch) -> AsyncIterator[Hub]:
    # By itself, beside every way, it also asks relays what they take.
    monkeypatch.setattr(RelaySender, "learn", lambda _self: asyncio.sleep(0))
    host, smtp = RelayHost(), free_port()
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        dsn = await enter(fresh_database(cluster, migrations()))
        relay = await enter(relaying(host))

        async def ground(schema: str) -> Ground:
            opened = await enter(open_ground(schema, dsn, tmp_path))
            tenants = settings_file(tmp_path, smtp, relay).hub.tenants
            return replace(opened, settings=opened.settings.model_copy(update={"tenants": tenants}))

        kept = Store.open(await ground("conversation_store"), StoreSettings())
        store = await enter(serving(conversation_store.app.compose(kept)))
        loaded = settings_file(tmp_path, smtp, relay, store)
        addresses = {}
        for channel in (Channel.EMAIL, Channel.WEB):
            frame, name = find_channel(channel), f"channel_{channel}"
            read = frame.about.read(loaded)
            _, app = compose_channel(frame, await ground(name), *read, loaded.public)
            addresses[channel] = await enter(serving(app))
        desk = workspace.app.compose(
            await ground("workspace"),
            WorkspaceSettings(undo_seconds=1),
            httpx.AsyncClient(base_url=store),
        )
        ring = kept.ground.ring
        await enter(serving(desk))  # what it sends by itself
        door, parts = gateway.app.compose(
            await ground("gateway"),
            GatewaySettings(public="http://faden.example", channel_web=addresses[Channel.WEB]),
        )
        for close in parts.closing:
            stack.push_async_callback(close)
        token = f"Bearer {issue(ring, AGENT, 'conversation_store')}"
        before_desk = Door(ring, {"/desk": ("workspace", desk, AGENT)})

        def client(app: Any, base: str, **more: Any) -> httpx.AsyncClient:
            return httpx.AsyncClient(
                transport=httpx.ASGITransport(app), base_url=base, timeout=60, **more
            )

        asked = httpx.AsyncClient(base_url=store, headers={"Authorization": token}, timeout=60)
        yield Hub(
            smtp,
            host,
            await enter(asked),
            await enter(client(before_desk, "http://desk")),
            await enter(client(door, "http://faden.example", headers={"Accept": "text/html"})),
        )


async def a_mail_in(hub: Hub) -> None:
    def hand_over() -> None:
        with smtplib.SMTP("127.0.0.1", hub.smtp, timeout=60) as mail:
            mail.sendmail("erika@example.org", [POST], MAIL.encode())

    # In a thread that is not traced: it plays the other mail server.
    await asyncio.to_thread(hand_over)
    [entry] = await hub.timeline(1)
    assert entry["subject"] == "Hund"


async def an_answer_out(hub: Hub) -> None:
    [conversation] = (await hub.store.get("/conversations")).json()["conversations"]
    path = f"/desk/c/{conversation['id']}/write"
    said = await hub.desk.post(path, data={"text": "Ein Dackel kostet 90 Euro.", "seen": "99"})
    assert said.status_code in (200, 303), said.text

    async def accepted() -> bool:
        entries = await hub.timeline(2)
        return any((one.get("delivery") or {}).get("status") == "accepted" for one in entries)

    await eventually(accepted)
    assert b"90 Euro" in hub.relay_host.mails[0]


async def a_web_form(hub: Hub) -> None:
    page = (await hub.citizen.get(f"/{TOWN}/kontakt")).text
    [form] = re.findall(r'<input type="hidden" name="form" value="([^"]*)">', page)
    fields = {"form": form, "subject": "Biotonne", "text": "Sie ist voll.", "answer": "here"}
    sent = await hub.citizen.post(
        f"/{TOWN}/kontakt", data=fields, headers={"Sec-Fetch-Site": "same-origin"}
    )
    assert sent.status_code == 303, sent.text

    async def there() -> bool:
        return (await hub.timeline(1))[0]["subject"] == "Biotonne"

    await eventually(there)


WALKS = {"A mail in": a_mail_in, "An answer out": an_answer_out, "A web form": a_web_form}


async def test_the_walks_name_what_is_on_the_way(hub):
    wrong = {}
    for title, walk in WALKS.items():
        with traced() as seen:
            await walk(hub)
        ways = named(title)
        if missing := sorted(one for one in seen - ways if not BY_ITSELF.search(one)):
            wrong[f"{title}: not named"] = missing
        if stale := sorted(ways - seen):
            wrong[f"{title}: not on the way"] = stale
    assert wrong == {}
