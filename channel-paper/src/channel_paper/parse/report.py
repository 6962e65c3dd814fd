"""Turn what a carrier says of a letter into a delivery report: pure."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from hub_contract.delivery import Delivery, Reason
from hub_contract.events import (
    Arrival,
    DeliveryContent,
    DeliveryReported,
    MessageRead,
    ReadContent,
)
from hub_contract.ids import reported_id
from hub_contract.page_codes import read_page_code
from hub_contract.words import Channel

SCANNED = "scanned"  # we read it ourselves on a letter that came back


@dataclass(frozen=True, slots=True)
class Said:
    """What a carrier says of one letter, in our words and in its own."""

    message_id: UUID
    status: Delivery
    reason: Reason = Reason.NONE
    code: str = ""
    external_id: str = ""
    diagnostic: str = ""
    pages: int | None = None


def report(said: Said, tenant: str, account: str, at: datetime, raw: bytes = b"") -> Arrival:
    """Return the report; the same word of the same letter is the same report."""
    event = DeliveryReported(
        id=reported_id(
            tenant,
            Channel.PAPER,
            account,
            said.message_id,
            said.status,
            said.external_id,
            said.code,
        ),
        tenant=tenant,
        channel=Channel.PAPER,
        account=account,
        message_id=said.message_id,
        status=said.status,
        reason=said.reason,
        code=said.code[:100],
        at=at,
        pages=said.pages,
        content=DeliveryContent(external_id=said.external_id, diagnostic=said.diagnostic),
    )
    return Arrival(event, raw)


def returned(read: MessageRead, at: datetime) -> list[Arrival]:
    """Return that the letters came back whose codes stand on this scan; `at`: when it was scanned.

    Whose letter it was the store knows: what names none of this tenant's counts for nothing there.
    """
    said = read.content.codes if isinstance(read.content, ReadContent) else ()
    letters = dict.fromkeys(code.message_id for code in map(read_page_code, said) if code)
    # Why it came back stands on the envelope, in the hand of whoever carried it.
    return [
        report(
            Said(letter, Delivery.RETURNED, Reason.OTHER, code=SCANNED),
            read.tenant,
            read.account,
            at,
        )
        for letter in letters
    ]


def letter_called(name: str, tenant: str, account: str) -> UUID | None:
    """Return which letter of this box a carrier calls so (`send.make.name_of`); None: no one's."""
    begin = f"{tenant}.{account}."
    if not name.startswith(begin) or not name.endswith(".pdf"):
        return None
    try:
        return UUID(name.removeprefix(begin).removesuffix(".pdf"))
    except ValueError:
        return None
