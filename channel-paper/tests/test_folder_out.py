"""Letters lie in a folder to be printed, each day's batch is closed, receipts become reports."""

import csv
import json
from datetime import UTC, date, datetime
from io import BytesIO, StringIO
from uuid import UUID

import pikepdf
import pytest

from channel_paper.boxes import Boxes, FolderBox, PaperBox
from channel_paper.parse.receipt import Odd, read_receipt
from channel_paper.receive.receipts import PrintRoom, close_batch
from channel_paper.send.folder import FolderSender
from hub_contract.delivery import Delivery, Reason
from hub_contract.errors import Temporary
from hub_contract.events import MessageRequested, RequestedContent
from hub_contract.words import Attachment, Blob, Channel, ContactKind, ContactPoint

MESSAGE = UUID("0199f5a0-7c1e-7000-8000-0123456789ab")
ERIKA = "Erika Mustermann\nHeidestraße 17\n51147 Köln"


def asked(address: str = ERIKA, *, as_written=False, text="Guten Tag.", files=0, **more):
    point = ContactPoint(kind=ContactKind.POSTAL, value=address, as_written=as_written)
    blob = Blob(name="b", length=1, size=1)
    content = RequestedContent(
        recipient=point,
        subject="Re: AW: Wohngeld",
        text=text,
        reference="384291770608",
        attachments=tuple(
            Attachment(file_name=f"{n}.pdf", media_type="application/pdf", size=1, blob=blob)
            for n in range(files)
        ),
        **more,
    )
    return MessageRequested(
        id=MESSAGE,
        tenant="musterstadt",
        channel=Channel.PAPER,
        account="letters",
        conversation_id=MESSAGE,
        requested_at=datetime(2026, 11, 27, 23, 30, tzinfo=UTC),  # the 28th in Berlin
        content=content,
    )


@pytest.fixture
def box(tmp_path):
    section = FolderBox(
        address="Stadt Musterstadt\nRathausplatz 1\n12345 Musterstadt",
        folder=tmp_path / "in",
        print_folder=tmp_path / "out",
    )
    return PaperBox("musterstadt", "letters", "Stadt Musterstadt", section)


@pytest.fixture
def sender(box):
    return FolderSender(Boxes([box]))


def page() -> bytes:
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(595, 842))
        pdf.save(written := BytesIO())
        return written.getvalue()


async def test_a_letter_is_a_pdf_and_a_json_on_its_day(sender, tmp_path):
    outcome = await sender.send(asked(files=1), (page(),))
    assert (outcome.status, outcome.pages) == (Delivery.ACCEPTED, 2)
    day = tmp_path / "out" / "2026-11-28"
    assert sorted(path.name for path in day.iterdir()) == [f"{MESSAGE}.json", f"{MESSAGE}.pdf"]
    facts = json.loads((day / f"{MESSAGE}.json").read_bytes())
    assert facts["recipient"] == ERIKA.split("\n")
    assert (facts["pages"], facts["own_pages"]) == (2, 1)
    with pikepdf.open(day / f"{MESSAGE}.pdf") as pdf:
        assert len(pdf.pages) == 2
        assert pdf.docinfo["/Title"] == "Wohngeld"


async def test_written_again_it_is_the_same_letter(sender, tmp_path):
    await sender.send(asked(), ())
    [path] = (tmp_path / "out").rglob("*.pdf")
    before = path.read_bytes()
    await sender.send(asked(), ())
    assert [path.read_bytes() for path in (tmp_path / "out").rglob("*.pdf")] == [before]


async def test_what_was_lost_is_looked_for_in_the_folder(sender):
    assert await sender.look_up(asked()) is None
    await sender.send(asked(), ())
    found = await sender.look_up(asked())
    assert found is not None
    assert found.status is Delivery.ACCEPTED


