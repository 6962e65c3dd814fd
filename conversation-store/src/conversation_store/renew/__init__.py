"""Brings contact points under the id that is made of them today, for `app`: at the start, and on.

Rule 1. What was two because it was spelt in two ways becomes one, with all that hung on either
        (`carry`). It joins no conversations: that is an agent's to do.
Rule 2. A batch is one transaction that takes its locks in the order of `append`. Stores take turns
        by a lock that ends with it; where one broke off, the next goes on.
Rule 3. What is erased cannot be spelt anew, and keeps its id. So does what names nobody any more.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import structlog
from asyncpg import Record

from conversation_store.append.read import read_keys
from conversation_store.link import Found, contact_point_id, open_point
from conversation_store.renew.carry import carry
from hub_contract.contact_points import SPELLING, contact_point
from hub_contract.errors import Permanent
from hub_kit.database import transaction
from hub_kit.ground import Ground

BATCH = 500
log = structlog.get_logger()

_TURN = "select pg_advisory_xact_lock(hashtextextended('faden renew ' || $1, 0))"
# The number stands in the text, so that the index of the older ones is used.
_OLDER = f"""
select id, sealed from contact_point
where tenant = $1 and spelling < {SPELLING} and id > $2 order by id limit $3 for update
"""  # noqa: S608
_STAY = "update contact_point set spelling = $3 where tenant = $1 and id = any($2::uuid[])"


async def renew(ground: Ground, tenant: str, batch: int = BATCH) -> int:
    """Renew what is of an older spelling; return how many contact points got another id.

    Where all are renewed it is one look into an empty index. `Temporary`: the database is away;
    what is done by then stays done.
    """
    moved, last = 0, UUID(int=0)
    while True:
        async with transaction(ground.pool, tenant) as connection:
            await connection.execute(_TURN, tenant)
            rows = await connection.fetch(_OLDER, tenant, last, batch)
            if not rows:
                return moved
            keys = await read_keys(connection, tenant, [row["id"] for row in rows])
            found = _open_all(ground, tenant, rows, keys)
            movers = {old: one for old, one in found.items() if one and one.id != old}
            await connection.execute(_STAY, tenant, list(found.keys() - movers), SPELLING)
            await carry(connection, ground.ring, tenant, movers)
        moved, last = moved + len(movers), rows[-1]["id"]


def _open_all(
    ground: Ground, tenant: str, rows: Sequence[Record], keys: Mapping[UUID, bytes]
) -> dict[UUID, Found | None]:
    """Return what each is today; None: it stays. What a lost key closes is left for a later run."""
    found = {}
    for row in rows:
        try:
            wrapped = keys.get(row["id"])
            found[row["id"]] = _open(ground, tenant, {**row, "wrapped": wrapped})
        except Permanent as error:
            log.warning("contact point left as it was", reason=str(error))
    return found


def _open(ground: Ground, tenant: str, row: Mapping[str, Any]) -> Found | None:
    point = open_point(ground.ring, row)
    if point is None:
        return None
    country = ground.settings.country_of(tenant)
    point = contact_point(point.kind, point.value, country, point.name)
    lookup = ground.ring.lookup_of(tenant, point)
    return Found(contact_point_id(lookup), point) if lookup else None
