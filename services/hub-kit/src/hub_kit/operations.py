"""What an operator sees of one service and may do: lag, what is stuck, replay; added to its app.

Rule 1. Nothing personal: ids, counts, times, and reasons that quote no content.
Rule 2. An operator of one tenant sees what is stuck of it, and what belongs to none of ours.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Annotated, Any, Self

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Path
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel

from hub_contract.errors import Temporary
from hub_kit import set_aside, unreached
from hub_kit.consume import Consumer
from hub_kit.database import Connection, Pool, connect
from hub_kit.ground import Ground
from hub_kit.keys import KeyRing
from hub_kit.outgoing import Outgoing
from hub_kit.readiness import find_troubles
from hub_kit.rights import may
from hub_kit.tokens import Caller, verify
from hub_kit.unreached import Failure

_BEARER = HTTPBearer(auto_error=False)


class Lane(BaseModel):
    consumer: str
    lane: str
    behind: int | None  # events still to be read; None: the bus cannot be asked
    moved_at: datetime  # when the reader last got on


class Stuck(BaseModel):
    """A parked key with all that waits behind its failing event, or a dead letter."""

    id: str  # for `replay`
    consumer: str
    topic: str
    key: str
    events: int
    reason: str
    since: datetime


class Failed(BaseModel):
    reason: str
    at: datetime


class Figure(BaseModel):
    """Something counted that operators watch; pages have words for `name` and those of `counts`."""

    name: str
    day: date | None = None  # None: how it is now
    counts: dict[str, int]


class Sending(BaseModel):
    waiting: int  # requests not yet handed to the peer
    oldest: datetime | None


class Operations(BaseModel):
    """The state of one service."""

    service: str
    bus: str = ""  # why the bus cannot be asked; empty: it can
    lanes: list[Lane]
    parked: list[Stuck] = []
    dead: list[Stuck] = []
    sending: Sending | None = None  # None: it sends nothing
    troubles: dict[str, str] = {}  # what is not as it should be, by the name of its check
    failure: Failed | None = None  # why the peer was not reached just now; None: it was
    figures: list[Figure] = []


Figures = Callable[[str], Awaitable[Sequence[Figure]]]  # of a tenant


async def no_figures(_: str) -> Sequence[Figure]:
    return ()


def add_operations(
    app: FastAPI,
    ground: Ground,
    consumers: Sequence[Consumer],
    outgoing: Outgoing | None = None,
    figures: Figures = no_figures,
) -> FastAPI:
    """Add `GET /operations` and `POST /operations/replay/{id}`, for operators."""
    state = _State(ground, consumers, outgoing, figures)
    return add_state(app, ground.ring, ground.schema, state.show, SetAside.of(ground))


def add_state(
    app: FastAPI,
    ring: KeyRing,
    service: str,
    show: Callable[[Caller], Awaitable[Operations]],
    aside: "SetAside",
) -> FastAPI:
    """Add both for a service that says by itself how it is."""
    reader, router = _who_may(ring, service, "read"), APIRouter(include_in_schema=False)
    mender = _who_may(ring, service, "replay")

    @router.post("/operations/replay/{letter}", status_code=202)
    async def post_replay(
        caller: Annotated[Caller, Depends(mender)],
        letter: Annotated[str, Path(pattern=r"^(parked|dead)-\d{1,18}$")],
    ) -> dict[str, str]:
        if not await aside.replay(caller, letter):
            raise HTTPException(404, "Not found")
        return {"asked": letter}

    app.include_router(router)

    @app.get("/operations", response_model=Operations, include_in_schema=False)
    async def get_operations(caller: Annotated[Caller, Depends(reader)]) -> Any:
        return await show(caller)

    return app


def _who_may(ring: KeyRing, service: str, action: str) -> Callable[..., Awaitable[Caller]]:
    async def caller_of(
        bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
    ) -> Caller:
        caller = verify(ring, bearer.credentials if bearer else "", service)
        if not may(caller.role, action, "operations"):
            raise HTTPException(403, "This is for operators")
        return caller

    return caller_of


@dataclass(frozen=True, slots=True)
class SetAside:
    """What is stuck in the schema of this pool, as an operator of one tenant sees it."""

    pool: Pool
    tenants: Collection[str]  # ours

    @classmethod
    def of(cls, ground: Ground) -> Self:
        return cls(ground.pool, ground.settings.tenants.keys())

    async def stuck(self, connection: Connection, caller: Caller) -> list[Stuck]:
        return [
            Stuck.model_validate({**row, "id": f"{row['kind']}-{row['id']}"})
            for row in await set_aside.waiting(connection)
            if row["key"].partition("/")[0] not in {*self.tenants} - {caller.tenant}
        ]

    async def replay(self, caller: Caller, letter: str) -> bool:
        async with connect(self.pool) as connection:
            if letter not in {one.id for one in await self.stuck(connection, caller)}:
                return False
            kind, _, number = letter.partition("-")
            await set_aside.ask_replay_of(connection, kind, int(number))
        return True


class _State:
    def __init__(
        self,
        ground: Ground,
        consumers: Sequence[Consumer],
        outgoing: Outgoing | None,
        figures: Figures,
    ) -> None:
        self._ground, self._consumers, self._outgoing = ground, consumers, outgoing
        self._figures = figures

    async def show(self, caller: Caller) -> Operations:
        """Where the database is away, return what this process knows by itself."""
        troubles = await find_troubles(self._ground.checks)
        try:
            return (await self._read(caller)).model_copy(update={"troubles": troubles})
        except Temporary as error:
            return Operations(
                service=self._ground.schema,
                lanes=[],
                troubles={"database": str(error)} | troubles,
                failure=_failed(self._outgoing.failure) if self._outgoing else None,
            )

    async def _read(self, caller: Caller) -> Operations:
        async with connect(self._ground.pool) as connection:
            stuck = await SetAside.of(self._ground).stuck(connection, caller)
            sending = await _sending(connection) if self._outgoing else None
            failure = await unreached.read(connection) if self._outgoing else None
        lanes, bus = await self._lanes()
        return Operations(
            service=self._ground.schema,
            bus=bus,
            lanes=lanes,
            parked=[one for one in stuck if one.id.startswith("parked")],
            dead=[one for one in stuck if one.id.startswith("dead")],
            sending=sending,
            failure=_failed(failure),
            figures=list(await self._figures(caller.tenant)),
        )

    async def _lanes(self) -> tuple[list[Lane], str]:
        """Return every lane of every reader, and why the bus cannot say how far behind it is."""
        lanes, reason = [], ""
        for consumer in self._consumers:
            async with connect(self._ground.pool) as connection:
                rows = await connection.fetch(_STANDS, consumer.name)
            stands = {row["lane"]: row["position"] for row in rows}
            try:
                behind = await self._ground.bus.behind(consumer.topics, stands)
            except Temporary as error:
                behind, reason = {}, str(error)[:200]
            lanes += [
                Lane(
                    consumer=consumer.name,
                    lane=row["lane"],
                    behind=behind.get(row["lane"]),
                    moved_at=row["moved_at"],
                )
                for row in rows
            ]
        return lanes, reason


def _failed(failure: Failure | None) -> Failed | None:
    return Failed(**asdict(failure)) if failure else None


_STANDS = "select lane, position, moved_at from cursor where consumer = $1 order by lane"
_SENDING = """
select count(*) as waiting, min(taken_at) as oldest from outgoing
where state in ('waiting', 'claimed')
"""


async def _sending(connection: Connection) -> Sending:
    row = await connection.fetchrow(_SENDING)
    assert row is not None
    return Sending(**dict(row))
