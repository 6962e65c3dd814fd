"""Opens what every service stands on: settings, key ring, pool, blobs, bus, the way in."""

import asyncio
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

from hub_kit.accept import Accept
from hub_kit.blobs import Blobs, open_blobs
from hub_kit.bus import Bus, open_bus
from hub_kit.database import AWAY, Pool, open_pool
from hub_kit.erasures import Erasures, list_of
from hub_kit.keys import KeyRing
from hub_kit.readiness import Check, blobs_check, database_check, space_check
from hub_kit.scan_files import Scanner, open_scanner
from hub_kit.settings import HubSettings
from hub_kit.space import MB, Space


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
    scanner: Scanner | None = None

    @classmethod
    async def open(cls, schema: str, settings: HubSettings, ring: KeyRing) -> Self:
        """Open all; nothing is connected yet, so a service starts while its parts are away."""
        pool = await open_pool(settings.database.replace("{role}", schema), schema)
        blobs = open_blobs(settings.blobs, space_of(settings))
        bus = open_bus(settings.bus, pool)
        scanner = open_scanner(settings.clamd)
        accept = Accept(pool, blobs, ring, schema, scanner=scanner)
        return cls(schema, settings, ring, pool, blobs, bus, accept, scanner)

    @cached_property
    def checks(self) -> dict[str, Check]:
        """Return what a service that takes in or keeps messages must have to be ready."""
        return {
            "database": database_check(self.pool),
            "blobs": blobs_check(self.blobs),
            "space": space_check(space_of(self.settings)),
        }

    @cached_property
    def erasures(self) -> Erasures:
        """For the one service whose role is in `hub_keeper`."""
        return Erasures(list_of(self.settings), self.pool, self.settings.tenants)

    async def close(self) -> None:
        try:
            async with asyncio.timeout(2):
                await self.pool.close()
        except (TimeoutError, *AWAY):
            # A reader may hang in a query; its work is undone by the database, and done again.
            self.pool.terminate()


def space_of(settings: HubSettings) -> Space:
    """Return the marks of the folders that these settings name."""
    blobs = [] if settings.blobs.startswith("s3://") else [Path(settings.blobs)]
    marks = settings.space
    folders = dict.fromkeys([*blobs, *marks.folders])
    return Space(folders, int(marks.warn_mb * MB), int(marks.stop_mb * MB))
