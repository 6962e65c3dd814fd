"""Says by which ways an answer may go out, and of every other channel why not, for the composer."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from asyncpg import Record

from conversation_store.link import open_point
from conversation_store.reply.choose import Last, Target, Way, can_answer, choose, is_carried
from conversation_store.reply.compose import language_of
from conversation_store.reply.hint import Hints
from conversation_store.store import Store
from conversation_store.timeline import open_row
from hub_contract.channels import CHANNELS
from hub_contract.errors import Permanent
from hub_contract.explanations import Explanation
from hub_contract.fit import Lack
from hub_contract.words import Channel
from hub_kit.database import Connection, transaction
from hub_kit.lacks import read_lacking

_WAYS = """
select p.contact_point_id, p.channel, p.verified, p.preferred_at, p.claimed, c.shared, c.id,
  c.sealed, k.wrapped,
  array(select o.channel from opted_out o where o.tenant = $1 and o.contact_point_id = c.id)
    as stopped,
  -- Who was only named is answered from where she was named, if that channel reaches her.
  case when p.account = '' and v.channel = p.channel then v.account else p.account end as account
from participant p
join conversation v on v.id = p.conversation_id and v.tenant = $1
join contact_point c on c.id = p.contact_point_id and c.tenant = $1
left join hub.message_key k on k.owner = c.id and k.tenant = $1
where p.tenant = $1 and p.conversation_id = $2
order by p.at, p.channel
"""


async def read_ways(
    connection: Connection, store: Store, tenant: str, conversation_id: UUID
) -> tuple[Way, ...]:
    """Return how the people of this conversation wrote, or asked to be answered."""
    rows = await connection.fetch(_WAYS, tenant, conversation_id)
    points = ((row, open_point(store.ground.ring, row)) for row in rows)
    names = (
        *("contact_point_id", "channel", "account", "verified", "preferred_at"),
        *("claimed", "shared", "stopped"),
    )
    return tuple(
        Way(**{name: row[name] for name in names}, point=point) for row, point in points if point
    )


def accounts_of(store: Store, tenant: str) -> dict[str, str]:
    """Return the first account of each channel of this tenant: to send from where none is named."""
    settings = store.ground.settings.tenants.get(tenant)
    accounts = settings.accounts if settings else {}
    return {
        account.channel: name
        for name, account in reversed(accounts.items())
        if can_answer(account.channel)
    }


def not_allowed_of(store: Store, tenant: str) -> frozenset[str]:
    """Return the accounts of this tenant by which no answer may go out."""
    settings = store.ground.settings.tenants.get(tenant)
    accounts = settings.accounts if settings else {}
    channels = {name: str(account.channel) for name, account in accounts.items()}
    return store.authority(tenant).not_allowed(channels)


@dataclass(frozen=True, slots=True)
class Shown:
    """A way as the composer shows it; `way` is None where nobody is reached by this channel."""

    channel: Channel
    way: Way | None
    account: str
    reason: Explanation
    offered: bool = False
    default: bool = False


def list_ways(
    ways: Sequence[Way],
    last: Last | None,
    accounts: Mapping[str, str],
    ascii_only: Collection[str] = (),
    *,
    not_allowed: Collection[str] = (),
) -> Iterator[Shown]:
    """Yield every way of every channel, each channel at least once, in the order of channels."""
    try:
        default = choose(Target(), ways, last, accounts, ascii_only, not_allowed=not_allowed)
    except Permanent:
        default = None
    for channel, row in CHANNELS.items():
        reached = {w.contact_point_id: w for w in ways if w.point.kind == row.reaches}
        # Who has written by this very channel is shown as she wrote.
        reached |= {w.contact_point_id: w for w in ways if w.channel == channel}
        if not reached:
            account = accounts.get(channel, "")
            yield Shown(channel, None, account, _why_nobody(channel, account))
        for way in reached.values():
            shown = _shown(channel, way, default, last, accounts)
            if shown.account in not_allowed:
                yield replace(shown, offered=False, default=False, reason=Explanation.NOT_ALLOWED)
                continue
            carried = is_carried(way.point, shown.account, ascii_only)
            yield (
                shown
                if carried or not shown.offered
                else replace(shown, offered=False, default=False, reason=Explanation.NOT_CARRIED)
            )


def _why_nobody(channel: Channel, account: str) -> Explanation:
    if not CHANNELS[channel].answers:
        return Explanation.NO_ANSWERS
    return Explanation.NO_ADDRESS if account else Explanation.NO_ACCOUNT


def _shown(
    channel: Channel, way: Way, default: Way | None, last: Last | None, accounts: Mapping[str, str]
) -> Shown:
    own = way.account if way.channel == channel else ""
    account = own or accounts.get(channel, "")
    if not CHANNELS[channel].answers:
        return Shown(channel, way, "", Explanation.NO_ANSWERS)
    if not account:
        return Shown(channel, way, "", Explanation.NO_ACCOUNT)
    if channel in way.stopped:
        return Shown(channel, way, account, Explanation.OPTED_OUT)
    if not way.open:
        return Shown(channel, way, account, Explanation.NOT_CONFIRMED)
    chosen = (way.contact_point_id, channel)
    is_default = default is not None and chosen == (default.contact_point_id, default.channel)
    reason = Explanation.KNOWN_HERE
    if not way.verified:
        reason = Explanation.CLAIMED
    elif way.preferred_at and way.channel == channel:
        reason = Explanation.ASKED_FOR
    elif last and chosen == last[:2]:
        reason = Explanation.WROTE_LAST
    return Shown(channel, way, account, reason, offered=True, default=is_default)


_NOW = """
select t.id, t.reference from conversation c
join conversation t on t.id = coalesce(c.merged_into, c.id) and t.tenant = $1
where c.tenant = $1 and c.id = $2
"""
_CHOSEN = """
select e.id, e.content, k.wrapped from entry e
join hub.message_key k on k.owner = e.id and k.tenant = $1
where e.tenant = $1 and e.conversation_id = $2 and e.direction <> 'out' and e.direction <> 'none'
order by e.conversation_id desc, e.place desc limit 5
"""
# Not `direction = 'in'`: see queue/views.py.
_LAST = """
select contact_point_id, channel, account, verified from entry
where tenant = $1 and conversation_id = $2 and direction <> 'out' and direction <> 'none'
  and automatic = 'no' and reason <> 'copy' and contact_point_id is not null
