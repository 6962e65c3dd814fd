"""A hook receiver as an SMS channel has one, for measuring `accept`: a process.

BENCH_ORIGINAL=1 keeps what the provider sent as a sealed blob too, as the design asks.
"""

import asyncio
import os
from datetime import UTC, datetime
from typing import Any

import orjson
import uvicorn

from hub_contract.errors import Temporary
from hub_contract.events import Arrival, MessageContent, MessageReceived
from hub_contract.ids import received_id
from hub_contract.words import Body, Channel, ContactKind, ContactPoint
from hub_kit.ground import Ground
from hub_kit.settings import Loaded

ORIGINAL = bool(os.environ.get("BENCH_ORIGINAL"))


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


class Receiver:
    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["path"] == "/readyz":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"{}"})
            return
        body = b""
        while True:
            message = await receive()
            body += message["body"]
            if not message.get("more_body"):
                break
        try:
            await self._ground.accept(read(body))
            status = 202
        except Temporary:
            status = 503
        headers = [(b"content-length", b"0")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


async def main() -> None:
    from hub_kit.keys import KeyRing

    loaded = Loaded.read()
    ground = await Ground.open("channel_email", loaded.hub, KeyRing.read(loaded.hub.keys_file))
    config = uvicorn.Config(
        Receiver(ground),
        port=int(os.environ["BENCH_PORT"]),
        log_config=None,
        access_log=False,
        lifespan="off",
    )
    await uvicorn.Server(config).serve()


if __name__ == "__main__":
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
