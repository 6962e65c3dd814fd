"""Opens what every service stands on: settings, key ring, pool, blobs, bus, the way in."""

import asyncio
from dataclasses import dataclass
from typing import Self

from hub_kit.accept import Accept
from hub_kit.blobs import Blobs, open_blobs
from hub_kit.bus import Bus, open_bus
from hub_kit.database import AWAY, Pool, open_pool
from hub_kit.keys import KeyRing
from hub_kit.settings import HubSettings


@dataclass(frozen=True)
class Ground:
    """`schema` is the service's import name: its role, its schema, its consumer groups."""

    schema: str
    settings: HubSettings
    ring: KeyRing
    pool: Pool
    blobs: Blobs
    bus: Bus
    accept: Accept

    @classmethod
    async def open(cls, schema: str, settings: HubSettings, ring: KeyRing) -> Self:
        """Open all; nothing is connected yet, so a service starts while its parts are away."""
        pool = await open_pool(settings.database.replace("{role}", schema), schema)
        blobs = open_blobs(settings.blobs)
        bus = open_bus(settings.bus, pool)
        return cls(schema, settings, ring, pool, blobs, bus, Accept(pool, blobs, ring, schema))

    async def close(self) -> None:
        try:
            async with asyncio.timeout(2):
                await self.pool.close()
        except (TimeoutError, *AWAY):
            # A reader may hang in a query; its work is undone by the database, and done again.
            self.pool.terminate()
