"""Begins a conversation from a form: an inbox, a reference, a message; for `contact`."""

from datetime import UTC, datetime

from channel_web.parse import Context, Sent, parse
from channel_web.receive.draft import Draft
from channel_web.receive.inbox import Slip
from channel_web.receive.visit import Visit


async def begin(visit: Visit, sent: Sent, draft: Draft) -> Slip:
    """Return once the message is safe: the number, and the digits that open it.

    A form that was sent before leads to the same inbox. If its text was changed in between, it is
    one more message of the same conversation. `Temporary`: nothing is promised; send it again.
    """
    portal, tenant = visit.portal, visit.tenant
    slip = await portal.inboxes.open(tenant, sent.token, visit.language)
    arrival = parse(sent, context_of(visit, slip, begins=True))
    if slip.begun and slip.begun != arrival.event.id:
        arrival = parse(sent, context_of(visit, slip, begins=False))
    accepted = await portal.ground.accept(arrival)
    await portal.inboxes.begin(tenant, slip.inbox, accepted.event_id)
    await portal.keep.forget(tenant, draft.kept)
    return slip


def context_of(visit: Visit, slip: Slip, *, begins: bool) -> Context:
    return Context(
        visit.tenant,
        visit.account.name,
        slip.inbox,
        datetime.now(UTC),
        begins=begins,
        language=visit.language,
    )
