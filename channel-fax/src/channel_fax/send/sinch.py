"""The way out by Sinch: pages and wishes in one form; Sinch itself dials again."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx

from channel_fax.numbers import HOOK_USER, Accounts, SinchNumber
from channel_fax.parse.hosted import Progress
from channel_fax.parse.sinch import LABEL, progress_of
from channel_fax.providers.answers import read_json
from channel_fax.providers.said import text
from channel_fax.providers.sinch import Sinch
from channel_fax.providers.sinch_codes import reason_of
from channel_fax.send.hosted import HostedSender, outcome
from channel_fax.settings import STATUS
from hub_contract.delivery import Delivery, Reason
from hub_contract.events import MessageRequested
from hub_kit.outgoing import Outcome
from hub_print.cover import Cover

_TRIES = "3"  # of its own, five at most


class SinchSender(HostedSender[Sinch]):
    """`hub_kit.outgoing.Sender`."""

    provider, outbound = "sinch", "OUTBOUND"

    async def hand_over(
        self, client: Sinch, request: MessageRequested, fax: Cover, pages: bytes
    ) -> httpx.Response:
        number = client.account
        fields = {
            "to": fax.to,
            "from": number.settings.address,
            "maxRetries": _TRIES,
            "resolution": "FINE",
            "imageConversionMethod": "MONOCHROME",
            "headerText": (number.settings.station or number.settings.address)[:50],
            "labels": json.dumps({LABEL: str(request.id)}),
            "callbackUrl": hook_with_secret(
                self._accounts, number, f"{STATUS}?{LABEL}={request.id}"
            ),
            "callbackUrlContentType": "application/json",
        }
        service = number.settings.service_id
        return await client.create(fields | ({"serviceId": service} if service else {}), pages)

    def read(self, answer: httpx.Response) -> Outcome:
        said = read_json(answer)
        if not answer.is_success:
            code = str(said.get("errorCode") or said.get("code") or answer.status_code)
            reason = reason_of(code) if "errorCode" in said else Reason.OTHER
            words = text(said, "errorMessage") or text(said, "message")
            return Outcome(Delivery.FAILED, reason, code, words)
        found = progress_of(said)
        return outcome(found) if found else Outcome(Delivery.ACCEPTED, external_id=text(said, "id"))

    def progress_of(self, fax: Mapping[str, Any]) -> Progress | None:
        return progress_of(fax)


def hook_with_secret(accounts: Accounts, number: SinchNumber, rest: str = "") -> str:
    """Return the address that Sinch calls: the secret in it is all that tells Sinch apart."""
    scheme, _, place = accounts.hook(number, rest).partition("://")
    return f"{scheme}://{HOOK_USER}:{quote(number.settings.hook_secret(), safe='')}@{place}"
