"""The way out by Telnyx: lays the pages down there, then asks for them to be faxed."""

from collections.abc import Mapping
from typing import Any

import httpx

from channel_fax.parse.hosted import Progress
from channel_fax.parse.telnyx import progress_of, state_of
from channel_fax.providers.answers import read_json
from channel_fax.providers.said import text
from channel_fax.providers.telnyx import Telnyx, fault_of
from channel_fax.send.hosted import HostedSender, outcome
from channel_fax.settings import STATUS
from hub_contract.delivery import Delivery, Reason
from hub_contract.events import MessageRequested
from hub_kit.outgoing import Outcome
from hub_print.cover import Cover

_OURS = frozenset({"10009", "10010", "10015", "10011"})  # key, rights, connection: ours to mend


class TelnyxSender(HostedSender[Telnyx]):
    """`hub_kit.outgoing.Sender`."""

    provider, outbound = "telnyx", "outbound"

    async def hand_over(
        self, client: Telnyx, request: MessageRequested, fax: Cover, pages: bytes
    ) -> httpx.Response:
        number = client.account
        media = await client.upload(request.id, pages)
        return await client.create(
            {
                "connection_id": number.settings.connection_id,
                "from": number.settings.address,
                "to": fax.to,
                "media_name": media,
                "quality": "high",  # 204 by 196 an inch
                "client_state": state_of(request.id),
                "webhook_url": self._accounts.hook(number, STATUS),
            }
        )

    def read(self, answer: httpx.Response) -> Outcome:
        if not answer.is_success:
            code, words = fault_of(answer)
            reason = Reason.NOT_CONFIGURED if code in _OURS else Reason.OTHER
            return Outcome(Delivery.FAILED, reason, code or str(answer.status_code), words)
        fax = read_json(answer).get("data")
        found = progress_of(fax) if isinstance(fax, dict) else None
        return outcome(found) if found else Outcome(Delivery.ACCEPTED, external_id=_id(fax))

    def progress_of(self, fax: Mapping[str, Any]) -> Progress | None:
        return progress_of(fax)


def _id(fax: object) -> str:
    return text(fax, "id") if isinstance(fax, dict) else ""
