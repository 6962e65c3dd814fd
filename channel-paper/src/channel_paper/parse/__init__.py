"""Turn a scanned document into an event: pure, total, for `receive` and `faden parse`."""

import hashlib

from channel_paper.parse.context import Context
from hub_contract.events import Arrival, MessageContent, MessageReceived
from hub_contract.ids import received_id
from hub_contract.words import Channel

__all__ = ["Context", "parse"]


def parse(raw: bytes, context: Context) -> Arrival:
    """Return the document that this file is; its text is read later."""
    digest = hashlib.sha256(raw).hexdigest()
    event = MessageReceived(
        id=received_id(context.tenant, Channel.PAPER, context.account, digest, "1"),
        tenant=context.tenant,
        channel=Channel.PAPER,
        account=context.account,
        received_at=context.received_at,
        size=len(raw),
        content=MessageContent(subject=context.file_name, batch=digest, first_page=1),
    )
    return Arrival(event, raw)
