"""Takes Twilio's hooks in, once it is sure that Twilio calls.

Rule 1. The signature is over the address as called and the form (`hub_kit.twilio`).
Rule 2. What came with a message is fetched before the answer: yes means that all of it is safe.
Rule 3. The answer is empty TwiML: Twilio says nothing to the citizen by itself.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import structlog

from channel_sms.numbers import AnyNumber
from channel_sms.parse import Context, parse, parse_status
from channel_sms.providers.media import Media
from channel_sms.providers.twilio import Twilio
from channel_sms.settings import STATUS
from hub_contract.errors import Temporary
from hub_contract.events import DeliveryReported
from hub_kit.forms import read_form
from hub_kit.hooks import Account, Answer, Hook
from hub_kit.twilio import TWIML, check_signature

MOST_MEDIA = 10  # Twilio, error 21623
_PATIENCE = 10  # seconds; Twilio itself waits for 15
_NOTHING = b'<?xml version="1.0" encoding="UTF-8"?><Response/>'
Note = Callable[[str, DeliveryReported], Awaitable[None]]  # by account: `prices.Prices.note`
log = structlog.get_logger()


class Receiver:
    """`hub_kit.hooks.Handler`: `/hooks/sms/<tenant>/<account>`, and `/status` behind it."""

    def __init__(self, clients: Mapping[Account, Twilio], media_limit: int, note: Note) -> None:
        self._clients, self._limit, self._note = clients, media_limit, note

    async def __call__(self, hook: Hook) -> Answer:
        client = self._clients[hook.account]
        check_signature(hook, client.account.settings.auth_token())
        context = context_of(client.account, datetime.now(UTC))
        if hook.rest == STATUS:
            message = parse_qs(urlsplit(hook.address).query).get("message", [""])[0]
            report = parse_status(hook.body, message, context)
            if report is None:
                log.warning("a status of no message of ours", account=client.account.key)
            elif isinstance(report.event, DeliveryReported):
                await self._note(client.account.key, report.event)
            return Answer([report] if report else [], status=204)
        media = await self._fetch(client, read_form(hook.body))
        return Answer([parse(hook.body, context, media)], _NOTHING, TWIML)

    async def _fetch(self, client: Twilio, said: Mapping[str, str]) -> list[Media]:
        places = [
            (said[f"MediaUrl{number}"], said.get(f"MediaContentType{number}", ""))
            for number in range(MOST_MEDIA)
            if said.get(f"MediaUrl{number}")
        ]
        try:
            async with asyncio.timeout(_PATIENCE):
                return [await client.fetch(*place, self._limit) for place in places]
        except TimeoutError:
            raise Temporary(f"media: not there within {_PATIENCE} s") from None


def context_of(account: AnyNumber, at: datetime) -> Context:
    settings = account.settings
    answered = frozenset(word.strip().lower() for word in settings.answered_by_provider)
    return Context(account.tenant, account.name, at, settings.country, answered)
