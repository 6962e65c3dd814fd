"""Begins a conversation from a form: an inbox, a reference, a message; for `contact`."""

import asyncio
from datetime import UTC, datetime

from channel_web.parse import Context, Sent, parse
from channel_web.receive.draft import Draft
from channel_web.receive.inbox import Slip
from channel_web.receive.visit import Visit
from hub_contract.events import Arrival

INLINE = 256 * 1024  # bytes of files above which reading them would keep all other pages waiting


async def begin(visit: Visit, sent: Sent, draft: Draft) -> Slip:
    """Return once the message is safe: the number, and the digits that open it.

    A form that was sent before leads to the same inbox. If its text was changed in between, it is
    one more message of the same conversation. `Temporary`: nothing is promised; send it again.
    """
    portal, tenant = visit.portal, visit.tenant
    slip = await portal.inboxes.open(tenant, sent.token, visit.language)
    arrival = await read_sent(sent, context_of(visit, slip, begins=True))
    if slip.begun and slip.begun != arrival.event.id:
        arrival = await read_sent(sent, context_of(visit, slip, begins=False))
    accepted = await portal.ground.accept(arrival)
    await portal.inboxes.begin(tenant, slip.inbox, accepted.event_id)
    await portal.keep.forget(draft.kept)
    return slip


async def read_sent(sent: Sent, context: Context) -> Arrival:
    if sum(len(file.data) for file in sent.files) <= INLINE:
        return parse(sent, context)
    return await asyncio.to_thread(parse, sent, context)


def context_of(visit: Visit, slip: Slip, *, begins: bool) -> Context:
    return Context(
        visit.tenant,
        visit.account.name,
        slip.inbox,
        datetime.now(UTC),
        begins=begins,
        language=visit.language,
    )
