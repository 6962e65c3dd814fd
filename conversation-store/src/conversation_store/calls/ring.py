"""Rings for a call-back: the agent's telephone first, and then whoever is to be called back.

Rule 1. While a call for it lasts, no second one is made, whoever asks, and however often.
Rule 2. It goes to the number that was wished for, else to that of who wished; to no other.
Rule 3. An agent waits at the desk: what was not rung within minutes is not rung any more.
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from asyncpg import Record

from conversation_store.add import add
from conversation_store.advance import Stand, State
from conversation_store.link import Found, contact_point_id, keep
from conversation_store.queue.callbacks import read_callbacks
from conversation_store.reply.ways import accounts_of, read_ways
from conversation_store.request import Letter, request
from conversation_store.store import Store
from hub_contract.channels import CHANNEL_TO
from hub_contract.contact_points import contact_point
from hub_contract.delivery import Delivery, is_final
from hub_contract.errors import Permanent
from hub_contract.events import RequestedContent
from hub_contract.ids import requested_id
from hub_contract.refusals import Refusal
from hub_contract.words import ContactKind, ContactPoint
from hub_kit.blobs import Packing
from hub_kit.database import Connection, transaction
from hub_kit.tokens import Caller

CALLS = CHANNEL_TO[ContactKind.PHONE]
STALE = timedelta(minutes=5)  # after which a request rings nobody
LASTS = timedelta(hours=4)  # no call is longer: Twilio ends it (timeLimit of Dial)
_HOME = "select conversation_id from entry where tenant = $1 and id = $2"
_LOCK_HOME = "select id from conversation where tenant = $1 and id = $2 for update"
_LOCK = """
select b.id, b.state, b.attempts, b.call_id, c.delivery, c.at as called_at, h.conversation_id,
  h.channel, h.account
from callback b join entry h on h.id = b.id and h.tenant = $1
left join entry c on c.id = b.call_id and c.tenant = $1
where b.tenant = $1 and b.id = $2 for update of b
"""
_NOTE = """
update callback set call_id = $3, owner = coalesce(owner, $4), changed_at = $5
where tenant = $1 and id = $2
"""


async def ring(
    store: Store, caller: Caller, callback_id: UUID, telephone: str
) -> tuple[UUID, bool] | None:
    """Return the entry of the call and whether it is new; None where there is no such call-back.

    `Permanent` names what is wrong: the telephone, the number, or that the call-back has ended.
    """
    tenant, now = caller.tenant, datetime.now(UTC)
    agent = number_of(store, tenant, telephone)
    async with transaction(store.ground.pool, tenant) as connection:
        home = await connection.fetchval(_HOME, tenant, callback_id)
        if home is None:
            return None
        await connection.fetchrow(_LOCK_HOME, tenant, home)
        row = await connection.fetchrow(_LOCK, tenant, callback_id)
        if row is None:
            return None
        if not Stand(State(row["state"]), row["attempts"]).is_due:
            raise Permanent("callback: has ended", code=Refusal.CALLBACK_ENDED)
        if _lasts(row, now):
            return row["call_id"], False
        whom = await _whom(store, connection, caller, row)
        letter = await _letter(store, connection, caller, row, (agent, whom))
        await add(
            connection, request(store.ground.ring, letter, store.ground.ring.new_key(), Packing())
        )
        await connection.execute(_NOTE, tenant, callback_id, letter.id, caller.who, now)
    return letter.id, True


def number_of(store: Store, tenant: str, telephone: str) -> ContactPoint:
    """Return the agent's telephone; `Permanent` where it is no number that rings."""
    settings = store.ground.settings.tenants.get(tenant)
    country = settings.country if settings else "DE"
    point = contact_point(ContactKind.PHONE, telephone, country)
    if point.as_written or not point.value.startswith("+"):
        raise Permanent(
            "telephone: is no number that rings; write it with its area code",
            code=Refusal.TELEPHONE_WRONG,
        )
    return point


def _lasts(row: Record, now: datetime) -> bool:
    """Say whether the last call goes on; one whose fate nobody knows is no obstacle for ever."""
    if row["delivery"] is None or is_final(Delivery(row["delivery"])):
        return False
    unknown = row["delivery"] == Delivery.UNKNOWN
    limit: timedelta = STALE if unknown or row["delivery"] == Delivery.REQUESTED else LASTS
    called_at: datetime = row["called_at"]
    return now - called_at < limit


async def _whom(store: Store, connection: Connection, caller: Caller, row: Record) -> ContactPoint:
    own = await read_callbacks(connection, store.ground.ring, caller.tenant, row["conversation_id"])
    person = next((one["person"] for one in own if one["id"] == row["id"]), None) or {}
    if person.get("kind") == ContactKind.PHONE and str(person.get("value")).startswith("+"):
        return ContactPoint(kind=ContactKind.PHONE, value=person["value"])
    # An agent has asked for it: a confirmed number of somebody in the conversation.
    for way in await read_ways(connection, store, caller.tenant, row["conversation_id"]):
        is_hers = way.verified and not way.shared and not way.point.as_written
        if is_hers and way.point.kind is ContactKind.PHONE and way.point.value.startswith("+"):
            return ContactPoint(kind=ContactKind.PHONE, value=way.point.value)
    raise Permanent("callback: names no number that can be called", code=Refusal.NOBODY_REACHABLE)


async def _letter(
    store: Store,
    connection: Connection,
    caller: Caller,
    row: Record,
    parts: tuple[ContactPoint, ContactPoint],
) -> Letter:
    (agent, whom), tenant = parts, caller.tenant
    # By the number of ours that she has called, so that she knows who calls.
    called = row["account"] if row["channel"] == CALLS else ""
    account = called or accounts_of(store, tenant).get(CALLS)
    if not account:
        raise Permanent("callback: no telephone number of ours", code=Refusal.NO_ACCOUNT)
    lookup = store.ground.ring.lookup_of(tenant, whom)
    point = contact_point_id(lookup)
    await keep(connection, store.ground.ring, tenant, [Found(point, whom)])
    content = RequestedContent(recipient=whom, text="", rings_first=agent)
    return Letter(
        requested_id(tenant, row["conversation_id"], f"ring {row['id']} {uuid4()}"),
        tenant,
        row["conversation_id"],
        CALLS,
        account,
        point,
        content,
        author=caller.who,
        expires_at=datetime.now(UTC) + STALE,
        kind="call",
    )
