"""Twilio's log, message by message for `hub_kit.reconcile`: what has come in."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from channel_sms.parse import parse
from channel_sms.providers.twilio import Twilio, sent_at
from channel_sms.receive.hooks import context_of
from hub_contract.events import Arrival
from hub_kit.accept import Accept


class TwilioLog:
    """`hub_kit.reconcile.Log`."""

    def __init__(self, client: Twilio, accept: Accept, media_limit: int) -> None:
        self._client, self._accept, self._limit = client, accept, media_limit
        self.name = f"twilio/{client.account.key}"

    async def look(self, since: datetime) -> AsyncIterator[bool]:
        now = datetime.now(UTC)
        async for message in self._client.messages(
            To=self._client.account.settings.address, **{"DateSent>": f"{since:%Y-%m-%d}"}
        ):
            if message.get("direction") != "inbound" or sent_at(message, now) < since:
                continue
            await self._accept(await self._read(message, now))
            yield True

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
