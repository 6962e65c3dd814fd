"""What each golden file means; a test that asks for `published`, `sealed` or `opened` gets them all.

A golden file is never changed or deleted; a new field comes with a new file and a new row here.
Each row of a sealed kind lies there twice: opened, and as it travels.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from hub_contract.delivery import Delivery, Reason
from hub_contract.events import (
    CallContent,
    CallRang,
    ConversationEvent,
    DeliveryContent,
    DeliveryReported,
    EntryAppended,
    MessageContent,
    MessageRead,
    MessageReceived,
    MessageRequested,
    ReadContent,
    RequestedContent,
    Sealed,
    SealedKind,
    TransactionChanged,
)
from hub_contract.problems import Problem, ProblemCode
from hub_contract.words import (
    Assurance,
    Attachment,
    Automatic,
    Blob,
    Body,
    CallbackDay,
    CallbackPart,
    CallbackWish,
    CallOutcome,
    CallStatus,
    Channel,
    ContactKind,
    ContactPoint,
    Contribution,
    Cost,
    Direction,
    Evidence,
    FileCheck,
    FileSign,
    Keyword,
    MessageKind,
    Page,
    Recipient,
    RecipientRole,
)

SEALED = Sealed(sealed="bm9uY2Utb2YtMTJjaXBoZXJ0ZXh0LW9mLXRoZS1jb250ZW50K3RhZy1vZi0xNi1ieXRlcw==")
NOON = datetime.fromisoformat("2026-11-23T12:00:00.123456+00:00")
LATER = datetime.fromisoformat("2026-11-24T08:30:00+01:00")
ANNA = ContactPoint(kind=ContactKind.EMAIL, value="anna@example.org", name="Anna Åkesson")
MOBILE = ContactPoint(kind=ContactKind.PHONE, value="+491711234567")
OFFICE = ContactPoint(kind=ContactKind.EMAIL, value="buergerbuero@musterstadt.example")
LETTER = ContactPoint(kind=ContactKind.POSTAL, value="Anna Åkesson\nAm Markt 1\n12345 Musterstadt")
ORIGINAL = Blob(name="musterstadt/2026-11-23/6f1c", length=4_120, size=4_092)
PDF = Attachment(
    file_name="Nachweis über Öl.pdf",
    media_type="application/pdf",
    size=20_480,
    blob=Blob(name="musterstadt/2026-11-23/6f1c", start=4_120, length=20_508, size=20_480),
)
STATION = Evidence(kind="station-id", result="+49 30 901820", by="hylafax")
SESSION = Evidence(kind="session", result="pass", by="bundid", assurance=Assurance.SUBSTANTIAL)


def in_words(text: str) -> Problem:
    """As problems were up to version 1.1: a sentence."""
    return Problem(code=ProblemCode.IN_WORDS, about=text)


def uuid(number: int) -> UUID:
    return UUID(int=number, version=5)


def received(number: int, channel: Channel, account: str, **more: Any) -> MessageReceived:
    facts = {"id": uuid(number), "tenant": "musterstadt", "received_at": NOON}
    return MessageReceived(**facts, channel=channel, account=account, **more)


def read(number: int, channel: Channel, account: str, **more: Any) -> MessageRead:
    facts = {"id": uuid(number), "tenant": "musterstadt", "at": NOON, "message_id": uuid(103)}
    return MessageRead(**facts, channel=channel, account=account, **more)


def part(start: int, size: int) -> Blob:
    return Blob(name="musterstadt/2026-11-23/7a2d", start=start, length=size + 28, size=size)


def requested(number: int, channel: Channel, account: str, **more: Any) -> MessageRequested:
    facts = {"id": uuid(number), "tenant": "musterstadt", "requested_at": NOON}
    return MessageRequested(
        **facts, channel=channel, account=account, conversation_id=uuid(900), **more
    )


def rang(number: int, status: CallStatus, content: CallContent, **more: Any) -> CallRang:
    facts = {"id": uuid(number), "tenant": "musterstadt", "at": NOON, "call_id": uuid(970)}
    return CallRang(
        **facts, channel=Channel.PHONE, account="zentrale", status=status, content=content, **more
    )


def reported(number: int, channel: Channel, account: str, **more: Any) -> DeliveryReported:
    facts = {"id": uuid(number), "tenant": "musterstadt", "at": NOON, "message_id": uuid(200)}
    return DeliveryReported(**facts, channel=channel, account=account, **more)


EVENTS: dict[str, ConversationEvent] = {
    "message.received.minimal": received(
        100, Channel.EMAIL, "buergerbuero", content=MessageContent()
    ),
    "message.received.email": received(
        101,
        Channel.EMAIL,
        "buergerbuero",
        sender_key="6b1f0e8a",
        happened_at=LATER,
        automatic=Automatic.REPLY,
        size=4_092,
        original=ORIGINAL,
        content=MessageContent(
            sender=ANNA,
            recipients=(
                Recipient(role=RecipientRole.TO, point=OFFICE),
                Recipient(role=RecipientRole.ENVELOPE, point=OFFICE),
            ),
            subject="AW: Hundesteuer 🐕",
            body=Body(text="Danke!", quoted="> Guten Tag", signature="-- \nAnna", html="<p>Danke!"),
            whole=Blob(name="musterstadt/2026-11-23/6f1c", start=24_628, length=9_028, size=9_000),
            external_id="<1@example.org>",
            answers=("<a@musterstadt.example>", "<b@musterstadt.example>"),
            reply_token="k7f3q",
            references=("384291770608",),
            attachments=(PDF.model_copy(update={"inline": True, "content_id": "logo@1"}),),
            evidence=(Evidence(kind="dmarc", result="pass", by="mx.musterstadt.example"),),
            problems=(in_words("Zeichensatz unbekannt: x-foo"),),
        ),
    ),
    "message.received.email-odd": received(
        109,
        Channel.EMAIL,
        "buergerbuero",
        content=MessageContent(
            sender=ANNA,
            problems=(
                Problem(code=ProblemCode.CHARSET_WRONG, about="x-foo"),
                Problem(code=ProblemCode.AFTER_THE_END),
            ),
        ),
    ),
    "message.received.email-shared": received(
        115,
        Channel.EMAIL,
        "buergerbuero",
        content=MessageContent(sender=OFFICE, reply_to=ANNA, shared=True),
    ),
    "message.received.email-list": received(
        110,
        Channel.EMAIL,
        "buergerbuero",
        no_automatic_answer=True,
        content=MessageContent(sender=ANNA),
    ),
    "message.received.sms": received(
        102,
        Channel.SMS,
        "sms-1",
        sender_key="0c55",
        keyword=Keyword.STOP,
        segments=2,
        size=310,
        content=MessageContent(
            sender=MOBILE,
            body=Body(text="STOP"),
            external_id="SM0123",
            attachments=(PDF.model_copy(update={"media_type": "image/jpeg"}),),
        ),
    ),
    "message.received.harmful": received(
        110,
        Channel.EMAIL,
        "post",
        size=51_200,
        original=ORIGINAL,
        content=MessageContent(
            sender=ANNA,
            original_check=FileCheck.FOUND,
            original_finding="Eicar-Test-Signature",
            attachments=(
                PDF.model_copy(
                    update={
                        "check": FileCheck.FOUND,
                        "finding": "Eicar-Test-Signature",
                        "signs": (FileSign.ENCRYPTED, FileSign.MACROS),
                    }
                ),
            ),
        ),
    ),
    "message.received.fax": received(
        103,
        Channel.FAX,
        "fax-1",
        kind=MessageKind.SCAN,
        readable=False,
        partial=True,
        pages=3,
        seconds=95,
        size=51_200,
        original=ORIGINAL,
        content=MessageContent(
            sender=ContactPoint(kind=ContactKind.FAX, value="+4930901820", name="KANZLEI MEIER"),
            external_id="000000042",
            evidence=(STATION,),
            problems=(in_words("Verbindung nach Seite 3 abgebrochen"),),
        ),
    ),
    "message.received.fax-as-written": received(
        109,
        Channel.FAX,
        "fax-1",
        kind=MessageKind.SCAN,
        content=MessageContent(
            sender=ContactPoint(kind=ContactKind.FAX, value="030 901820 / 21", as_written=True)
        ),
    ),
    "message.received.paper": received(
        104,
        Channel.PAPER,
        "poststelle",
        kind=MessageKind.SCAN,
        pages=4,
        confidence=0.87,
        content=MessageContent(
            sender=LETTER,
            batch="stapel-7.pdf",
            first_page=12,
            public_service="hundesteuer-anmeldung",
            attachments=(PDF.model_copy(update={"derived": True}),),
            contributions=(
                Contribution(requirement="hundename", value="Rex", source="ocr", confidence=0.61),
            ),
        ),
    ),
    "message.received.web": received(
        105,
        Channel.WEB,
        "portal",
        kind=MessageKind.FORM,
        content=MessageContent(
            sender=ContactPoint(kind=ContactKind.PORTAL, value="p-4711"),
            public_service="hundesteuer-anmeldung",
            language="de-DE",
            attachments=(PDF,),
            contributions=(
                Contribution(requirement="hundename", value="Rex", source="form"),
                Contribution(requirement="nachweis", value="", source="form", attachment=0),
            ),
            evidence=(SESSION,),
        ),
    ),
    "message.received.web-new": received(
        108,
        Channel.WEB,
        "portal",
        kind=MessageKind.FORM,
        content=MessageContent(
            sender=ContactPoint(kind=ContactKind.PORTAL, value="p-4712", name="Anna Åkesson"),
            subject="Hundesteuer",
            body=Body(text="Guten Tag"),
            reference="912345678933",
            reachable=(ANNA, ContactPoint(kind=ContactKind.PORTAL, value="p-4712")),
        ),
    ),
    "message.received.web-text-me": received(
        109,
        Channel.WEB,
        "portal",
        kind=MessageKind.NOTE,
        automatic=Automatic.GENERATED,
        content=MessageContent(
            sender=ContactPoint(kind=ContactKind.PORTAL, value="p-4712"),
            reachable=(MOBILE,),
            answer_by=Channel.SMS,
            problems=(Problem(code=ProblemCode.NUMBER_CONFIRMED, about="+491711234567"),),
        ),
    ),
    "message.received.phone": received(
        106,
        Channel.PHONE,
        "zentrale",
        kind=MessageKind.VOICEMAIL,
        outcome=CallOutcome.VOICEMAIL,
        seconds=42,
        confidence=0.5,
        content=MessageContent(
            sender=MOBILE,
            external_id="CA0123",
            references=("384291770608",),
            attachments=(PDF.model_copy(update={"media_type": "audio/wav"}),),
            contributions=(Contribution(requirement="rueckruf", value="1", source="keypad"),),
            evidence=(Evidence(kind="recording-consent", result="pass"),),
        ),
    ),
    "message.received.phone-note": received(
        107,
        Channel.PHONE,
        "zentrale",
        kind=MessageKind.NOTE,
        direction=Direction.OUT,
        outcome=CallOutcome.ANSWERED,
        seconds=180,
        content=MessageContent(
            sender=MOBILE, author="k.yilmaz", answers=("CA0456",), body=Body(text="Ruft zurück.")
        ),
    ),
    "message.received.phone-callback": received(
        116,
        Channel.PHONE,
        "zentrale",
        kind=MessageKind.CALL,
        outcome=CallOutcome.MISSED,
        content=MessageContent(
            sender=MOBILE,
            external_id="CA0789",
            callback=CallbackWish(
                day=CallbackDay.TOMORROW,
                part=CallbackPart.AFTERNOON,
                number=ContactPoint(kind=ContactKind.PHONE, value="+4930901820"),
            ),
        ),
    ),
    "message.received.fax-to-be-read": received(
        113,
        Channel.FAX,
        "fax-1",
        pages=2,
        original=ORIGINAL,
        to_be_read=True,
        content=MessageContent(),
    ),
    "message.read.minimal": read(
        150, Channel.PAPER, "poststelle", readable=False, content=ReadContent()
    ),
    "message.read.fax": read(
        151,
        Channel.FAX,
        "fax-1",
        confidence=0.91,
        pages=2,
        content=ReadContent(
            body=Body(text="Widerspruch gegen den Bescheid"),
            whole=part(0, 9_000),
            references=("384291770608",),
            codes=("FADEN:384291770608",),
            attachments=(PDF.model_copy(update={"derived": True}),),
            pages=(
                Page(
                    number=1,
                    width=1_600,
                    height=2_263,
                    small=part(9_028, 8_000),
                    large=part(17_056, 90_000),
                    words=part(107_084, 4_000),
                    fingerprint="c3d2e1f00f1e2d3c",
                    turned=180,
                    confidence=0.91,
                ),
                Page(number=2, width=1_600, height=2_263, blank=True),
            ),
            problems=(Problem(code=ProblemCode.OVERRUN, about="2"),),
        ),
    ),
    "message.requested.minimal": requested(
        200,
        Channel.EMAIL,
        "buergerbuero",
        content=RequestedContent(recipient=ANNA, text="Guten Tag"),
    ),
    "message.requested.email": requested(
        201,
        Channel.EMAIL,
        "buergerbuero",
        content=RequestedContent(
            recipient=ANNA,
            subject="Hundesteuer",
            text="Guten Tag",
            html="<p>Guten Tag</p>",
            answers=("<1@example.org>",),
            reply_token="k7f3q",
            reference="384291770608",
            author="K. Yılmaz, Bürgerbüro",
            attachments=(PDF,),
        ),
    ),
    "message.requested.sms": requested(
        202,
        Channel.SMS,
        "sms-1",
        automatic=True,
        not_before=LATER,
        expires_at=datetime.fromisoformat("2026-11-25T08:30:00+01:00"),
        content=RequestedContent(recipient=MOBILE, text="Neue Nachricht im Portal."),
    ),
    "message.requested.sms-keyed": requested(
        207,
        Channel.SMS,
        "sms-1",
        recipient_key="0c55",
        content=RequestedContent(recipient=MOBILE, text="Guten Tag"),
    ),
    "message.requested.sms-hint": requested(
        208,
        Channel.SMS,
        "sms-1",
        content=RequestedContent(
            recipient=MOBILE, text="Guten Tag", hint="Ihre Antwort liegt im Portal."
        ),
    ),
    "message.requested.fax": requested(
        203,
        Channel.FAX,
        "fax-1",
        content=RequestedContent(
            recipient=ContactPoint(kind=ContactKind.FAX, value="+4930901820"),
            text="",
            attachments=(PDF,),
        ),
    ),
    "message.requested.paper": requested(
        204,
        Channel.PAPER,
        "druck",
        content=RequestedContent(recipient=LETTER, subject="Bescheid", text="Sehr geehrte …"),
    ),
    "message.requested.web": requested(
        205,
        Channel.WEB,
        "portal",
        content=RequestedContent(
            recipient=ContactPoint(kind=ContactKind.PORTAL, value="p-4711"), text="Guten Tag"
        ),
    ),
    "message.requested.phone": requested(
        206,
        Channel.PHONE,
        "zentrale",
        not_before=LATER,
        content=RequestedContent(recipient=MOBILE, text="Ihr Antrag ist da.", language="en"),
    ),
    "delivery.reported.minimal": reported(
        300, Channel.EMAIL, "buergerbuero", status=Delivery.ACCEPTED, content=DeliveryContent()
    ),
    "delivery.reported.email": reported(
        301,
        Channel.EMAIL,
        "buergerbuero",
        status=Delivery.FAILED,
        reason=Reason.ADDRESS_UNKNOWN,
        code="5.1.1",
        original=ORIGINAL,
        content=DeliveryContent(
            recipient="anna@example.org",
            external_id="<2@musterstadt.example>",
            diagnostic="550 5.1.1 <anna@example.org>: user unknown",
        ),
    ),
    "delivery.reported.sms": reported(
        302,
        Channel.SMS,
        "sms-1",
        status=Delivery.DELIVERED,
        segments=3,
        cost=Cost(amount=Decimal("0.2250"), currency="EUR"),
        content=DeliveryContent(recipient="+491711234567", external_id="SM0456"),
    ),
    "delivery.reported.fax": reported(
        303,
        Channel.FAX,
        "fax-1",
        status=Delivery.DEFERRED,
        reason=Reason.LINE_DROPPED,
        pages=2,
        seconds=61,
        content=DeliveryContent(evidence=(STATION,)),
    ),
    "delivery.reported.paper": reported(
        304,
        Channel.PAPER,
        "druck",
        status=Delivery.RETURNED,
        reason=Reason.REFUSED_BY_RECIPIENT,
        pages=2,
        content=DeliveryContent(diagnostic="Annahme verweigert"),
    ),
    "delivery.reported.web": reported(
        305, Channel.WEB, "portal", status=Delivery.READ, content=DeliveryContent()
    ),
    "delivery.reported.phone": reported(
        306,
        Channel.PHONE,
        "zentrale",
        status=Delivery.UNKNOWN,
        reason=Reason.NO_ANSWER,
        content=DeliveryContent(external_id="CA0456"),
    ),
    "call.rang.minimal": rang(350, CallStatus.ENDED, CallContent()),
    "call.rang.phone": rang(
        351,
        CallStatus.RINGING,
        CallContent(caller=MOBILE, reference="384291770608", external_id="CA0123"),
        sender_key="0c55",
    ),
    "entry.appended.minimal": EntryAppended(
        id=uuid(400),
        tenant="kleindorf",
        conversation_id=uuid(900),
        entry_id=uuid(901),
        place=1,
        kind="note",
        direction="none",
        at=NOON,
    ),
    "entry.appended": EntryAppended(
        id=uuid(401),
        tenant="kleindorf",
        conversation_id=uuid(900),
        entry_id=uuid(902),
        place=2,
        change="merged",
        kind="message",
        direction="in",
        channel=Channel.FAX,
        at=NOON,
    ),
    "entry.appended.read": EntryAppended(
        id=uuid(402),
        tenant="kleindorf",
        conversation_id=uuid(900),
        entry_id=uuid(902),
        place=2,
        change="read",
        kind="message",
        direction="in",
        channel=Channel.FAX,
        at=NOON,
    ),
    "entry.appended.rang": EntryAppended(
        id=uuid(403),
        tenant="kleindorf",
        conversation_id=uuid(900),
        entry_id=uuid(970),
        place=0,
        change="rang",
        kind="call",
        direction="in",
        channel=Channel.PHONE,
        at=NOON,
    ),
    "entry.appended.pages": EntryAppended(
        id=uuid(404),
        tenant="kleindorf",
        conversation_id=uuid(900),
        entry_id=uuid(902),
        place=2,
        change="pages",
        kind="message",
        direction="in",
        channel=Channel.FAX,
        at=NOON,
    ),
    "transaction.changed.minimal": TransactionChanged(
        id=uuid(500),
        tenant="kleindorf",
        transaction_id=uuid(950),
        public_service="hundesteuer-anmeldung",
        status="INITIATED",
        at=NOON,
    ),
    "transaction.changed": TransactionChanged(
        id=uuid(501),
        tenant="kleindorf",
        transaction_id=uuid(950),
        public_service="hundesteuer-anmeldung",
        status="ACTION_REQUIRED",
        requirement="nachweis",
        met=True,
        at=NOON,
    ),
}


def travelling() -> dict[str, ConversationEvent]:
    """Return every row as it travels, under the name of its file."""
    sealed = {
        f"{name}.sealed": event.model_copy(update={"content": SEALED})
        for name, event in EVENTS.items()
        if isinstance(event, SealedKind)
    }
    long = EVENTS["message.received.minimal"].model_copy(
        update={
            "content": Sealed(
                sealed="", blob=Blob(name="musterstadt/x", length=320_044, size=320_016)
            )
        }
    )
    sealed["message.received.apart.sealed"] = long
    return sealed | {n: e for n, e in EVENTS.items() if not isinstance(e, SealedKind)}


TRAVELLING = travelling()
ALL = EVENTS | TRAVELLING
OPENED = {name: EVENTS[name] for name in EVENTS.keys() - TRAVELLING.keys()}


@pytest.fixture
def samples() -> dict[str, ConversationEvent]:
    return ALL


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for argument, rows in (("published", ALL), ("sealed", TRAVELLING), ("opened", OPENED)):
        if argument in metafunc.fixturenames:
            metafunc.parametrize(argument, sorted(rows.items()), ids=sorted(rows))
