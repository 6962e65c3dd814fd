"""A process that begins to read what is due and never ends: `python reading_member.py '{…}'`."""

import asyncio
import json
import sys
from pathlib import Path

from hub_kit.read_later import ReadLater
from hub_kit.testing import open_ground


async def main(dsn: str, folder: str, begun: str, lease: float) -> None:
    async def hang(*_: object) -> None:
        Path(begun).touch()
        await asyncio.Event().wait()

    async with open_ground("probe_channel", dsn, Path(folder)) as ground:
        await ReadLater(ground, hang, lease=lease).run()


if __name__ == "__main__":
    asyncio.run(main(**json.loads(sys.argv[1])))
