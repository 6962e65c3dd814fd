"""A channel that takes hooks, as one for SMS would, for measuring: a process of its own.

BENCH_ORIGINAL=1 keeps what the provider sent as a sealed blob too, as the design asks.
"""

import os
from collections.abc import Sequence
from datetime import UTC, datetime

import orjson
from starlette.types import ASGIApp

from hub_contract.events import Arrival, MessageContent, MessageReceived
from hub_contract.ids import received_id
from hub_contract.words import Body, Channel, ContactKind, ContactPoint
from hub_kit.ground import Ground
from hub_kit.hooks import Hook, Hooks
from hub_kit.keys import KeyRing
from hub_kit.settings import Loaded
from hub_kit.shell import Parts, database_check, make_app, run

SCHEMA = "channel_email"  # any channel's schema and role will do
ORIGINAL = bool(os.environ.get("BENCH_ORIGINAL"))


async def handle(hook: Hook) -> Sequence[Arrival]:
    return [read(hook.body)]


def read(raw: bytes) -> Arrival:
    told = orjson.loads(raw)
    event = MessageReceived(
        id=received_id("musterstadt", "sms", "bench", told["id"]),
        tenant="musterstadt",
        channel=Channel.SMS,
        account="bench",
        received_at=datetime.now(UTC),
        size=len(raw),
        content=MessageContent(
            sender=ContactPoint(kind=ContactKind.PHONE, value=told["from"]),
            body=Body(text=told["text"]),
            external_id=told["id"],
        ),
    )
    return Arrival(event, raw if ORIGINAL else b"")


async def compose() -> ASGIApp:
    loaded = Loaded.read()
    ground = await Ground.open(SCHEMA, loaded.hub, KeyRing.read(loaded.hub.keys_file))
    checks = {"database": database_check(ground.pool)}
    app = make_app(Parts("hooks", checks=checks, closing=(ground.close,)))
    return Hooks(app, ground, {Channel.SMS: handle}, loaded.public)


if __name__ == "__main__":
    run(compose, "hooks", "127.0.0.1", int(os.environ["BENCH_PORT"]))