order by conversation_id desc, place desc limit 1
"""
# In any conversation: an address that does not exist does not exist for the next agent either.
_TROUBLES = """
select distinct on (contact_point_id, channel) contact_point_id, channel, delivery,
  delivery_reason, delivery_at
from entry
where tenant = $1 and contact_point_id = any($2::uuid[]) and delivery in ('failed', 'returned')
order by contact_point_id, channel, delivery_at desc
"""


async def show_ways(
    store: Store, tenant: str, conversation_id: UUID
) -> list[dict[str, Any]] | None:
    """Return the ways of an answer; None where there is no such conversation."""
    async with transaction(store.ground.pool, tenant) as connection:
        row = await connection.fetchrow(_NOW, tenant, conversation_id)
        if row is None:
            return None
        now: UUID = row["id"]
        ways = await read_ways(connection, store, tenant, now)
        last = await connection.fetchrow(_LAST, tenant, now)
        points = [way.contact_point_id for way in ways]
        troubles = await connection.fetch(_TROUBLES, tenant, points)
        ascii_only = await read_lacking(connection, tenant, Lack.INTERNATIONAL)
        hints = Hints.of(store.authority(tenant), ways)
        latest = await connection.fetch(_CHOSEN, tenant, now) if hints.has_inbox else []
    language = language_of(open_row(one, store.ground.ring) or {} for one in latest)
    hint = hints.write(row["reference"], language) if hints.has_inbox else ""
    failed = {(row["contact_point_id"], row["channel"]): row for row in troubles}
    accounts = accounts_of(store, tenant)
    forbidden = not_allowed_of(store, tenant)
    latest_way = Last(*last) if last else None
    shown = list_ways(ways, latest_way, accounts, ascii_only, not_allowed=forbidden)
    return [_line(one, failed, hints, hint) for one in shown]


def _line(
    shown: Shown, failed: Mapping[tuple[UUID, str], Record], hints: Hints, hint: str
) -> dict[str, Any]:
    way, terms = shown.way, hints.authority.terms_of(shown.account)
    only_hint, may_hint = terms.content == "link", hints.may(shown.channel)
    if shown.offered and only_hint and not may_hint:
        shown = replace(shown, offered=False, default=False, reason=Explanation.NO_INBOX)
    trouble = failed.get((way.contact_point_id, shown.channel)) if way else None
    return {
        "channel": shown.channel,
        "account": shown.account,
        "contact_point": way.contact_point_id if way else None,
        "kind": CHANNELS[shown.channel].reaches,
        "address": way.point.value if way else None,
        "name": way.point.name if way else "",
        "offered": shown.offered,
        "reason": {"code": shown.reason},
        "warning": _warning(trouble) if trouble else None,
        "preferred": shown.default,
        "price": terms.price.model_dump(mode="json") if terms.price else None,
        "most_segments": terms.most_segments,
        "hint": hint if may_hint else "",
        "only_hint": only_hint and may_hint,
    }


def _warning(row: Record) -> dict[str, Any]:
    at: datetime = row["delivery_at"]
    code = Explanation(f"once_{row['delivery']}")
    return {"code": code, "at": at, "cause": row["delivery_reason"]}
