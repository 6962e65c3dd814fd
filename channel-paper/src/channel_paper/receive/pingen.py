"""Takes Pingen's hooks in: `/hooks/paper/<tenant>/<account>`.

Rule 1. `Signature` is the hex HMAC-SHA256 of the body as it came, with this box's secret.
Rule 2. A letter that somebody would have to mend at Pingen's is cancelled before it is reported as
        failed: else it might leave after it was sent again.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import structlog

from channel_paper.parse.pingen import read_hook, state_of
from channel_paper.parse.report import report
from channel_paper.providers.pingen import Pingen
from channel_paper.providers.pingen_codes import MENDED_BY_HAND
from hub_contract.events import Arrival
from hub_kit.hooks import Account, Hook
from hub_kit.tokens import Refused

log = structlog.get_logger()


class PingenHooks:
    """`hub_kit.hooks.Handler`."""

    def __init__(self, clients: Mapping[Account, Pingen]) -> None:
        self._clients = clients

    async def __call__(self, hook: Hook) -> Sequence[Arrival]:
        client = self._clients[hook.account]
        check_signature(hook, client.box.settings.hook_secret())
        said = read_hook(hook.body, client.box.tenant, client.box.name)
        if said is None:
            log.warning("a hook of no letter of ours", account=client.box.key)
            return ()
        letter, state = state_of(hook.body)
        if state in MENDED_BY_HAND:
            await client.cancel(letter)
        return [report(said, client.box.tenant, client.box.name, datetime.now(UTC), hook.body)]


def check_signature(hook: Hook, secret: str) -> None:
    """`Refused` where the signature is missing, or not over this body."""
    wanted = hmac.new(secret.encode(), hook.body, hashlib.sha256).hexdigest()
    said = hook.headers.get("signature", "").strip().lower()
    if not hmac.compare_digest(said.encode(), wanted.encode()):
        raise Refused("pingen: the signature does not fit this body")
