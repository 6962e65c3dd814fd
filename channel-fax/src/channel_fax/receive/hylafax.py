"""Takes in what HylaFAX has received: handed over by faden-faxrcvd, at a door inside the house.

Rule 1. Who shows the secret is HylaFAX; for anybody else nothing is read.
Rule 2. 202 means that the fax is safe: as an entry to be, or set aside where its number is
        nobody's. All else means that HylaFAX keeps the file, and the sweep finds it.
"""

import hmac
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

import structlog
from fastapi import FastAPI, HTTPException, Request

from channel_fax.numbers import Accounts, AnyNumber
from channel_fax.parse import Context, parse
from channel_fax.parse.context import Call
from channel_fax.parse.handed import Handed, call_in, read_handed
from channel_fax.parse.tiff import read_tiff
from channel_fax.receive.strays import Strays
from hub_contract.errors import Temporary
from hub_contract.events import Arrival
from hub_kit.accept import Accepted
from hub_kit.settings import ConfigurationError

PATH = "/received"
_HEAD = 10_000  # bytes of the line before the pages
Keep = Callable[[Arrival], Awaitable[Accepted]]  # `hub_kit.accept.Accept`
log = structlog.get_logger()


class Received:
    """Keeps faxes, each for the account whose number was dialled."""

    def __init__(self, numbers: Accounts, accept: Keep, strays: Strays) -> None:
        self._numbers, self._accept, self._strays = numbers, accept, strays

    async def keep(self, handed: Handed) -> None:
        """Return once it is safe; `Temporary`: it is not."""
        account = self.account_of(handed)
        if account is None:
            await self._strays.put(handed)
            return
        await self._accept(parse(handed.raw, context_of(account, datetime.now(UTC)), handed.call))

    def account_of(self, handed: Handed) -> AnyNumber | None:
        """Return whose number was dialled; where a line tells none, the only one that we have."""
        dialled = handed.call.dialled or call_in(read_tiff(handed.raw)).dialled
        if any(map(str.isdecimal, dialled)):
            return self._numbers.dialled(dialled)
        found = list(self._numbers)
        return found[0] if len(found) == 1 else None


def context_of(account: AnyNumber, at: datetime) -> Context:
    return Context(account.tenant, account.name, at, account.settings.country)


def add_door(app: FastAPI, received: Received, secret: Callable[[], str], largest: int) -> None:
    """Add `POST /received` for faden-faxrcvd, which shows `secret`."""

    @app.post(PATH, status_code=202, include_in_schema=False)
    async def post_received(request: Request) -> dict[str, str]:
        shown = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not _is_right(shown, secret):
            log.warning("a fax was handed over with another secret")
            raise HTTPException(401, "Not the secret of this service: see --secret-file")
        body = await _read(request.stream(), largest + _HEAD)
        handed = read_handed(body) if body is not None else None
        if handed is None:
            raise HTTPException(422, f"No line of JSON before the pages, or over {largest} bytes")
        try:
            await received.keep(handed)
        except Temporary as error:
            log.warning("a fax stays with HylaFAX", reason=str(error)[:200])
            raise HTTPException(503, "A part of the hub is away; twice is once") from None
        return {"kept": "yes"}


def _is_right(shown: str, secret: Callable[[], str]) -> bool:
    try:
        wanted = secret()
    except ConfigurationError as error:
        log.error("no fax can be handed over", reason=str(error))
        return False
    return bool(wanted) and hmac.compare_digest(shown.encode(), wanted.encode())


async def _read(stream: AsyncIterator[bytes], most: int) -> bytes | None:
    parts: list[bytes] = []
    size = 0
    async for part in stream:
        size += len(part)
        if size > most:
            return None
        parts.append(part)
    return b"".join(parts)


def with_tags(handed: Handed, fault: str, commid: str) -> Handed:
    """Return what was found in recvq with what its TIFF says of the call."""
    said = call_in(read_tiff(handed.raw))
    call = Call(external_id=commid, caller=said.caller, dialled=said.dialled, fault=fault)
    return Handed(call, handed.raw, handed.file)
