"""What the tests of this channel share: its ground, its portals, and a look into the log."""

import asyncio
import base64
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

import channel_web
import conversation_store
from channel_web.app import HERE, add_pages
from channel_web.receive.ask import Store, open_client
from channel_web.receive.visit import Portal
from channel_web.send import PortalSender
from channel_web.settings import Account, Accounts, WebAccount, WebSettings
from conversation_store.app import compose
from conversation_store.append.listen import listen
from conversation_store.settings import StoreSettings
from conversation_store.store import Store as ConversationStore
from hub_contract.events import (
    Arrival,
    MessageContent,
    MessageRead,
    MessageReceived,
    ReadContent,
)
from hub_contract.ids import read_id, received_id
from hub_contract.topics import from_wire
from hub_contract.words import Attachment, Body, Channel, ContactKind, ContactPoint, Page
from hub_kit.consume import Consumer
from hub_kit.ground import Ground
from hub_kit.outgoing import Outgoing, take_in
from hub_kit.sealing import open_event
from hub_kit.serve import AnswersHead
from hub_kit.settings import TenantSection
from hub_kit.testing import Cluster, eventually, fresh_database, new_ring, open_ground
from hub_kit.tokens import Caller, issue
from hub_pages.face import Face, parse_face
from hub_pages.pages import Pages
from hub_pages.testing import Door

SERVICES = {"channel_web": Path(channel_web.__file__).parent / "migrations"}
TENANTS = {
    "musterstadt": TenantSection.model_validate(
        {
            "name": "Stadt Musterstadt",
            "accounts": {
                "post": {"channel": "email", "address": "post@musterstadt.example"},
                "portal": {"channel": "web", "address": "www.musterstadt.example"},
                "kurz": {"channel": "sms", "address": "+4971112399"},
            },
        }
    )
}
FACE = list((Path(__file__).parents[3] / "deploy/local-hub/tenants/musterstadt").iterdir())
# A lossless picture of one pixel.
WEBP = base64.b64decode("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==")
STORE = Path(conversation_store.__file__).parent / "migrations"


@dataclass
class Hub:
    """The channel's ground, and what an owner of the database sees."""

    ground: Ground
    owner: str

    async def kept(self) -> list:
        """Return every event of the log, opened, in order."""
        rows = await self.rows(
            """select body, wrapped from hub.event_log join hub.message_key on owner = event_id
               order by seq"""
        )
        ring = self.ground.ring
        sealed = [(from_wire(row["body"]), row["wrapped"]) for row in rows]
        return [open_event(event, ring.unwrap(wrapped, event.id)) for event, wrapped in sealed]

    async def ask(self, query: str, *arguments):
        rows = await self.rows(query, *arguments)
        return rows[0][0] if rows else None

    async def rows(self, query: str, *arguments) -> list:
        connection = await asyncpg.connect(self.owner)
        try:
            return await connection.fetch(query, *arguments)
        finally:
            await connection.close()


@pytest.fixture
async def hub(cluster, tmp_path) -> AsyncIterator[Hub]:
    async with (
        fresh_database(cluster, SERVICES) as dsn,
        open_ground("channel_web", dsn, tmp_path) as ground,
    ):
        yield Hub(ground, dsn)


@pytest.fixture(scope="session")
def face() -> Face:
    """The face of the demo's town: what its pages look like is looked at with it."""
    face, faults = parse_face("musterstadt", {path.name: path.read_bytes() for path in FACE})
    assert not faults
    return face


@pytest.fixture
def accounts(face) -> Accounts:
    """Two tenants, each with a portal; one of them brings a face."""
    settings = WebAccount(
        address="www.musterstadt.example", phone="0123 456-0", hours="montags bis freitags 8–16 Uhr"
    )
    return Accounts(
        [
            Account(
                "musterstadt",
                "portal",
                "Stadt Musterstadt",
                settings,
                has_email=True,
                url="http://town.example/musterstadt",
                texts_from="kurz",
                brought=face,
            ),
            Account("kleindorf", "portal", "Gemeinde Kleindorf", settings, has_email=False),
        ]
    )


