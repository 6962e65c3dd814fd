"""The logs of Telnyx and Sinch, fax by fax for `hub_kit.reconcile`: what came, how ours fared."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from channel_fax.parse import sinch, telnyx
from channel_fax.parse.hosted import Progress, report
from channel_fax.providers.said import text
from channel_fax.providers.sinch import Sinch
from channel_fax.providers.telnyx import Telnyx
from channel_fax.receive.sinch import SinchReceiver
from channel_fax.receive.telnyx import TelnyxReceiver
from channel_fax.receive.whose import context_of
from hub_contract.delivery import is_final
from hub_contract.errors import Temporary
from hub_kit.accept import Accept

HOPELESS = timedelta(hours=1)  # after which a fax whose file is nowhere becomes an entry without
PATIENCE = 120.0  # seconds for one file
log = structlog.get_logger()


class TelnyxLog:
    """`hub_kit.reconcile.Log`."""

    def __init__(self, client: Telnyx, receiver: TelnyxReceiver, accept: Accept) -> None:
        self._client, self._receiver, self._accept = client, receiver, accept
        self.name = f"telnyx/{client.account.key}"

    async def look(self, since: datetime) -> AsyncIterator[bool]:
        account = self._client.account
        for number in (account.settings.address, *account.settings.aliases):
            async for fax in self._client.faxes(since, direction="inbound", to=number):
                if text(fax, "status") == "received":
                    yield await self._take(fax)
        sent = self._client.faxes(since, direction="outbound", **{"from": account.settings.address})
        async for fax in sent:
            await _report(self._accept, telnyx.progress_of(fax), telnyx.keep(fax), self._client)

    async def _take(self, fax: Mapping[str, Any]) -> bool:
        now = datetime.now(UTC)
        at = moment(text(fax, "created_at"), now)
        hopeless = now - at > HOPELESS
        try:
            await self._receiver.take(
                self._client, fax, telnyx.keep(fax), patience=PATIENCE, at=at, give_up=hopeless
            )
        except Temporary as error:
            return _not_now(self.name, error)
        return True


class SinchLog:
    """`hub_kit.reconcile.Log`."""

    def __init__(self, client: Sinch, receiver: SinchReceiver, accept: Accept) -> None:
        self._client, self._receiver, self._accept = client, receiver, accept
        self.name = f"sinch/{client.account.key}"

    async def look(self, since: datetime) -> AsyncIterator[bool]:
        account = self._client.account
        for number in (account.settings.address, *account.settings.aliases):
            async for fax in self._client.faxes(since, direction="INBOUND", to=number):
                if sinch.is_over(fax):
                    yield await self._take(fax)
        sent = {"direction": "OUTBOUND", "from": account.settings.address}
        async for fax in self._client.faxes(since, **sent):
            await _report(self._accept, sinch.progress_of(fax), sinch.keep(fax), self._client)

    async def _take(self, fax: Mapping[str, Any]) -> bool:
        now = datetime.now(UTC)
        at = moment(text(fax, "createTime"), now)
        hopeless = now - at > HOPELESS
        try:
            await self._receiver.take(self._client, fax, patience=PATIENCE, at=at, give_up=hopeless)
        except Temporary as error:
            return _not_now(self.name, error)
        return True


async def _report(
    accept: Accept, progress: Progress | None, raw: bytes, client: Telnyx | Sinch
) -> None:
    """Report how a fax of ours ended, where no hook has said so."""
    if progress and is_final(progress.status):
        await accept(report(progress, raw, context_of(client.account)))


def _not_now(name: str, error: Temporary) -> bool:
    log.warning("a fax of the log cannot be had now", log=name, reason=str(error)[:200])
    return False


def moment(said: str, now: datetime) -> datetime:
    """Return when it was, as the provider writes it (ISO 8601); never in the future."""
    try:
        at = datetime.fromisoformat(said)
    except ValueError:
        return now
    return min(at if at.tzinfo else at.replace(tzinfo=UTC), now)
