"""The way out by HylaFAX: hands pages to hfaxd as a job; what became of it, `watch` reports."""

from channel_fax.render import render
from channel_fax.settings import PATIENCE
from hub_contract.errors import Temporary
from hub_contract.events import MessageRequested
from hub_kit.outgoing import Outcome


class HylafaxSender:
    """`hub_kit.outgoing.Sender`."""

    patience = PATIENCE

    async def send(self, request: MessageRequested, files: tuple[bytes, ...]) -> Outcome:  # noqa: ARG002
        render(request)
        raise Temporary("hfaxd: nobody there")

    async def look_up(self, request: MessageRequested) -> Outcome | None:  # noqa: ARG002
        return None
