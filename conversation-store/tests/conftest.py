"""A store on a real PostgreSQL, and citizens who write to it, for the tests of this folder."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

import channel_email
import conversation_store
from conversation_store.app import compose
from conversation_store.append.listen import TOPICS
from conversation_store.settings import StoreSettings
from conversation_store.store import Store
from hub_contract.channels import CHANNELS
from hub_contract.events import (
    Arrival,
    CallContent,
    CallRang,
    DeliveryContent,
    DeliveryReported,
    MessageContent,
    MessageRead,
    MessageReceived,
    ReadContent,
)
from hub_contract.ids import call_id, rang_id, read_id, received_id, reported_id
from hub_contract.topics import from_wire
from hub_contract.words import (
    Attachment,
    Body,
    CallStatus,
    Channel,
    ContactKind,
    ContactPoint,
    Page,
)
from hub_kit import event_log
from hub_kit.bus import Record
from hub_kit.consume import Delivered
from hub_kit.database import set_tenant, transaction
from hub_kit.find_port import free_port
from hub_kit.ground import Ground
from hub_kit.keys import KeyRing
from hub_kit.testing import fresh_database, open_ground, read_accepted
from hub_kit.tokens import Caller, issue

SERVICES = {
    name: Path(module.__file__).parent / "migrations"
    for name, module in (
        ("conversation_store", conversation_store),
        ("channel_email", channel_email),
    )
}
A, B = "musterstadt", "kleindorf"
START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@dataclass
class World:
    """The store and what is around it: what citizens send goes in, the tables come out."""

    ground: Ground
    store: Store
    owner: asyncpg.Connection
    folder: Path
    position: str = event_log.START
    numbers: Any = field(default_factory=lambda: count(1))

    def mail(
        self,
        sender: str | None = "erika@example.org",
        text: str = "Guten Tag",
        *,
        tenant: str = A,
        channel: Channel = Channel.EMAIL,
        account: str = "post",
        name: str = "",
        external_id: str | None = None,
        at: datetime | None = None,
        original: bytes = b"",
        files: tuple[bytes, ...] = (),
        event: dict[str, Any] | None = None,
        **content: Any,
    ) -> Arrival:
        """Return a message as a channel would hand it to `accept`."""
        number = next(self.numbers)
        external_id = f"<{number}@example.org>" if external_id is None else external_id
        point = sender and ContactPoint(kind=CHANNELS[channel].reaches, value=sender, name=name)
        message = MessageReceived(
            id=received_id(tenant, channel, account, external_id, str(number)),
            tenant=tenant,
            channel=channel,
            account=account,
            received_at=at or START + timedelta(seconds=number),
            content=MessageContent(
                sender=point or None,
                external_id=external_id,
                **{"body": Body(text=text), **content},
            ),
            **(event or {}),
        )
        return Arrival(message, original=original, files=files)

    def report(
        self, message_id, status, *, tenant: str = A, external_id: str = "", **more
    ) -> Arrival:
        number = next(self.numbers)
        event = DeliveryReported(
            id=reported_id(tenant, "email", "post", message_id, status, str(number)),
            tenant=tenant,
            channel=Channel.EMAIL,
            account="post",
            message_id=message_id,
            status=status,
            at=START + timedelta(seconds=number),
            content=DeliveryContent(external_id=external_id),
            **more,
        )
        return Arrival(event)

    def fax(self, sender: str = "+4930901820", **more: Any) -> Arrival:
        """Return a fax whose pages will be read."""
        event = {"pages": 2, "to_be_read": True, **more.pop("event", {})}
        more = {"text": "", "account": "fax-1", "original": b"II*\0", **more}
        return self.mail(sender, channel=Channel.FAX, event=event, **more)

    def reading(
        self,
        of: Arrival,
        text: str = "Widerspruch",
        *,
        readable: bool = True,
        again: str = "",
        pages: int = 2,
        **content: Any,
    ) -> Arrival:
        """Return what a machine has read in the pages of this arrival."""
        event = of.event
        said = ReadContent(
            body=Body(text=text),
            attachments=(
                Attachment(
                    file_name="durchsuchbar.pdf",
                    media_type="application/pdf",
                    size=3,
                    derived=True,
                ),
            ),
            pages=tuple(Page(number=n, width=8, height=11) for n in range(1, pages + 1)),
            **content,
        )
        message = MessageRead(
            id=read_id(event.tenant, event.id, *([again] if again else [])),
            tenant=event.tenant,
            channel=event.channel,
            account=event.account,
            message_id=event.id,
            at=START + timedelta(seconds=next(self.numbers)),
            readable=readable,
            confidence=0.9,
            content=said if readable else ReadContent(),
        )
        each = (b"small", b"large", b'[["Hund",1,2,3,4,90]]')
        return Arrival(message, files=(b"pdf", *each * pages) if readable else ())

    def call(
        self,
        number: str | None = "+491711234567",
        status: CallStatus = CallStatus.RINGING,
        *,
        tenant: str = A,
        sid: str = "CA0001",
        **content: Any,
    ) -> Arrival:
        """Return what a phone channel says of a call while it lasts."""
        way = (tenant, "phone", "zentrale", sid)
        caller = number and ContactPoint(kind=ContactKind.PHONE, value=number)
        event = CallRang(
            id=rang_id(*way, status),
            tenant=tenant,
            channel=Channel.PHONE,
            account="zentrale",
            call_id=call_id(*way),
            status=status,
            at=datetime.now(UTC),
            content=CallContent(caller=caller or None, external_id=sid, **content),
        )
        return Arrival(event)

    async def take_in(self, *arrivals: Arrival) -> list[Any]:
        """Accept these and let the store append them as one batch; return their entries."""
        accepted = await self.ground.accept.all(list(arrivals))
        await self.append()
        return [await self.entry(one.event_id) for one in accepted]

    async def append(self, limit: int = 1000) -> None:
        while delivered := await self.read(limit):
            async with transaction(self.ground.pool) as connection:
                await self.store.append(connection, delivered)

    async def read(self, limit: int = 1000) -> list[Delivered]:
        topics = list(TOPICS)
        rows = await read_accepted(self.ground.pool, self.position, topics, limit)
        self.position = rows[-1].position if rows else self.position
        return [delivered(row.wire, row.position) for row in rows]

    async def entry(self, entry_id) -> Any:
        return await self.owner.fetchrow(
            "select * from conversation_store.entry where id = $1", entry_id
        )

    async def conversation(self, conversation_id) -> Any:
        sql = "select * from conversation_store.conversation where id = $1"
        return await self.owner.fetchrow(sql, conversation_id)

    async def rows(self, table: str, order: str = "1") -> list[Any]:
        return await self.owner.fetch(f"select * from conversation_store.{table} order by {order}")

    async def said(self, topic: str) -> list[Any]:
        """Return the events that the store has put on the bus, in order."""
        sql = "select body from hub.event_log where topic = $1 order by xid, seq"
        return [from_wire(row["body"]) for row in await self.owner.fetch(sql, topic)]

    def transaction(self):
        return transaction(self.ground.pool)

    def logged(self, queries: list[str]) -> Ground:
        """Return the ground with a pool that writes down what is asked."""
        return replace(self.ground, pool=LoggedPool(self.ground.pool, queries))

    async def erase(self, *owners) -> None:
        async with transaction(self.ground.pool, A) as connection:
            await event_log.erase_keys(connection, list(owners))

    async def as_role(self, sql: str, *arguments: Any, tenant: str = "") -> list[Any]:
        async with transaction(self.ground.pool) as connection:
            if tenant:
                await set_tenant(connection, tenant)
            return await connection.fetch(sql, *arguments)


@dataclass
class LoggedPool:
    pool: asyncpg.Pool
    queries: list[str]

    async def acquire(self, **more: Any) -> Any:
        connection = await self.pool.acquire(**more)
        connection.add_query_logger(lambda record: self.queries.append(record.query))
        return connection

    async def release(self, connection: Any, **more: Any) -> None:
        await self.pool.release(connection, **more)


def delivered(wire, position: str = "1:1") -> Delivered:
    record = Record(wire.topic, wire.key, position, wire.traceparent, wire.body)
    return Delivered(record, from_wire(wire.body))


@pytest.fixture
def services() -> dict[str, Path]:
    return SERVICES


@pytest.fixture
async def owner_dsn(cluster) -> AsyncIterator[str]:
    async with fresh_database(cluster, SERVICES) as dsn:
        yield dsn


@pytest.fixture
async def world(owner_dsn, tmp_path) -> AsyncIterator[World]:
    async with open_ground("conversation_store", owner_dsn, tmp_path) as ground:
        owner = await asyncpg.connect(owner_dsn)
        try:
            yield World(ground, Store.open(ground, StoreSettings()), owner, tmp_path)
        finally:
            await owner.close()


@pytest.fixture(name="free_port")
def _free_port() -> int:
    return free_port()


@pytest.fixture
def app(world) -> FastAPI:
    return compose(world.store)


class Desk(httpx.AsyncClient):
    """An HTTP client of the store; `as_` makes one for another tenant or role."""

    def __init__(self, ring: KeyRing, app: FastAPI, caller: Caller | None = None) -> None:
        self.caller = caller or Caller("agent-7", A, "agent")
        self.ring, self.app = ring, app
        token = issue(ring, self.caller, "conversation_store")
        super().__init__(
            # Errors of ours must be answers too, not exceptions in the test.
            transport=httpx.ASGITransport(app, raise_app_exceptions=False),
            base_url="http://store",
            headers={"Authorization": f"Bearer {token}"},
        )

    def as_(self, tenant: str = A, role: str = "agent", who: str = "agent-7") -> "Desk":
        return Desk(self.ring, self.app, Caller(who, tenant, role))

    async def pages(self, path: str, **params: Any) -> list[Any]:
        """Return the entries of all pages, in the order of the pages."""
        cursor = {"oldest": "after"}.get(params.get("order", ""), "before")
        found: list[Any] = []
        while True:
            page = (await self.get(path, params=params)).raise_for_status().json()
            found += page["entries"]
            if page["next"] is None:
                return found
            params[cursor] = page["next"]


@pytest.fixture
async def desk(world, app) -> AsyncIterator[Desk]:
    desk = Desk(world.ground.ring, app)
    yield desk
    await desk.aclose()