@pytest.mark.parametrize(
    ("given", "code", "reason"),
    [
        ((asked("Erika"), ()), "address-incomplete", Reason.ADDRESS_UNKNOWN),
        (
            (asked("Erika\nam Markt", as_written=True), ()),
            "address-unreadable",
            Reason.ADDRESS_UNKNOWN,
        ),
        ((asked("\n".join("abcdefg")), ()), "address-too-long", Reason.ADDRESS_NOT_CARRIED),
        ((asked(f"{'M' * 70}\n1 Weg\n2 Ort"), ()), "address-too-long", Reason.ADDRESS_NOT_CARRIED),
        ((asked(text="漢字"), ()), "text-characters", Reason.OTHER),
        ((asked(files=1), (b"x",)), "enclosure-unreadable", Reason.OTHER),
        ((asked(text="a\n\n" * 3600), ()), "too-many-pages", Reason.TOO_LARGE),
    ],
    ids=["one-line", "nowhere", "lines", "wide", "letters", "no-pdf", "pages"],
)
async def test_what_cannot_be_printed_fails_by_code(sender, tmp_path, given, code, reason):
    outcome = await sender.send(*given)
    assert (outcome.status, outcome.code, outcome.reason) == (Delivery.FAILED, code, reason)
    assert not list((tmp_path / "out").rglob("*.pdf"))


async def test_abroad_a_country_in_capitals_is_enough(sender):
    address = "Jane Doe\n1 Main Street\nSpringfield IL 62701\nUSA"
    outcome = await sender.send(asked(address, as_written=True), ())
    assert outcome.status is Delivery.ACCEPTED


async def test_a_hint_goes_in_place_of_text_and_files(sender):
    outcome = await sender.send(asked(files=1, hint="Es liegt in Ihrem Postfach."), (b"no pdf",))
    assert (outcome.status, outcome.pages) == (Delivery.ACCEPTED, 1)


async def test_a_disk_that_takes_nothing_is_tried_again(sender, tmp_path):
    (tmp_path / "out").write_text("a file where the folder should be")
    with pytest.raises(Temporary):
        await sender.send(asked(), ())


async def test_a_day_that_is_over_has_its_addresses(sender, tmp_path):
    await sender.send(asked(), ())
    day = tmp_path / "out" / "2026-11-28"
    close_batch(day)
    text = (day / "addresses.csv").read_text("utf-8-sig")
    rows = list(csv.reader(StringIO(text), delimiter=";"))
    assert rows[1] == [f"{MESSAGE}.pdf", "1", "384291770608", *ERIKA.split("\n")]
    assert text.endswith("\n")


RECEIPT = f"letter;status;remark\n{MESSAGE};versandt;\n{MESSAGE}.pdf;Nicht  Abgeholt;Lagerfrist\n\nx;sent\n{MESSAGE};lost\n"


async def test_a_receipt_becomes_reports_and_is_put_away(box, tmp_path):
    day = tmp_path / "out" / "2026-11-28"
    day.mkdir(parents=True)
    (day / "receipt-1.csv").write_text(RECEIPT, "utf-8")
    taken = []

    async def take(arrivals):
        taken.extend(arrivals)

    room = PrintRoom(box, take, turns=None, every=1)
    assert await room.look() == 1
    assert [(a.event.status, a.event.reason) for a in taken] == [
        (Delivery.SENT, Reason.NONE),
        (Delivery.RETURNED, Reason.NOT_COLLECTED),
    ]
    assert {a.event.message_id for a in taken} == {MESSAGE}
    assert await room.look() == 0
    assert (day / "read-receipt-1.csv").exists()
    unread = (day / "receipt-1-unread.txt").read_text("utf-8").splitlines()
    assert [line.partition(":")[0] for line in unread] == ["5", "6"]


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (b"", []),
        (b"\0\xff\xfe", []),
        (f"{MESSAGE},sent".encode(), [Delivery.SENT]),
        (f"\ufeff{MESSAGE};zurück".encode(), [Delivery.RETURNED]),
        (f"{MESSAGE};zurück".encode("cp1252"), [Delivery.RETURNED]),
        (f'"{MESSAGE}";"makuliert"'.encode(), [Delivery.FAILED]),
        (f'{MESSAGE};"sent'.encode(), [Delivery.SENT]),
        (b"a\nb\n", [Odd]),
        (f"{MESSAGE};=cmd()".encode(), [Odd]),
    ],
    ids=range(9),
)
def test_any_receipt_is_read(raw, found):
    got = read_receipt(raw)
    assert [Odd if isinstance(one, Odd) else one.status for one in got] == found


def test_the_date_is_that_of_the_office():
    assert asked().requested_at.date() == date(2026, 11, 27)
