"""An office for the tests of this folder: a real store on a real PostgreSQL, and the desk before it."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

import conversation_store
import workspace
from conversation_store.app import compose as compose_store
from conversation_store.authorities import Authority
from conversation_store.settings import StoreSettings
from conversation_store.store import Store
from hub_contract.channels import CHANNELS
from hub_contract.contact_points import contact_point
from hub_contract.events import (
    Arrival,
    CallContent,
    CallRang,
    DeliveryReported,
    MessageContent,
    MessageReceived,
)
from hub_contract.ids import call_id, rang_id, received_id, reported_id
from hub_contract.topics import from_wire
from hub_contract.words import Body, CallStatus, Channel, ContactKind
from hub_kit import event_log
from hub_kit.accept import Accepted
from hub_kit.bus import Record
from hub_kit.consume import Delivered
from hub_kit.database import transaction
from hub_kit.ground import Ground
from hub_kit.settings import Account, TenantSection
from hub_kit.testing import fresh_database, open_ground, read_accepted
from hub_kit.tokens import Caller
from hub_pages.testing import Door, Loop, serving
from workspace.app import _send, compose
from workspace.ask import open_client
from workspace.settings import WorkspaceSettings

SERVICES = {
    name: Path(module.__file__).parent / "migrations"
    for name, module in (("conversation_store", conversation_store), ("workspace", workspace))
}
A, B = "musterstadt", "kleindorf"
TENANTS = {
    A: TenantSection(
        name="Stadt Musterstadt",
        accounts={
            "post": Account(channel="email", address="post@musterstadt.example"),
            "portal": Account(channel="web", address="portal"),
            "kurz": Account(channel="sms", address="+4930111"),
            "fax": Account(channel="fax", address="+4930112"),
            "briefe": Account(channel="paper", address="Rathaus"),
            "telefon": Account(channel="phone", address="+4930110"),
        },
    ),
    B: TenantSection(name="Gemeinde Kleindorf"),
}
NOBODY = "http://127.0.0.1:9"  # nothing listens there
PEOPLE = {
    "desk": Caller("agent-7", A, "agent"),
    "chief": Caller("chief-1", A, "supervisor"),
    "colleague": Caller("agent-8", A, "agent"),
    "village": Caller("agent-1", B, "agent"),
    "operator": Caller("op-1", A, "operator"),
    "citizen": Caller("c-1", A, "citizen"),
}


@dataclass
class Office:
    """What citizens send goes in by `mail` and `take_in`; agents come by `address`."""

    loop: Loop
    store: Store
    ground: Ground  # of the store
    own: Ground  # of the desk
    address: str = ""
    tail: Any = None  # of the desk
    client_of_store: Any = None
    position: str = event_log.START
    numbers: Any = field(default_factory=lambda: count(1))

    def mail(
        self,
        sender: str = "erika@example.org",
        text: str = "Guten Tag",
        *,
        tenant: str = A,
        channel: Channel = Channel.EMAIL,
        name: str = "Erika Muster",
        ago: timedelta | None = None,
        original: bytes = b"",
        files: tuple[bytes, ...] = (),
        event: dict[str, Any] | None = None,
        body: Body | None = None,
        **content: Any,
    ) -> Arrival:
        """Return a message as a channel would hand it to `accept`."""
        number = next(self.numbers)
        external_id = f"<{number}@example.org>"
        account = "portal" if channel is Channel.WEB else "post"
        message = MessageReceived(
            id=received_id(tenant, channel, account, external_id, str(number)),
            tenant=tenant,
            channel=channel,
            account=account,
            received_at=datetime.now(UTC) - (ago or timedelta(minutes=1)),
            content=MessageContent(
                sender=contact_point(CHANNELS[channel].reaches, sender, "DE", name),
                body=body or Body(text=text),
                external_id=external_id,
                **content,
            ),
            **(event or {}),
        )
        return Arrival(message, original=original, files=files)

    def call(
        self,
        number: str | None = "+491711234567",
        status: CallStatus = CallStatus.RINGING,
        *,
        sid: str = "CA1",
        **content: Any,
    ) -> str:
        """Let a call ring, be answered or end; return its id."""
        way = (A, "phone", "telefon", sid)
        caller = contact_point(ContactKind.PHONE, number, "DE") if number else None
        event = CallRang(
            id=rang_id(*way, status),
            tenant=A,
            channel=Channel.PHONE,
            account="telefon",
            call_id=call_id(*way),
            status=status,
            at=datetime.now(UTC),
            content=CallContent(caller=caller, external_id=sid, **content),
        )
        self.loop.run(self._append([Arrival(event)]))
        return str(event.call_id)

    def report(self, message_id: str, status: str, **more: Any) -> Arrival:
        event = DeliveryReported(
            id=reported_id(
                *(A, "email", "post", UUID(str(message_id)), status, str(next(self.numbers))),
            ),
            tenant=A,
            channel=Channel.EMAIL,
            account="post",
            message_id=message_id,
            status=status,
            at=datetime.now(UTC),
            content={},
            **more,
        )
        return Arrival(event)

    def take_in(self, *arrivals: Arrival) -> list[str]:
        """Accept these and let the store append them; return the ids of their conversations."""
        return self.loop.run(self._take_in(arrivals))

    async def _take_in(self, arrivals: tuple[Arrival, ...]) -> list[str]:
        accepted = await self._append(arrivals)
        return [await self._conversation_of(one.event_id, arrivals[0]) for one in accepted]

    async def _append(self, arrivals: Sequence[Arrival]) -> list[Accepted]:
        accepted = await self.ground.accept.all(list(arrivals))
        topics = ["faden.message.received", "faden.delivery.reported", "faden.call.rang"]
        while rows := await read_accepted(self.ground.pool, self.position, topics):
            self.position = rows[-1].position
            letters = [
                Delivered(
                    Record(r.wire.topic, r.wire.key, r.position, r.wire.traceparent, r.wire.body),
                    from_wire(r.wire.body),
                )
                for r in rows
            ]
            async with transaction(self.ground.pool) as connection:
                await self.store.append(connection, letters)
        return accepted

    async def _conversation_of(self, entry_id: Any, like: Arrival) -> str:
        async with transaction(self.ground.pool, like.event.tenant) as connection:
            sql = "select conversation_id from entry where id = $1"
            return str(await connection.fetchval(sql, entry_id))

    def sql(self, query: str, *arguments: Any, tenant: str = A, ground: Any = None) -> list[Any]:
        async def ask() -> list[Any]:
            async with transaction((ground or self.ground).pool, tenant) as connection:
                return await connection.fetch(query, *arguments)

        return self.loop.run(ask())

    def store_away(self) -> None:
        """From here on nobody answers where the store was."""
        self.client_of_store.base_url = httpx.URL(NOBODY)

    def client(self, who: str = "desk", **more: Any) -> httpx.Client:
        """Return an HTTP client that the door takes for this person."""
        headers = {"Accept": "text/html", "Accept-Language": "de"} | more.pop("headers", {})
        return httpx.Client(
            base_url=f"{self.address}/{who}", headers=headers, timeout=30, trust_env=False, **more
        )


@pytest.fixture
def authority() -> Authority | None:
    """What is known of the authority of the desk, beside its name."""
    return None


@pytest.fixture
def undo_seconds() -> float:
    """How long answers are held; a test that takes one back asks for long."""
    return 0.5


@pytest.fixture
def office(cluster, tmp_path, undo_seconds, authority) -> Iterator[Office]:
    loop = Loop()
    with ExitStack() as ending:
        ending.callback(loop.close)
        stack = AsyncExitStack()
        ending.callback(lambda: loop.run(stack.aclose()))
        office, store = loop.run(_open(stack, cluster, tmp_path, loop, authority))
        address = ending.enter_context(serving(store, loop))
        app, running = loop.run(_begin(stack, office, address, undo_seconds))
        ending.callback(lambda: loop.run(_stop(running)))
        rooms = {f"/{name}": ("workspace", app, caller) for name, caller in PEOPLE.items()}
        office.address = ending.enter_context(serving(Door(office.ground.ring, rooms), loop))
        yield office


async def _stop(running: list[asyncio.Task[None]]) -> None:
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


async def _open(
    stack: AsyncExitStack, cluster: Any, folder: Path, loop: Loop, authority: Authority | None
) -> Any:
    dsn = await stack.enter_async_context(fresh_database(cluster, SERVICES))
    grounds = []
    for schema in SERVICES:
        ground = await stack.enter_async_context(open_ground(schema, dsn, folder))
        settings = ground.settings.model_copy(update={"tenants": TENANTS})
        grounds.append(replace(ground, settings=settings))
    said = {A: authority} if authority else None
    store = Store.open(grounds[0], StoreSettings(), said)
    return Office(loop, store, *grounds), compose_store(store)


async def _begin(stack: AsyncExitStack, office: Office, address: str, undo_seconds: float) -> Any:
    client = open_client(address)
    await stack.enter_async_context(client)
    services = {"conversation_store": address, "channel_email": NOBODY}
    settings = WorkspaceSettings(undo_seconds=undo_seconds, operations=services)
    app = compose(office.own, settings, client)
    office.tail, office.client_of_store = app.state.tail, client
    work = (_send(app.state.desk), app.state.tail.run())
    running = [asyncio.create_task(one) for one in work]
    return app, running
