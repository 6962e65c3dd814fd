"""What the tests of this channel share: its ground, its portals, and a look into the log."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

import channel_web
from channel_web.settings import Account, Accounts, WebAccount
from hub_contract.topics import from_wire
from hub_kit.ground import Ground
from hub_kit.sealing import open_event
from hub_kit.testing import fresh_database, new_ring, open_ground

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
