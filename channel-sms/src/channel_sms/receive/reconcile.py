"""Looks into Twilio's log for messages that no hook has brought, and takes them in.

Rule 1. The same message has the same id either way: what came by hook is there already.
Rule 2. Each look goes back behind the last one: the log is some minutes late itself.
Rule 3. One copy of the service looks, whichever has its turn.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import structlog

from channel_sms.parse import parse
from channel_sms.providers.twilio import Twilio, sent_at
from channel_sms.receive.hooks import context_of
from hub_contract.errors import Permanent, Temporary
from hub_contract.events import Arrival
from hub_kit.accept import Accept
from hub_kit.checkpoint import Checkpoints, Source
from hub_kit.turns import Turns

BACK = timedelta(hours=2)
FIRST = timedelta(days=1)  # of the very first look
log = structlog.get_logger()


class Reconciler:
    """`run` for ever for one number of ours."""

    def __init__(
        self,
        client: Twilio,
        accept: Accept,
        checkpoints: Checkpoints,
        turns: Turns,
        *,
        every: float,
        media_limit: int,
    ) -> None:
        self._client, self._accept, self._limit = client, accept, media_limit
        self._checkpoints, self._turns, self._every = checkpoints, turns, every
        key = client.account.key
        self._source = Source("twilio", key, f"twilio/{key}")

    async def run(self) -> None:
        while True:
            try:
                if await self._turns.take(self._source.name):
                    await self.look()
            except (Temporary, Permanent) as error:
                log.warning("log not read", account=self._source.key, reason=str(error)[:200])
            await asyncio.sleep(self._every)

    async def look(self) -> int:
        """Take in what is new; return how many the log had."""
        now = datetime.now(UTC)
        last = await self._checkpoints.last(self._source)
        since = datetime.fromtimestamp(last, UTC) - BACK if last else now - FIRST
        found = 0
        async for message in self._client.messages(
            To=self._client.account.settings.address, **{"DateSent>": f"{since:%Y-%m-%d}"}
        ):
            if message.get("direction") != "inbound" or sent_at(message, now) < since:
                continue
            await self._accept(await self._read(message, now))
            found += 1
        await self._checkpoints.move(self._source, int(now.timestamp()))
        return found

    async def _read(self, message: dict[str, Any], now: datetime) -> Arrival:
        has_media = str(message.get("num_media", "0")) not in ("", "0")
        places = await self._client.media_of(str(message["sid"])) if has_media else []
        media = [await self._client.fetch(*place, self._limit) for place in places]
        at = min(sent_at(message, now), now)
        return parse(_as_hook(message), context_of(self._client.account, at), media)


def _as_hook(message: dict[str, Any]) -> bytes:
    """Return the form that a hook would have brought."""
    names = {
        "MessageSid": "sid",
        "AccountSid": "account_sid",
        "From": "from",
        "To": "to",
        "Body": "body",
        "NumMedia": "num_media",
        "NumSegments": "num_segments",
    }
    return urlencode({name: message.get(key) or "" for name, key in names.items()}).encode()