@pytest.fixture
def hub_ring(tmp_path):
    return new_ring(tmp_path)


@pytest.fixture
def settings() -> WebSettings:
    return WebSettings(file_limit=100_000, files_limit=250_000, files=3, large_forms=1)


@pytest.fixture
async def portal(hub, settings, accounts) -> AsyncIterator[Portal]:
    client = open_client("http://127.0.0.1:9")  # nobody there
    pages = Pages(HERE, faces=accounts.faces())
    yield Portal.open(hub.ground, settings, accounts, pages, Store(client, hub.ground.ring))
    await client.aclose()


def door_of(portal: Portal) -> Door:
    """The service behind what the gateway does, for two authorities."""
    app = add_pages(FastAPI(), portal)
    app.add_middleware(AnswersHead)
    callers = {t: Caller("anonymous", t, "citizen") for t in ("musterstadt", "kleindorf")}
    services = {f"/{tenant}": ("channel_web", app, caller) for tenant, caller in callers.items()}
    return Door(portal.ground.ring, services)


@pytest.fixture
def door(portal) -> Door:
    return door_of(portal)


@asynccontextmanager
async def browsing(door: Door) -> AsyncIterator[httpx.AsyncClient]:
    """A browser without a screen: cookies are kept, redirects are the test's."""
    transport = httpx.ASGITransport(door)
    async with httpx.AsyncClient(transport=transport, base_url="http://town.example") as client:
        yield client


@pytest.fixture
async def client(door) -> AsyncIterator[httpx.AsyncClient]:
    async with browsing(door) as client:
        yield client


@dataclass
class Town:
    """Portal and store on one database, each in its own role, with all that goes on between them."""

    hub: Hub
    portal: Portal
    door: Door
    store: FastAPI
    readings: list[Arrival] = field(default_factory=list)

    @classmethod
    @asynccontextmanager
    async def open(
        cls, cluster: Cluster, folder: Path, settings: WebSettings, accounts: Accounts
    ) -> AsyncIterator["Town"]:
        services = SERVICES | {"conversation_store": STORE}
        async with (
            fresh_database(cluster, services) as dsn,
            open_ground("channel_web", dsn, folder) as ground,
            open_ground("conversation_store", dsn, folder) as beside,
        ):
            known = beside.settings.model_copy(update={"tenants": TENANTS})
            kept = ConversationStore.open(replace(beside, settings=known), StoreSettings())
            store = compose(kept)
            transport = httpx.ASGITransport(store)
            async with httpx.AsyncClient(transport=transport, base_url="http://store") as client:
                pages = Pages(HERE, faces=accounts.faces())
                here = ground.settings.model_copy(update={"tenants": TENANTS})
                asks = Store(client, ground.ring)
                portal = Portal.open(
                    replace(ground, settings=here), settings, accounts, pages, asks
                )
                sender = PortalSender(accounts, ground.pool)
                requests = Consumer(
                    "channel_web", ["faden.message.requested.web"], ground.bus, ground.pool, take_in
                )
                outgoing = Outgoing(ground.pool, ground.blobs, ground.ring, sender, "channel_web")
                work = (listen(beside, kept.append), requests, outgoing, portal.tail)
                tasks = [asyncio.create_task(one.run()) for one in work]
                try:
                    yield cls(Hub(ground, dsn), portal, door_of(portal), store)
                finally:
                    for task in tasks:
                        task.cancel()
                    await asyncio.gather(*tasks, return_exceptions=True)

    async def desk(self, method: str, path: str, tenant: str = "musterstadt", **body) -> Any:
        """Ask the store as an agent of this authority."""
        token = issue(
            self.hub.ground.ring, Caller("agent-7", tenant, "agent"), "conversation_store"
        )
        transport = httpx.ASGITransport(self.store)
        async with httpx.AsyncClient(transport=transport, base_url="http://store") as client:
            headers = {"Authorization": f"Bearer {token}"}
            answer = await client.request(method, path, headers=headers, **body)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    async def reply(self, conversation: str, text: str, **more) -> str:
        path = f"/conversations/{conversation}/replies"
        return (await self.desk("POST", path, json={"text": text, **more}))["entry_id"]

    async def fax(self, conversation: dict, pages: int) -> str:
        """Let a fax with this conversation's reference come and be read; an agent confirms it."""
        digits = conversation["reference"].replace("-", "")
        fax = MessageReceived(
            id=received_id("musterstadt", "fax", "fax", digits),
            tenant="musterstadt",
            channel=Channel.FAX,
            account="fax",
            received_at=datetime.now(UTC),
            pages=pages,
            to_be_read=True,
            content=MessageContent(
                sender=ContactPoint(kind=ContactKind.FAX, value="+4930901820"),
                references=(digits,),
            ),
        )
        size = {"width": 80, "height": 113}
        said = MessageRead(
            id=read_id("musterstadt", fax.id),
            tenant="musterstadt",
            channel=Channel.FAX,
            account="fax",
            message_id=fax.id,
            at=datetime.now(UTC),
            content=ReadContent(
                body=Body(text="Mein Hund <b>ist</b> fort."),
                attachments=(
                    Attachment(
                        file_name="durchsuchbar.pdf", media_type="x/pdf", size=3, derived=True
                    ),
                ),
                pages=tuple(Page(number=n, blank=n == 2, **size) for n in range(1, pages + 1)),
            ),
        )
        accept = self.hub.ground.accept
        await accept(Arrival(fax, original=b"II*"))

        async def there() -> bool:
            return len((await self.desk("GET", path))["entries"]) > 1

        path = f"/conversations/{conversation['id']}/entries"
        await eventually(there)
        [entry] = [e for e in (await self.desk("GET", path))["entries"] if e["id"] == str(fax.id)]
        point = {"contact_point": entry["contact_point"]}
        await self.desk("POST", f"/conversations/{conversation['id']}/confirm", json=point)
        self.readings.append(Arrival(said, files=(b"pdf", *(WEBP, WEBP, b"[]") * pages)))
        return str(fax.id)

    async def read(self) -> None:
        """Let what has come be read."""
        while self.readings:
            reading = self.readings.pop()
            await self.hub.ground.accept(reading)
            await eventually(partial(self._is_read, reading.event.message_id))

    async def _is_read(self, entry: UUID) -> bool:
        return (await self.desk("GET", f"/entries/{entry}"))["reading"]["state"] == "read"

    async def conversations(self, tenant: str = "musterstadt") -> list:
        return (await self.desk("GET", "/conversations", tenant))["conversations"]


