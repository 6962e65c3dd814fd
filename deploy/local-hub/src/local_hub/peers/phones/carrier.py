"""What the carrier knows: handsets with their inboxes, and every message in either direction."""

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from hub_contract.sms_text import count_segments
from local_hub.peers import faults
from local_hub.peers.settings import Carrier, Handset

PRICE = Decimal("0.0885")  # euros a segment, of a German number
STOP, START = frozenset({"stop", "stopp", "end", "quit"}), frozenset({"start", "unstop"})


@dataclass
class Message:
    """One message, as Twilio's log has it."""

    sid: str
    at: datetime
    direction: str  # inbound: to the hub; outbound-api: from it
    sender: str
    to: str
    text: str
    status: str
    callback: str = ""
    error: int = 0
    media: list[tuple[str, str, bytes]] = field(default_factory=list)  # sid, media type, bytes

    @property
    def segments(self) -> int:
        return count_segments(self.text).number


class Faults(faults.Faults):
    """Those of every pretend provider, and what goes wrong at a carrier alone."""

    unpriced: bool = False  # prices are not there yet


class Phones:
    """`KeyError` for a number that is nobody's."""

    def __init__(self, settings: Carrier, token: str) -> None:
        self.settings, self.token = settings, token
        self.messages: dict[str, Message] = {}
        self.faults = Faults()
        self._stopped: set[tuple[str, str]] = set()  # handset, number of the hub

    def handset(self, number: str) -> Handset:
        return self.settings.handsets[number]

    def inbox(self, number: str) -> list[Message]:
        """Return what this handset has sent and got, oldest first."""
        mine = [one for one in self.messages.values() if number in (one.sender, one.to)]
        return [one for one in mine if one.sender == number or one.status == "delivered"]

    def write(self, handset: str, to: str, text: str, media: list[tuple[str, bytes]]) -> Message:
        """A citizen sends a message to a number of the hub."""
        self.handset(handset), self.settings.numbers[to]
        files = [(_sid("ME"), media_type, data) for media_type, data in media]
        self._note_wish(handset, to, text)
        return self._keep("inbound", handset, to, text, "received", media=files)

    def take(self, sender: str, to: str, text: str, callback: str) -> Message:
        """The hub sends a message to a handset, or to a number that is none."""
        return self._keep("outbound-api", sender, to, text, "queued", callback=callback)

    def price_of(self, message: Message) -> str | None:
        """Return what it has cost, as Twilio writes it; it is known once nothing follows."""
        is_over = message.direction != "inbound" and message.status in ("delivered", "undelivered")
        return f"-{PRICE * message.segments}" if is_over and not self.faults.unpriced else None

    def refusal(self, sender: str, to: str) -> tuple[int, str] | None:
        """Return code and words where a message is refused at once (twilio.com/docs/api/errors)."""
        if not to.startswith("+"):
            return 21211, "Invalid 'To' Phone Number"
        if (to, sender) in self._stopped:
            return 21610, "Attempt to send to unsubscribed recipient"
        handset = self.settings.handsets.get(to)
        if handset and handset.refuses:
            return handset.refuses, "Refused"
        return None

    def _note_wish(self, handset: str, to: str, text: str) -> None:
        word = text.strip().lower()
        if word in STOP:
            self._stopped.add((handset, to))
        elif word in START:
            self._stopped.discard((handset, to))

    def _keep(
        self, direction: str, sender: str, to: str, text: str, status: str, **more: object
    ) -> Message:
        message = Message(
            _sid("SM"),
            datetime.now(UTC),
            direction,
            sender,
            to,
            text,
            status,
            **more,  # type: ignore[arg-type]
        )
        self.messages[message.sid] = message
        return message


def _sid(kind: str) -> str:
    return kind + secrets.token_hex(16)
