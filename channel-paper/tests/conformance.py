"""Paper, as the suite of all channels talks to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from channel_paper.boxes import Boxes, FolderBox, PaperBox
from channel_paper.parse import Context, parse
from channel_paper.send.folder import FolderSender
from hub_contract.events import Arrival, MessageContent
from hub_contract.words import ContactKind, ContactPoint
from hub_kit.conformance import Driver
from hub_kit.ground import Ground
from hub_kit.outgoing import Sender

ERIKA = ContactPoint(kind=ContactKind.POSTAL, value="Erika Mustermann\nHeidestraße 17\n51147 Köln")
NOBODY = ContactPoint(kind=ContactKind.EMAIL, value="erika@example.org")


def arrive(text: str, tenant: str, at: datetime) -> Arrival:
    """A scan has no words before it is read: the name of its file is what travels of it."""
    raw = b"%PDF-1.7\n" + text.encode("utf-8", "surrogatepass") + b"\n%%EOF\n"
    return parse(raw, Context(tenant, "letters", at, text))


def words(said: MessageContent) -> str:
    return said.batch


@asynccontextmanager
async def sending(_: Ground) -> AsyncIterator[tuple[Sender, ContactPoint]]:
    with TemporaryDirectory() as folder:
        section = FolderBox(
            address="Stadt", folder=Path(folder, "in"), print_folder=Path(folder, "out")
        )
        box = PaperBox("musterstadt", "letters", "Stadt Musterstadt", section)
        yield FolderSender(Boxes([box])), ERIKA


DRIVER = Driver(
    "letters", arrive, sending, unreachable=NOBODY, files=0, words=words, knows_sender=False
)
