"""Every route of every service, walked: inside none answers without the right, outside none but ours.

A new service or route is found by itself; what may be open is written down here, path by path.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import yaml
from fastapi import FastAPI
from starlette.routing import Mount

import conversation_store.app
import workspace.app
from conversation_store.settings import StoreSettings
from conversation_store.store import Store
from gateway.app import compose
from gateway.sessions import Grant, Session, Sessions
from gateway.settings import GatewaySettings
from hub_contract.words import Channel
from hub_kit import channel
from hub_kit.about import names
from hub_kit.ground import Ground
from hub_kit.keys import KeyRing
from hub_kit.rights import ROLES, may
from hub_kit.settings import Account, Loaded, TenantSection
from hub_kit.testing import fresh_database, open_ground
from hub_kit.tokens import Caller, issue
from local_hub.locate import MODEL
from local_hub.programs import listeners_of, migrations
from local_hub.testing import model
from workspace.settings import WorkspaceSettings

TOWN = "musterstadt"
BEHIND = [service for service in names() if service != "gateway"]
CHANNELS = [service for service in BEHIND if service.startswith("channel_")]
PROBES = {"/healthz", "/readyz", "/metrics"}
DOCUMENTS = {"/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc"}
STATIC = {"/static"}
# What answers inside without a token: what operators and browsers' style sheets need.
OPEN = dict.fromkeys(CHANNELS, PROBES | DOCUMENTS) | {
    "conversation_store": PROBES | DOCUMENTS,
    "channel_paper": PROBES | DOCUMENTS | STATIC,
    "channel_web": PROBES | DOCUMENTS | STATIC,
    "workspace": PROBES | DOCUMENTS | STATIC,
}
# The thing that a path is about, as `hub_kit.rights` names it; the first that fits.
THINGS = {name: [(r"/operations", "operations")] for name in CHANNELS} | {
    "conversation_store": [
        (r"/operations", "operations"),
        (r"/mine", "mine"),
        (r"/entries/[^/]+/erase", "entry"),
        (r"/conversations/[^/]+$", "people"),
        (r"", "conversation"),
    ],
    "channel_paper": [
        (r"/operations", "operations"),
        (r"", "scans"),
    ],
    "channel_web": [
        (r"/operations", "operations"),
        (r"/inbox/state", "inbox"),
        (r"", "portal"),
    ],
    "workspace": [
        (r"/operations", "operations"),
        (r"", "conversation"),
    ],
}
ACTION = {
    "operations": {"POST": "replay"},
    "entry": {"POST": "erase"},
    "inbox": {"POST": "read"},  # the secret is no part of an address
}
NO = {401, 403, 404, 405}
# An operator who opens the desk is led to what they may see.
LED_ON = {("workspace", "/", "operator"): 303}
# Accounts of channels that take no hooks: who calls them all the same shall reach nothing else.
CALLED = {f"called-{c}": Account(channel=c, address="x") for c in (Channel.EMAIL, Channel.WEB)}
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Way:
    """One route with one method; `path` has made-up ids in it."""

    service: str
    method: str
    route: str
    path: str

    @property
    def at(self) -> tuple[str, str]:
        return self.service, self.route

    @property
    def thing(self) -> str:
        return next(thing for start, thing in THINGS[self.service] if re.match(start, self.path))

    def allowed(self, role: str) -> bool:
        action = "read" if self.method in {"GET", "HEAD"} else "write"
        action = ACTION.get(self.thing, {}).get(self.method, action)
        return may(role, action, self.thing)


def ways_of(service: str, app: FastAPI) -> Iterator[Way]:
    for route in app.routes:
        if isinstance(route, Mount):
            yield Way(service, "GET", route.path, route.path + "/x/y.css")
            continue
        # FastAPI keeps an included router as one route, whose own lie below it.
        inner = getattr(route, "effective_route_contexts", lambda route=route: [route])
        for one in inner():
            for method in sorted(one.methods):
                yield Way(service, method, one.path, _filled(one.path))


def _filled(path: str) -> str:
    numbered = re.sub(r"\{number[^}]*\}", "1", path)
    return re.sub(r"\{[^}]+\}", "00000000-0000-4000-8000-000000000000", numbered)


def without_listeners(folder: Path) -> Loaded:
    """Return the model file, without the ports that channels would take beside their own.

    The secrets that it names, which `faden up` makes, lie in the folder.
    """
    document = model()
    for key in listeners_of(Loaded.read(MODEL), "postgresql"):
        _, name, setting = key.split(".")
        document["services"][name].pop(setting, None)
    for tenant in document["tenants"].values():
        for account in tenant["accounts"].values():
            for setting in account.keys() & {"auth_token_file", "api_key_file", "public_key_file"}:
                account[setting] = str(folder / "secret")
    (folder / "secret").write_text("of a pretend provider")
    path = folder / "faden.yaml"
    path.write_text(yaml.safe_dump(document), "utf-8")
    return Loaded.read(path)


@pytest.fixture
async def hub(cluster, tmp_path) -> AsyncIterator[Any]:
    async with AsyncExitStack() as stack:
        dsn = await stack.enter_async_context(fresh_database(cluster, migrations()))

        async def ground(schema: str) -> Ground:
            opened = await stack.enter_async_context(open_ground(schema, dsn, tmp_path))
            tenants = {TOWN: TenantSection(name="Stadt Musterstadt", accounts=CALLED)}
            return replace(opened, settings=opened.settings.model_copy(update={"tenants": tenants}))

        store = conversation_store.app.compose(
            Store.open(await ground("conversation_store"), StoreSettings())
        )
        to_store = httpx.AsyncClient(
            transport=httpx.ASGITransport(store, raise_app_exceptions=False),
            base_url="http://store",
        )
        loaded = without_listeners(tmp_path)
        channels = {}
        for name in CHANNELS:
            frame = channel.find_channel(Channel(name.removeprefix("channel_")))
            read = frame.about.read(loaded)
            channels[name], _ = channel.compose_channel(
                frame, await ground(name), *read, loaded.public
            )
        yield SimpleNamespace(
            apps=channels
            | {
                "conversation_store": store,
                "workspace": workspace.app.compose(
                    await ground("workspace"), WorkspaceSettings(), to_store
                ),
            },
            ground=await ground("gateway"),
        )
        await to_store.aclose()


@pytest.fixture
def ways(hub) -> list[Way]:
    return [way for name, app in hub.apps.items() for way in ways_of(name, app)]


def at(app: Any, **headers: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://inside", headers=headers)


async def ask(app: Any, way: Way, token: str = "") -> int:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with at(app, **headers) as client:
        return await said(client, way.method, way.path)


async def said(client: httpx.AsyncClient, method: str, path: str) -> int:
    """Return the status; a live page, which never ends, has begun to answer."""
    try:
        async with asyncio.timeout(10):
            return (await client.request(method, path)).status_code
    except TimeoutError:
        return 200


def test_every_service_is_walked(hub, ways):
    assert set(hub.apps) == set(BEHIND) == set(OPEN) == set(THINGS)
    assert {way.service for way in ways} == set(BEHIND)
    assert len({way.route for way in ways}) > 60


async def test_inside_nothing_answers_without_a_token(hub, ways, tmp_path):
    answered: dict[str, set[str]] = {service: set() for service in BEHIND}
    for way in ways:
        if await ask(hub.apps[way.service], way) not in {401, 405}:
            answered[way.service].add(way.route)
    assert answered == OPEN


async def test_inside_only_our_token_for_this_service_counts(hub, ways, tmp_path):
    KeyRing.create(tmp_path / "other.json")
    other, ours = KeyRing.read(tmp_path / "other.json"), hub.ground.ring
    for way in ways:
        if way.route in OPEN[way.service]:
            continue
        who = Caller("x", TOWN, next(role for role in ROLES if way.allowed(role)))
        elsewhere = next(service for service in BEHIND if service != way.service)
        tokens = {
            "forged": issue(other, who, way.service),
            "for another service": issue(ours, who, elsewhere),
            "expired": issue(ours, who, way.service, lifetime=-60),
            "no token": "x",
        }
        for why, token in tokens.items():
            code = await ask(hub.apps[way.service], way, token)
            assert code in {401, 405}, (why, way, code)


async def test_inside_a_role_reaches_what_it_may_and_nothing_else(hub, ways):
    for way in ways:
        if way.route in OPEN[way.service]:
            continue
        for role in (*ROLES, "king"):
            if way.allowed(role):
                continue
            token = issue(hub.ground.ring, Caller("x", TOWN, role), way.service)
            code = await ask(hub.apps[way.service], way, token)
            assert code in NO or code == LED_ON.get((*way.at, role)), (role, way, code)


class Inside:
    """Carries requests from the door straight into the apps, and notes where they went."""

    def __init__(self, apps: dict[str, Any]) -> None:
        self.apps, self.reached = apps, []
        self.headers: list[Any] = []

    async def carry(self, request, receive, send, _over, _who) -> None:
        service = urlsplit(request.origin).hostname
        path, _, query = request.target.partition(b"?")
        self.reached.append((service, request.method, path.decode()))
        self.headers.append(request.headers)
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": "http",
            "path": path.decode(),
            "raw_path": path,
            "query_string": query,
            "headers": list(request.headers),
            "server": ("inside", 80),
            "client": ("127.0.0.1", 1),
        }
        await self.apps[service](scope, receive, send)

    async def close(self) -> None:
        pass


@pytest.fixture
def outside(hub, monkeypatch) -> Any:
    """The gateway's door before these apps, and what reached them."""
    inside = Inside(hub.apps)
    monkeypatch.setattr("gateway.app.Forwarder", lambda _: inside)
    generous = {"times": 100_000, "seconds": 1}
    settings = GatewaySettings(
        public="http://faden.example",
        channel_web="http://channel_web",
        workspace="http://workspace",
        hooks={"email": "http://channel_email", "web": "http://channel_web"},
        limits={"login": generous, "read": generous, "write": generous, "hook": generous},
    )
    door, _ = compose(hub.ground, settings)
    sessions = Sessions(hub.ground.pool, hub.ground.ring, *([_DAY] * 2))

    async def knock(way: Way, path: str, role: str = "") -> int:
        transport = httpx.ASGITransport(door, raise_app_exceptions=False)
        headers = {"Sec-Fetch-Site": "same-origin", "Accept": "application/json"}
        cookies = {}
        if role:
            grant = Grant(TOWN, role)
            cookies["faden_session"] = await sessions.begin(Session("x", "", (grant,), grant))
        async with httpx.AsyncClient(
            transport=transport, base_url="http://faden.example", headers=headers, cookies=cookies
        ) as client:
            return await said(client, way.method, path)

    return SimpleNamespace(knock=knock, reached=inside.reached, headers=inside.headers)


