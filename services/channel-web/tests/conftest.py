"""What the tests of this channel share: its ground, its portals, and a look into the log."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

import channel_web
from channel_web.app import HERE, add_pages
from channel_web.receive.ask import Store
from channel_web.receive.visit import Portal
from channel_web.settings import Account, Accounts, WebAccount, WebSettings
from hub_contract.topics import from_wire
from hub_kit.ground import Ground
from hub_kit.sealing import open_event
from hub_kit.testing import fresh_database, new_ring, open_ground
from hub_kit.tokens import Caller
from hub_pages.pages import Pages
from hub_pages.testing import Door

SERVICES = {"channel_web": Path(channel_web.__file__).parent / "migrations"}


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


@pytest.fixture
def accounts() -> Accounts:
    """Two tenants, each with a portal."""
    settings = WebAccount(
        address="www.musterstadt.example", phone="0123 456-0", hours="montags bis freitags 8–16 Uhr"
    )
    return Accounts(
        [
            Account("musterstadt", "portal", "Stadt Musterstadt", settings),
            Account("kleindorf", "portal", "Gemeinde Kleindorf", settings),
        ]
    )


@pytest.fixture
def hub_ring(tmp_path):
    return new_ring(tmp_path)


@pytest.fixture
def settings() -> WebSettings:
    return WebSettings(file_limit=100_000, files_limit=250_000, files=3)


@pytest.fixture
async def portal(hub, settings, accounts) -> AsyncIterator[Portal]:
    store = Store("http://127.0.0.1:9", hub.ground.ring)  # nobody there
    yield Portal.open(hub.ground, settings, accounts, Pages(HERE), store)
    await store.close()


@pytest.fixture
def door(portal, hub) -> Door:
    """The service behind what the gateway does, for two authorities."""
    app = add_pages(FastAPI(), portal)
    callers = {t: Caller("anonymous", t, "citizen") for t in ("musterstadt", "kleindorf")}
    services = {f"/{tenant}": ("channel_web", app, caller) for tenant, caller in callers.items()}
    return Door(hub.ground.ring, services)


@pytest.fixture
async def client(door) -> AsyncIterator[httpx.AsyncClient]:
    """A browser without a screen: cookies are kept, redirects are the test's."""
    transport = httpx.ASGITransport(door)
    async with httpx.AsyncClient(transport=transport, base_url="http://town.example") as it:
        yield it


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