@pytest.fixture
def open_town(cluster, tmp_path, settings, accounts) -> Callable[[], AbstractAsyncContextManager]:
    return lambda: Town.open(cluster, tmp_path, settings, accounts)


@pytest.fixture
async def town(open_town) -> AsyncIterator[Town]:
    async with open_town() as town:
        yield town


@pytest.fixture
def corpus() -> list[str]:
    """What strangers write who want a page to act for them."""
    return [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg onload=alert(1)>",
        '"><iframe src=javascript:alert(1)>',
        "javascript:alert(1)",
        "</textarea><script>alert(1)</script>",
        "<a href='javascript:alert(1)'>klick</a>",
        'http://x.example/"onmouseover=alert(1)//',
        "{{ 7 * 7 }}{% raw %}",
        "%(num)s %s",
    ]


@pytest.fixture
async def citizen(town) -> AsyncIterator[httpx.AsyncClient]:
    async with browsing(town.door) as client:
        yield client


class Reader:
    """Finds on a page what a person, or her browser, would."""

    @staticmethod
    def hidden(page: str, name: str) -> list[str]:
        return re.findall(rf'<input type="hidden" name="{name}" value="([^"]*)">', page)

    @staticmethod
    def number(page: str, name: str) -> str:
        found = re.search(rf'id="{name}">([^<]+)<', page)
        assert found, f"no {name} on this page"
        return found[1]

    @staticmethod
    def said(page: str, field: str) -> str:
        """Return the sentence beside this field."""
        found = re.search(rf'id="{field}-error">(.*?)</p>', page, re.DOTALL)
        return re.sub("<[^>]+>", "", found[1]).strip() if found else ""


@pytest.fixture
def read() -> type[Reader]:
    return Reader