async def test_outside_anybody_reaches_the_citizens_pages_only(ways, outside):
    for way in ways:
        for prefix in ("", "/desk", f"/{TOWN}", "/kleindorf"):
            before = len(outside.reached)
            code = await outside.knock(way, prefix + way.path)
            for service, _, path in outside.reached[before:]:
                assert service == "channel_web", (way, prefix)
                assert prefix == f"/{TOWN}", (way, prefix)
                assert path not in PROBES | DOCUMENTS, (way, prefix)
            if len(outside.reached) == before:
                assert code in NO | {307, 200, 303}, (way, prefix, code)


async def test_outside_a_hook_reaches_the_hooks_of_its_account_only(ways, outside):
    """Whatever stands behind it: the path stays below /hooks/, where none of these services is."""
    for way in ways:
        for word, service in ((c, f"channel_{c}") for c in ("email", "web")):
            for name in (f"called-{word}", "nobody"):
                before = len(outside.reached)
                path = f"/hooks/{word}/{TOWN}/{name}{way.path}"
                code = await outside.knock(way, path, "supervisor")
                assert code in {404, 405}, (path, code)
                known = name != "nobody" and way.method in {"GET", "HEAD", "POST"}
                assert outside.reached[before:] == ([(service, way.method, path)] if known else [])


