"""A letter of ours that came back is reported by its code, in the boxes that say so; nowhere else."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from channel_paper.boxes import Boxes, PaperBox
from channel_paper.parse import Context, parse
from channel_paper.parse.report import SCANNED
from channel_paper.receive.returns import ReturnsReader
from hub_contract.delivery import Delivery, Reason
from hub_contract.errors import Temporary
from hub_contract.events import Arrival, MessageRead, MessageReceived, ReadContent
from hub_contract.page_codes import SEPARATOR, write_page_code
from hub_print.letter import Letter, Sender, letter
from hub_reading.read_page import look_at_page

AT = datetime(2026, 11, 28, 9, tzinfo=UTC)
READ_AT = datetime(2026, 11, 28, 9, 5, tzinfo=UTC)
REFERENCE = "384291770608"
ONE, OTHER = UUID(int=7), UUID("0199f5a0-7c1e-7000-8000-0123456789ab")
CODES = {one: write_page_code(REFERENCE, one) for one in (ONE, OTHER)}


def reads(*codes: str):
    """Return a reader that finds these codes on every scan."""

    async def read(received: MessageReceived, _: bytes) -> Arrival:
        content = ReadContent(codes=codes)
        return Arrival(
            MessageRead(
                id=UUID(int=1),
                tenant=received.tenant,
                channel=received.channel,
                account=received.account,
                message_id=received.id,
                at=READ_AT,
                content=content,
            )
        )

    return read


def box_of(place, *, returns: bool) -> PaperBox:
    box = place.box
    settings = box.settings.model_copy(update={"returns": returns})
    return PaperBox(box.tenant, box.name, box.display_name, settings)


async def read_in(box: PaperBox, taken, *codes: str, account: str = "letters") -> Arrival:
    scan = parse(b"%PDF-1.7\n%%EOF\n", Context("musterstadt", account, AT)).event
    assert isinstance(scan, MessageReceived)
    read = await ReturnsReader(reads(*codes), Boxes([box]), taken.all)(scan, b"")
    assert read.event.message_id == scan.id
    return read


@pytest.mark.parametrize(
    ("codes", "letters"),
    [
        ((), []),
        ((CODES[ONE],), [ONE]),
        ((CODES[OTHER], CODES[ONE], CODES[OTHER]), [OTHER, ONE]),  # two letters in one scan
        ((f" {CODES[ONE]}\n", "4006381333931"), [ONE]),
        ((SEPARATOR, REFERENCE, f"F:{REFERENCE}:7", CODES[ONE][:-1], "https://example.org"), []),
    ],
    ids=["none", "one", "two", "among-others", "none-of-ours"],
)
async def test_what_came_back(place, codes, letters):
    await read_in(box_of(place, returns=True), place.taken, *codes)
    assert [one.message_id for one in place.events] == letters
    for one in place.events:
        assert (one.type, one.tenant, one.account, one.at) == (
            "delivery.reported", "musterstadt", "letters", AT,
        )  # fmt: skip
        assert (one.status, one.reason, one.code) == (Delivery.RETURNED, Reason.OTHER, SCANNED)


@pytest.mark.parametrize(("returns", "account"), [(False, "letters"), (True, "removed")])
async def test_elsewhere_a_code_reports_nothing(place, returns, account):
    box = box_of(place, returns=returns)
    await read_in(box, place.taken, CODES[ONE], account=account)
    assert place.events == []


async def test_scanned_or_read_again_is_the_same_report(place):
    box = box_of(place, returns=True)
    place.taken.full = True
    with pytest.raises(Temporary):  # the frame reads it again
        await read_in(box, place.taken, CODES[ONE])
    place.taken.full = False
    for _ in range(2):
        await read_in(box, place.taken, CODES[ONE])
    assert [one.message_id for one in place.events] == [ONE]


async def test_the_code_of_a_letter_of_ours_is_read(place):
    wanted = Letter(
        sender=Sender("Stadt Musterstadt", "Rathausplatz 1 · 12345 Musterstadt"),
        recipient=("Erika Mustermann", "Heidestraße 17", "51147 Köln"),
        text="Guten Tag.",
        reference=REFERENCE,
        message_id=OTHER,
        day=date(2026, 11, 20),
    )
    found = look_at_page(letter(wanted).pdf, 1).codes
    codes = [one.text for one in found]
    await read_in(box_of(place, returns=True), place.taken, *codes)
    assert [one.message_id for one in place.events] == [OTHER]
