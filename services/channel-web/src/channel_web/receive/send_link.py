"""Sends a one-time link to whom we know behind a number: by mail, or what else carries words.

Rule 1. It goes only to contact points that are confirmed in the conversation and her own: those she
        named with her first message, and those that are known to be the same person's.
Rule 2. Nobody at the page learns whether there was one: the page is answered before we look.
Rule 3. It is a request to a channel as any other, automatic, and worth nothing after the link's
        end. It is no entry of the timeline: who reads there shall not find the link.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import structlog

from channel_web.parse import Inbox
from channel_web.receive.ask import Json
from channel_web.receive.visit import Visit
from channel_web.settings import SERVICE
from hub_contract.channels import CHANNELS, Measure, Reader
from hub_contract.errors import Permanent, Temporary
from hub_contract.events import MessageRequested, RequestedContent
from hub_contract.topics import to_wire
from hub_contract.words import Channel, ContactKind, ContactPoint
from hub_kit import event_log, tracing
from hub_kit.database import transaction
from hub_kit.event_log import KeyRow
from hub_kit.sealing import seal_event
from hub_kit.settings import HubSettings
from hub_pages.said import mark

log = structlog.get_logger()
# What takes plain words and has them there in minutes.
QUICK = {
    channel: row
    for channel, row in CHANNELS.items()
    if row.measure in (Measure.CHARACTERS, Measure.SEGMENTS)
    and row.read_by is Reader.PERSON
    and not row.live
}
SHORT = 2000  # characters; a channel that carries no more gets the short text
_SUBJECT = mark("Ihr Zugang zu unseren Antworten")
_LONG = mark(
    """Guten Tag,

jemand möchte auf unserer Internetseite Ihr Gespräch mit uns öffnen
und hat uns um diesen Link gebeten.

Waren Sie das? Dann öffnen Sie bitte diesen Link:
%(url)s

Der Link gilt %(minutes)s Minuten und nur einmal.
Danach geben Sie auf der Seite Ihre Geheimzahl ein.

Waren Sie das nicht? Dann müssen Sie nichts tun.
Ohne Ihre Geheimzahl kann niemand Ihr Gespräch öffnen.

%(authority)s"""
)
_BRIEF = mark(
    "%(authority)s: Ihr Link zu unseren Antworten, gültig %(minutes)s Minuten: %(url)s"
    " Nicht von Ihnen? Dann müssen Sie nichts tun."
)


async def send_link(visit: Visit, reference: str) -> None:
    """Send links for this number, if anybody is known behind it; what goes wrong is only logged."""
    try:
        inbox = await visit.portal.inboxes.of_reference(visit.tenant, reference)
        if inbox:
            await _send(visit, inbox)
    except (Temporary, Permanent) as error:
        log.warning("a link could not be sent", reason=str(error)[:200])


async def _send(visit: Visit, inbox: Inbox) -> None:
    portal, tenant = visit.portal, visit.tenant
    found = await portal.store.conversation(tenant, inbox)
    whole = await portal.store.whole(tenant, found["id"]) if found else None
    ways = list(_ways(whole, inbox, senders(portal.ground.settings, tenant))) if whole else []
    if not ways or whole is None:
        return
    token = await portal.known.new_link(tenant, inbox)
    if token:
        for channel, account, point in ways:
            if await portal.store.is_stopped(tenant, inbox, channel, point):
                continue
            content = await _content(visit, inbox, channel, point, token)
            within = timedelta(minutes=portal.settings.link_minutes)
            await ask_for(visit, UUID(whole["id"]), channel, account, content, within=within)


def senders(settings: HubSettings, tenant: str) -> Mapping[Channel, str]:
    """Return the account that sends by each quick channel of this tenant, the first one of each."""
    section = settings.tenants.get(tenant)
    accounts = section.accounts if section else {}
    found = {one.channel: name for name, one in reversed(accounts.items())}
    return {channel: name for channel, name in found.items() if channel in QUICK}


def _ways(
    whole: Json, inbox: Inbox, accounts: Mapping[Channel, str]
) -> Iterator[tuple[Channel, str, ContactPoint]]:
    """Yield by which ways her own confirmed contact points are reached, each once."""
    points = whole["contact_points"]
    own = next((p for p in points if p["value"] == str(inbox.portal_id) and p["verified"]), None)
    hers = [p for p in points if own and p["verified"] and p["value"] and _is_hers(p, own)]
    for channel, account in accounts.items():
        row = QUICK[channel]
        fitting = [
            p
            for p in hers
            if p["kind"] == row.reaches and (row.reaches_every or p["channel"] == channel)
        ]
        for value in dict.fromkeys(p["value"] for p in fitting):
            yield channel, account, ContactPoint(kind=ContactKind(row.reaches), value=value)


def _is_hers(point: Json, own: Json) -> bool:
    party = own["link"]["party_id"] if own["link"] else None
    same = bool(party and point["link"] and point["link"]["party_id"] == party)
    return same or point["since"] == own["since"]


async def _content(
    visit: Visit, inbox: Inbox, channel: Channel, point: ContactPoint, token: str
) -> RequestedContent:
    known = await visit.portal.inboxes.of_id(visit.tenant, inbox.portal_id)
    language = known[1] if known else visit.language
    say = visit.portal.pages.say(language)
    values = {
        "url": f"{visit.account.url}/vorgang/freigabe/{token}",
        "minutes": visit.portal.settings.link_minutes,
        "authority": visit.account.display_name,
    }
    row = QUICK[channel]
    text = say(_LONG if row.longest_text > SHORT else _BRIEF) % values
    return RequestedContent(
        recipient=point,
        subject=say(_SUBJECT) if row.subject else "",
        text=text,
        language=language,
        author=visit.account.display_name,
    )


async def ask_for(
    visit: Visit,
    conversation: UUID,
    channel: Channel,
    account: str,
    content: RequestedContent,
    *,
    within: timedelta,
) -> None:
    """Have this sent by a channel; it is no entry of a timeline, and of no use after that time."""
    ground, tenant, now = visit.portal.ground, visit.tenant, datetime.now(UTC)
    key = ground.ring.new_key()
    event = MessageRequested(
        id=uuid4(),
        tenant=tenant,
        channel=channel,
        account=account,
        conversation_id=conversation,
        requested_at=now,
        expires_at=now + within,
        automatic=True,
        recipient_key=ground.ring.lookup_of(tenant, content.recipient),
        content=content,
    )
    wire = to_wire(seal_event(event, key), SERVICE, tracing.current())
    wrapped = ground.ring.wrap(key, event.id)
    row = KeyRow(event.id, tenant, wrapped, reader=f"channel_{channel}")
    async with transaction(ground.pool, tenant) as connection:
        await event_log.append(connection, [wire], [row])