async def test_outside_a_hook_carries_nobody(outside, hub):
    """A session opens nothing here, and a service that is asked so finds no token to believe."""
    way = Way("channel_web", "POST", "/", f"/hooks/web/{TOWN}/called-web")
    await outside.knock(way, way.path, "supervisor")
    [headers] = outside.headers
    assert not {b"cookie", b"authorization", b"x-faden-name"} & {name for name, _ in headers}


async def test_outside_a_role_reaches_what_it_may_and_nothing_else(ways, outside):
    desk = [way for way in ways if way.service == "workspace"]
    for way in desk:
        for role in (*ROLES, "king"):
            before = len(outside.reached)
            code = await outside.knock(way, "/desk" + way.path, role)
            came_in = len(outside.reached) > before
            if way.route in PROBES | DOCUMENTS:
                assert (came_in, code) == (False, 404), (role, way)
            elif not may(role, "read", "desk"):
                assert not came_in, (role, way)
            elif way.route not in STATIC and not way.allowed(role):
                assert code in NO or code == LED_ON.get((*way.at, role)), (role, way, code)


async def test_outside_no_session_opens_the_store(ways, outside):
    """Not even a supervisor's: the store is asked by services only."""
    for way in ways:
        if way.service not in {"workspace", "channel_web"}:
            await outside.knock(way, way.path, "supervisor")
            await outside.knock(way, f"/{way.service}{way.path}", "supervisor")
    assert outside.reached == []
