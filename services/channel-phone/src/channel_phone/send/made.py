"""Keeps the calls that we make, sealed, from before the provider is asked until days after.

Rule 1. Whom a call connects stands here before the provider is asked: hooks name our id alone.
Rule 2. A leg is written before anything is answered; one that comes twice is written once.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from pydantic_core import from_json, to_json

from channel_phone.parse.context import Context
from channel_phone.parse.outgoing import Progress, is_new, progress_of
from channel_phone.render.outgoing import Plan
from hub_kit.database import Connection, Pool, affected, transaction
from hub_kit.keys import KeyRing, open_sealed, seal
from hub_kit.tokens import derive_key

KEPT = timedelta(days=2)  # a call, whether its end came or not
MOST = 60  # legs of one call
PAGE = 100  # rows of one look
_BEGIN = """
insert into made (id, tenant, account, sealed) values ($2, $1, $3, $4) on conflict (id) do nothing
"""
_READ = "select id, account, sealed, heard_at from made where tenant = $1 and id = $2 for update"
_WRITE = """
update made set sealed = $3, sid = coalesce(nullif($4, ''), sid), heard_at = now(),
  closed_at = case when $5 then coalesce(closed_at, now()) end
where tenant = $1 and id = $2
"""
_KNOWN = "select sid from made where tenant = $1 and sid = any($2::text[]) and id <> $3"
# From the one looked at last: those that cannot be asked about keep no others waiting.
_SILENT = """
select id, account, sealed, heard_at from made
where tenant = $1 and closed_at is null and heard_at < now() - $2::interval
  and (heard_at, id) > ($3::timestamptz, $4::uuid)
order by heard_at, id limit $5
"""


@dataclass(frozen=True, slots=True)
class Made:
    """A call as it lies there; `sid` is the provider's id, empty until it is known."""

    id: UUID
    account: str
    plan: Plan
    sid: str
    legs: bytes
    heard_at: datetime

    @property
    def progress(self) -> Progress:
        return progress_of(self.legs)


class MadeCalls:
    def __init__(self, pool: Pool, ring: KeyRing) -> None:
        self._pool, self._ring = pool, ring
        self._key = derive_key(ring, "phone-made")

    async def begin(self, context: Context, id_: UUID, plan: Plan) -> Made:
        """Write down what will be asked for; return what stands there."""
        sealed = self._seal(id_, plan, "", b"")
        async with transaction(self._pool, context.tenant) as connection:
            await connection.execute(_BEGIN, context.tenant, id_, context.account, sealed)
            return self._open(await connection.fetchrow(_READ, context.tenant, id_))

    async def read(self, context: Context, id_: UUID) -> Made | None:
        async with transaction(self._pool, context.tenant) as connection:
            return await self._find(connection, context, id_)

    async def add(
        self, context: Context, id_: UUID, sid: str = "", line: bytes = b""
    ) -> Made | None:
        """Note the provider's id and a leg; None where this account makes no such call."""
        async with transaction(self._pool, context.tenant) as connection:
            made = await self._find(connection, context, id_)
            if made is None:
                return None
            full = made.legs.count(b"\n") >= MOST
            legs = made.legs + line if not full and is_new(made.legs, line) else made.legs
            sid = sid or made.sid
            sealed = self._seal(id_, made.plan, sid, legs)
            key = self.key_of(context, sid) if sid else ""
            ended = progress_of(legs).ended
            row = (context.tenant, id_, sealed, key, ended)
            await connection.execute(_WRITE, *row)
            return Made(id_, made.account, made.plan, sid, legs, made.heard_at)

    async def others(self, context: Context, id_: UUID, sids: list[str]) -> set[str]:
        """Return which of these are calls that we know already, other than this one."""
        keys = {self.key_of(context, sid): sid for sid in sids}
        async with transaction(self._pool, context.tenant) as connection:
            rows = await connection.fetch(_KNOWN, context.tenant, list(keys), id_)
        return {keys[row["sid"]] for row in rows}

    async def silent(
        self, tenant: str, patience: timedelta, after: tuple[datetime, UUID]
    ) -> list[Made]:
        """Return calls of which nothing was heard for so long, the oldest first, a page."""
        async with transaction(self._pool, tenant) as connection:
            rows = await connection.fetch(_SILENT, tenant, patience, *after, PAGE)
        return [self._open(row) for row in rows]

    async def sweep(self, tenant: str) -> int:
        """Delete rows of calls long ago; return how many."""
        sql = "delete from made where tenant = $1 and made_at < now() - $2::interval"
        async with transaction(self._pool, tenant) as connection:
            return affected(await connection.execute(sql, tenant, KEPT))

    def key_of(self, context: Context, sid: str) -> str:
        return self._ring.pseudonym_of(context.tenant, "call", f"{context.account}\n{sid}")

    async def _find(self, connection: Connection, context: Context, id_: UUID) -> Made | None:
        row = await connection.fetchrow(_READ, context.tenant, id_)
        return self._open(row) if row and row["account"] == context.account else None

    def _seal(self, id_: UUID, plan: Plan, sid: str, legs: bytes) -> bytes:
        said = [plan.agent, plan.citizen, sid, legs.decode("latin-1")]
        return seal(self._key, to_json(said), id_.bytes)

    def _open(self, row: object) -> Made:
        found = dict(row)  # type: ignore[call-overload]
        agent, citizen, sid, legs = from_json(
            open_sealed(self._key, found["sealed"], found["id"].bytes)
        )
        plan, legs = Plan(agent, citizen), legs.encode("latin-1")
        return Made(found["id"], found["account"], plan, sid, legs, found["heard_at"])
