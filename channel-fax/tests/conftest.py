"""A ground, numbers of ours, HylaFAX's spool in a folder, and a pretend hfaxd over a real socket."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

import channel_fax
from channel_fax.numbers import Accounts, AnyNumber, HylafaxAccount
from channel_fax.receive.hylafax import Received
from channel_fax.receive.strays import Strays
from channel_fax.receive.sweep import Sweeper
from channel_fax.send.hylafax import HylafaxSender, login_of
from channel_fax.send.jobs import Jobs
from channel_fax.send.watch import Watch
from channel_fax.settings import Hylafax
from hub_contract.events import (
    Arrival,
    DeliveryReported,
    MessageReceived,
    MessageRequested,
    RequestedContent,
)
from hub_contract.words import Channel, ContactKind, ContactPoint
from hub_kit.accept import Accepted
from hub_kit.ground import Ground
from hub_kit.listen import HostPort
from hub_kit.testing import Cluster, fresh_database, open_ground
from hub_kit.turns import Turns
from local_hub.peers.faxes.hfaxd import Hfaxd

MIGRATIONS = Path(channel_fax.__file__).parent / "migrations"
OURS, OTHER, ERIKA = "+4971112398", "+4971112397", "+497115550101"
SECRET = "the secret of a line"


@pytest.fixture
async def ground(cluster: Cluster, tmp_path: Path) -> AsyncIterator[Ground]:
    async with (
        fresh_database(cluster, {"channel_fax": MIGRATIONS}) as dsn,
        open_ground("channel_fax", dsn, tmp_path) as ground,
    ):
        yield ground


def number(
    name: str, address: str, tenant: str = "musterstadt", *, allowed: bool = True
) -> AnyNumber:
    section = HylafaxAccount(address=address, country="DE", allowed=allowed)
    return AnyNumber(tenant, name, "Stadt Musterstadt", section)


@dataclass
class Line:
    """All of ours that stands at HylaFAX, and what was new among what came."""

    ground: Ground
    settings: Hylafax
    numbers: Accounts
    came: list[MessageReceived | DeliveryReported] = field(default_factory=list)
    originals: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.strays, self.jobs = (
            Strays(self.ground.pool, self.ground.ring),
            Jobs(self.ground.pool),
        )
        self.turns = Turns(self.ground.pool)
        self.received = Received(self.numbers, self.accept, self.strays)
        self.sweeper = Sweeper(self.settings, self.received, self.strays, self.turns, 1_000_000)
        self.sender = HylafaxSender(self.numbers, self.settings, 10, self.jobs)
        self.watch = Watch(
            self.settings, login_of(self.settings), self.accept, self.jobs, self.turns
        )

    async def accept(self, arrival: Arrival) -> Accepted:
        accepted = await self.ground.accept(arrival)
        if accepted.new:
            self.came.append(arrival.event)
            self.originals.append(arrival.original)
        return accepted


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    folder = tmp_path / "spool"
    for name in ("recvq", "log"):
        (folder / name).mkdir(parents=True)
    return folder


@pytest.fixture
def hfaxd() -> Hfaxd:
    return Hfaxd()


@pytest.fixture
async def line_at(ground: Ground) -> AsyncIterator[Callable[[Hylafax], Line]]:
    """Return what stands all of ours at a HylaFAX; it is let go at the end."""
    made: list[Line] = []

    def stand(settings: Hylafax) -> Line:
        numbers = Accounts([number("fax", OURS), number("amt", OTHER)], "http://hub.example")
        made.append(Line(ground, settings, numbers))
        return made[-1]

    yield stand
    for ours in made:
        await ours.sender.close()
        await ours.turns.close()


@pytest.fixture
async def line(
    line_at: Callable[[Hylafax], Line], spool: Path, hfaxd: Hfaxd
) -> AsyncIterator[Line]:
    async with hfaxd.serve() as port:
        door = HostPort("127.0.0.1", port)
        yield line_at(Hylafax(hfaxd=door, spool=spool, sweep_after=0.001, lines=98))


@pytest.fixture
def request_to() -> Callable[..., MessageRequested]:
    def make(to: str = ERIKA, text: str = "Guten Tag", account: str = "fax") -> MessageRequested:
        recipient = ContactPoint(kind=ContactKind.FAX, value=to)
        return MessageRequested(
            id=uuid4(),
            tenant="musterstadt",
            channel=Channel.FAX,
            account=account,
            conversation_id=uuid4(),
            requested_at=datetime.now(UTC),
            content=RequestedContent(
                recipient=recipient, text=text, subject="Ihr Antrag", reference="482915063746"
            ),
        )

    return make
