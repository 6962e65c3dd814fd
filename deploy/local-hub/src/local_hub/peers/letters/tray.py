"""The letters that the post has brought: what lies on the citizen's table."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

from local_hub.peers.letters.inspect import address_of, count_pages


def _nothing() -> None:
    """Do nothing: nobody hears that it goes back."""


@dataclass(frozen=True, slots=True)
class Brought:
    """One letter in its envelope, as it lies there; `give_back` tells whoever has posted it."""

    pdf: bytes
    address: str
    pages: int
    give_back: Callable[[], object] = _nothing
    id: str = field(default_factory=lambda: uuid4().hex)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


class Tray:
    """Keeps the last letters, in memory: the table is played anew each time."""

    def __init__(self, most: int = 50) -> None:
        self._most, self.letters = most, dict[str, Brought]()

    def bring(self, pdf: bytes, give_back: Callable[[], object] = _nothing) -> Brought:
        brought = Brought(pdf, address_of(pdf), count_pages(pdf), give_back)
        self.letters[brought.id] = brought
        while len(self.letters) > self._most:
            del self.letters[next(iter(self.letters))]
        return brought
