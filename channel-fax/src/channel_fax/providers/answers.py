"""Reads what hosted providers answer: JSON, or that they cannot now."""

from typing import Any

import httpx

from hub_contract.errors import Temporary

BUSY = frozenset({401, 403, 429, 503})  # certainly not taken; a key may be mended, a queue empties
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


def read_json(answer: httpx.Response) -> dict[str, Any]:
    """Return the object it says; nothing where it says none."""
    try:
        said = answer.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def later(provider: str, answer: httpx.Response) -> Temporary:
    """Return the error that says when to try again, where the provider says so."""
    wait = answer.headers.get("retry-after", "")
    return Temporary(
        f"{provider}: answered {answer.status_code}",
        retry_after=float(wait) if wait.isdecimal() and len(wait) < 9 else 0,
    )


async def ask(client: httpx.AsyncClient, provider: str, url: str, **more: Any) -> dict[str, Any]:
    """Return what a GET answers; `Temporary` where it cannot be read."""
    try:
        answer = await client.get(url, **more)
        answer.raise_for_status()
    except httpx.HTTPError as error:
        raise Temporary(f"{provider}: {type(error).__name__}") from None
    return read_json(answer)
