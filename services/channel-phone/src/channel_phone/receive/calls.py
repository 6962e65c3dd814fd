"""Keeps calls while they last: all their legs, sealed, until the entry is accepted.

Rule 1. A leg is written before anything is answered: a process that dies takes none with it.
Rule 2. A hook says which leg it is (`?leg=3`), so one that comes twice is written once.
Rule 3. The row of a call stays for a while after its entry is kept, empty, and knows late hooks.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from channel_phone.parse import Context
from channel_phone.parse.legs import read_legs
from channel_phone.parse.state import AT_DESK, State, Step
from channel_phone.parse.steps import follow
from channel_phone.settings import PhoneSettings
from hub_kit.database import Connection, Pool, affected, transaction
from hub_kit.keys import KeyRing, open_sealed, seal
from hub_kit.tokens import derive_key

KEPT = timedelta(days=2)  # a closed call
MOST = 200  # legs of one call; the keypad's have a limit of their own

_OPEN = """
insert into call (id, tenant, account, sealed, legs) values ($2, $1, $3, '', 0)
on conflict (id) do nothing
"""
_LOCK = """
select sealed, legs, closed_at is not null as closed, heard_at
from call where tenant = $1 and id = $2 for update
"""
_WRITE = """
update call set sealed = $3, legs = $4, ended = $5, heard_at = now() where tenant = $1 and id = $2
"""
_CLOSE = """
update call set sealed = '', closed_at = now() where tenant = $1 and id = $2 and closed_at is null
"""
_SILENT = """
select id, sealed, legs, account, heard_at from call
where tenant = $1 and closed_at is null and heard_at < now() - $2::interval
order by heard_at limit 100
"""


@dataclass(frozen=True, slots=True)
class Call:
    """A call as it lies there: `original` is all its legs, `state` where they lead."""

    id: str
    context: Context
    original: bytes
    legs: int
    state: State
    heard_at: datetime
    closed: bool = False
    added: bool = False  # a leg was just written

    @property
    def is_whole(self) -> bool:
        """Say whether nothing more will come."""
        awaits = self.state.awaits_recording or self.state.step in AT_DESK
        return self.state.ended and not awaits


Write = Callable[[State], bytes]  # the line of a leg, for a call that is there
Last = Callable[[Connection, Call], Awaitable[object]]


class Calls:
    def __init__(self, pool: Pool, ring: KeyRing, settings: PhoneSettings) -> None:
        self._pool, self._ring = pool, ring
        self._seal = derive_key(ring, "phone-call")
        self._lost = timedelta(minutes=settings.lost_minutes)
        self._connected = timedelta(minutes=settings.connected_minutes)
        self._recording = timedelta(minutes=settings.recording_minutes)

    async def add(
        self, context: Context, sid: str, number: int | None, write: Write, since: int = 0
    ) -> Call:
        """Write a leg, and return the call; it is not written where its number is taken already.

        None as number: it is written behind the others, unless one of them, from the leg `since`
        on, says the same.
        """
        call_id = self._ring.pseudonym_of(context.tenant, "call", f"{context.account}\n{sid}")
        async with transaction(self._pool, context.tenant) as connection:
            await connection.execute(_OPEN, context.tenant, call_id, context.account)
            row = await connection.fetchrow(_LOCK, context.tenant, call_id)
            call = self._read(call_id, context, row)
            taken = number is not None and number < call.legs
            if call.closed or taken or call.legs >= MOST:
                return call
            line = write(call.state)
            if number is None and _is_there(line, call.original, since):
                return call
            return await self._write(connection, call, line)

    async def _write(self, connection: Connection, call: Call, line: bytes) -> Call:
        original = call.original + line
        state = follow(read_legs(original), call.context.country)
        sealed = seal(self._seal, original, call.id.encode())
        row = (call.context.tenant, call.id, sealed, call.legs + 1, state.ended)
        await connection.execute(_WRITE, *row)
        return Call(
            call.id,
            call.context,
            original,
            call.legs + 1,
            state,
            datetime.now(UTC),
            added=True,
        )

    async def close(self, call: Call, last: Last) -> None:
        """Forget what was said: the entry is kept. `last` is done beside it, once for each call."""
        async with transaction(self._pool, call.context.tenant) as connection:
            if affected(await connection.execute(_CLOSE, call.context.tenant, call.id)):
                await last(connection, call)

    async def lost(self, context_of: Callable[[str], Context | None], tenant: str) -> list[Call]:
        """Return calls of which nothing more will be heard, the oldest first."""
        shortest = min(self._lost, self._connected, self._recording)
        async with transaction(self._pool, tenant) as connection:
            rows = await connection.fetch(_SILENT, tenant, shortest)
        now = datetime.now(UTC)
        found = [
            self._read(row["id"], context, row)
            for row in rows
            if (context := context_of(row["account"]))
        ]
        return [call for call in found if now - call.heard_at > self._patience(call.state)]

    def _patience(self, state: State) -> timedelta:
        if state.ended:
            return self._recording
        return self._connected if state.step in (Step.DIALLING, Step.TALKING) else self._lost

    async def sweep(self, tenant: str) -> int:
        """Delete rows of calls that ended long ago; return how many."""
        sql = "delete from call where tenant = $1 and closed_at < now() - $2::interval"
        async with transaction(self._pool, tenant) as connection:
            return affected(await connection.execute(sql, tenant, KEPT))

    def _read(self, call_id: str, context: Context, row: object) -> Call:
        found = dict(row)  # type: ignore[call-overload]
        sealed = found["sealed"]
        original = open_sealed(self._seal, sealed, call_id.encode()) if sealed else b""
        state = follow(read_legs(original), context.country)
        heard_at, closed = found["heard_at"], found.get("closed", False)
        return Call(call_id, context, original, found["legs"], state, heard_at, closed)


def _is_there(line: bytes, original: bytes, since: int) -> bool:
    said = _without_time(line.rstrip(b"\n"))
    return any(_without_time(one) == said for one in original.split(b"\n")[since:])


def _without_time(line: bytes) -> bytes:
    return line.partition(b" ")[2]
