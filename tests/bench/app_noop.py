"""The floor of every receiver: reads a request, keeps nothing, answers 202. Raw ASGI."""

from typing import Any

_START = {"type": "http.response.start", "status": 202, "headers": [(b"content-length", b"0")]}
_BODY = {"type": "http.response.body", "body": b""}


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        return
    while (await receive()).get("more_body"):
        pass
    await send(_START)
    await send(_BODY)
