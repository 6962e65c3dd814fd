"""Turns the wrapping keys of a hub over, once by `faden rotate` or each day under `faden up`."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import asyncpg

from hub_contract.errors import Permanent, Temporary
from hub_kit.database import AWAY
from hub_kit.rewrap import Turned, turn
from hub_kit.settings import ConfigurationError, HubSettings

_DAY, _SOON = 86_400.0, 60.0  # seconds to the next turn, and where one failed
Sink = Callable[[str, str], None]


async def rotate_keys(hub: HubSettings, owner: str) -> Turned:
    """Do what is due today; `Temporary` where the database is away."""
    length = timedelta(days=hub.erasure.epoch_days)
    try:
        return await turn(
            owner, hub.keys_file, epoch=length, backup=timedelta(days=hub.erasure.backup_days)
        )
    except AWAY as error:
        raise Temporary(f"rotate: database: {type(error).__name__}") from None
    except Permanent as error:
        raise ConfigurationError(f"rotate: {error}") from None


async def rotate_each_day(hub: HubSettings, owner: str, sink: Sink) -> None:
    """Turn for ever; what stands in the way is said, and tried again."""
    while True:
        try:
            done = await rotate_keys(hub, owner)
        except (Temporary, ConfigurationError, OSError) as error:
            sink("keys", str(error))
            await asyncio.sleep(_SOON)
            continue
        except asyncpg.PostgresError as error:  # its text may quote what is kept
            sink("keys", f"rotate: database: {type(error).__name__}")
            await asyncio.sleep(_SOON)
            continue
        if done.begun or done.rewrapped or done.destroyed or done.unreadable:
            sink("keys", say_turned(done))
        await asyncio.sleep(_DAY)


def say_turned(done: Turned) -> str:
    """Return what was done in one line, by the numbers of keys."""
    said = [f"key {done.current} wraps", f"{done.rewrapped} rows wrapped anew"]
    if done.begun:
        said.append(f"key {done.begun} is made and begins soon: the key ring has changed")
    if done.destroyed:
        numbers = ", ".join(map(str, done.destroyed))
        said.append(f"destroyed: {numbers}; backups that need them cannot be read any more")
    if done.unreadable:
        said.append(f"{done.unreadable} rows cannot be opened by any key of the ring")
    return "; ".join(said)
