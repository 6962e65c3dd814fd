"""What the fax provider knows: machines with their numbers, and every fax in either direction."""

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from local_hub.peers import faults
from local_hub.peers.settings import Faxes, FaxNumber, Machine

NEVER = datetime.min.replace(tzinfo=UTC)
LINK_LIVES = timedelta(minutes=10)  # of a stored file, as Telnyx says


@dataclass
class Fax:
    """One fax, as a provider's log has it. `status` is in Telnyx's words."""

    id: str
    at: datetime
    direction: str  # inbound: to the hub; outbound: from it
    sender: str
    to: str
    status: str
    file: bytes = b""
    pages: int = 0
    client_state: str = ""
    hook: str = ""  # that is called for this one
    failure: str = ""  # why it failed, in Telnyx's words
    partial: bool = False
    labels: dict[str, str] = field(default_factory=dict)
    link: str = ""  # the secret part of the file's address
    link_until: datetime = NEVER

    def renew(self, lives: timedelta = LINK_LIVES) -> None:
        """Give the file a new address, for a while."""
        self.link, self.link_until = secrets.token_hex(16), datetime.now(UTC) + lives


class Faults(faults.Faults):
    """Those of every pretend provider, and what goes wrong at a fax provider alone."""

    silent: bool = False  # no hook is called
    media_answer: int = 0  # this status where a file is fetched
    link_lives: float = LINK_LIVES.total_seconds()
    endless: bool = False  # files that are fetched never end
    media_type: str = ""  # what a file is said to be


class Machines:
    """`KeyError` for a number that is nobody's."""

    def __init__(self, settings: Faxes, token: str) -> None:
        self.settings, self.token = settings, token
        self.faxes: dict[str, Fax] = {}
        self.media: dict[str, bytes] = {}  # laid down by the hub, by name
        self.faults = Faults()

    def machine(self, number: str) -> Machine:
        return self.settings.machines[number]

    def number(self, number: str) -> FaxNumber:
        return self.settings.numbers[number]

    def tray(self, number: str) -> list[Fax]:
        """Return what this machine has sent and got, oldest first."""
        mine = [one for one in self.faxes.values() if number in (one.sender, one.to)]
        return [one for one in mine if one.sender == number or one.status == "delivered"]

    def feed(self, machine: str, to: str, file: bytes, pages: int, *, partial: bool = False) -> Fax:
        """A citizen faxes to a number of the hub."""
        self.machine(machine), self.number(to)
        fax = self._keep("inbound", machine, to, file, pages)
        fax.partial = partial
        fax.renew(timedelta(seconds=self.faults.link_lives))
        return fax

    def take(self, sender: str, to: str, file: bytes, pages: int, hook: str) -> Fax:
        """The hub faxes to a machine, or to a number that is none."""
        fax = self._keep("outbound", sender, to, file, pages)
        fax.hook = hook
        return fax

    def fate(self, fax: Fax) -> tuple[str, str]:
        """Return how a fax of the hub's ends: the last word, and why."""
        machine = self.settings.machines.get(fax.to)
        failure = machine.fails if machine else "receiver_unallocated_number"
        return ("failed", failure) if failure else ("delivered", "")

    def _keep(self, direction: str, sender: str, to: str, file: bytes, pages: int) -> Fax:
        status = "received" if direction == "inbound" else "queued"
        fax = Fax(str(uuid4()), datetime.now(UTC), direction, sender, to, status, file, pages)
        self.faxes[fax.id] = fax
        return fax
