"""What Twilio says becomes an event, whatever it says."""

from datetime import UTC, datetime
from urllib.parse import urlencode
from uuid import uuid4

import pytest

from channel_sms.parse import Context, parse, parse_status
from channel_sms.parse.keywords import read_keyword
from channel_sms.providers.media import Media
from channel_sms.providers.twilio_codes import reason_of
from hub_contract.delivery import Delivery, Reason
from hub_contract.events import DeliveryReported
from hub_contract.problems import ProblemCode
from hub_contract.references import make_reference
from hub_contract.words import Keyword

NOW = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
CONTEXT = Context("musterstadt", "sms", NOW)
OURS = "0f9d5c0e-6d2b-5f5e-9d0f-fade0000f00d"


def form(**more: str) -> bytes:
    said = {"MessageSid": "SM1", "From": "+491715550101", "To": "+4971112399", "Body": "Guten Tag"}
    return urlencode(said | more, errors="surrogatepass").encode()


def test_a_message_is_said_in_the_words_of_the_contract():
    arrival = parse(form(NumSegments="2", FromCity="STUTTGART"), CONTEXT)
    event, content = arrival.event, arrival.event.content
    assert (content.sender.value, content.recipients[0].point.value) == (
        "+491715550101",
        "+4971112399",
    )
    assert (content.body.text, content.external_id, event.segments) == ("Guten Tag", "SM1", 2)
    assert event.readable
    assert b"STUTTGART" in arrival.original, "all that it says is kept"


ANSWERED = Context("musterstadt", "sms", NOW, answered=frozenset({"help", "info"}))


@pytest.mark.parametrize(
    ("said", "context", "is_answered"),
    [
        ({"Body": "HELP"}, ANSWERED, True),
        ({"Body": " info! "}, ANSWERED, True),
        ({"Body": "Hilfe"}, ANSWERED, False),  # Twilio knows no German by itself
        ({"Body": "Hilfe", "OptOutType": "HELP"}, ANSWERED, True),  # but may be taught some
        ({"Body": "HELP"}, CONTEXT, False),
        ({"Body": "help me please"}, ANSWERED, False),
        ({"Body": "STATUS"}, ANSWERED, False),
        ({"Body": ""}, ANSWERED, False),
    ],
)
def test_what_twilio_answers_we_do_not(said, context, is_answered):
    assert parse(form(**said), context).event.no_automatic_answer is is_answered


def test_a_reference_is_found():
    reference = make_reference()
    text = f"Zu {reference[:3]} {reference[3:6]} {reference[6:9]} {reference[9:]}: erledigt"
    assert parse(form(Body=text), CONTEXT).event.content.references == (reference,)


@pytest.mark.parametrize(
    ("raw", "readable"),
    [
        (b"", False),
        (b"\x00\xff%%%=&&&", False),
        (b"&".join(b"a=1" for _ in range(10_000)), False),
        (b'{"MessageSid": "SM1"}', False),
        (form(Body=""), True),  # a picture alone
        (form(Body="\0\ud800"), True),
        (form(Body="x" * 20_000), True),
        (form(From=""), True),
        (form(From="BANK"), True),  # an alphanumeric sender
        (form(NumSegments="viele"), True),
    ],
)
def test_nothing_raises_and_nothing_is_lost(raw, readable):
    arrival = parse(raw, CONTEXT)
    assert arrival.event.readable is readable
    assert arrival.original == raw


def test_who_is_no_number_is_kept_as_written():
    sender = parse(form(From="BANK"), CONTEXT).event.content.sender
    assert (sender.value, sender.as_written) == ("BANK", True)


def test_two_that_cannot_be_read_are_two():
    ids = {parse(raw, CONTEXT).event.id for raw in (b"a", b"b", b"a")}
    assert len(ids) == 2


def test_pictures_are_what_their_bytes_say():
    png = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
    media = [Media("image/jpeg", png), Media("video/mp4", fault="too_large"), Media("", b"?")]
    arrival = parse(form(), CONTEXT, media)
    said = arrival.event.content
    assert [(a.file_name, a.media_type) for a in said.attachments] == [
        ("1.png", "image/png"),
        ("2.bin", "application/octet-stream"),
    ]
    assert arrival.files == (png, b"?")
    assert [(p.code, p.about) for p in said.problems] == [(ProblemCode.FILE_TOO_LARGE, "video/mp4")]


@pytest.mark.parametrize(
    ("text", "keyword"),
    [
        ("STOP", Keyword.STOP),
        ("stop!", Keyword.STOP),
        (" Stopp. ", Keyword.STOP),
        ("Abmelden", Keyword.STOP),
        ("ENDE", Keyword.STOP),
        ("start", Keyword.START),
        ("Hilfe?", Keyword.HELP),
        ("HELP", Keyword.HELP),
        ("status", Keyword.STATUS),
        ("STATUS 384-291-770-608", Keyword.STATUS),
        ("Status 384 291 770 608", Keyword.STATUS),
        ("Bitte stoppen Sie das", Keyword.NONE),
        ("Hund abmelden", Keyword.NONE),
        ("Stop 2", Keyword.NONE),
        ("Ende 2026", Keyword.NONE),
        ("", Keyword.NONE),
        ("!" * 5_000, Keyword.NONE),
        (f"Stop{' ' * 300}Das war ein Versehen", Keyword.NONE),
    ],
)
def test_a_wish_is_the_whole_message(text, keyword):
    assert read_keyword(text) is keyword


def test_what_twilio_has_understood_by_itself_counts():
    event = parse(form(Body="Bitte aufhören", OptOutType="STOP"), CONTEXT).event
    assert event.keyword is Keyword.STOP


@pytest.mark.parametrize(
    ("word", "code", "status", "reason"),
    [
        ("queued", "", Delivery.ACCEPTED, Reason.NONE),
        ("sending", "", Delivery.ACCEPTED, Reason.NONE),
        ("sent", "", Delivery.SENT, Reason.NONE),
        ("delivered", "", Delivery.DELIVERED, Reason.NONE),
        ("DELIVERED", "", Delivery.DELIVERED, Reason.NONE),
        ("read", "", Delivery.READ, Reason.NONE),
        ("undelivered", "30003", Delivery.FAILED, Reason.UNREACHABLE),
        ("undelivered", "30005", Delivery.FAILED, Reason.ADDRESS_UNKNOWN),
        ("undelivered", "30006", Delivery.FAILED, Reason.ADDRESS_UNKNOWN),
        ("undelivered", "30007", Delivery.FAILED, Reason.REFUSED_AS_SPAM),
        ("failed", "21610", Delivery.FAILED, Reason.OPTED_OUT),
        ("failed", "30034", Delivery.FAILED, Reason.NOT_CONFIGURED),
        ("failed", "99999", Delivery.FAILED, Reason.OTHER),
        ("failed", "", Delivery.FAILED, Reason.NONE),
        ("canceled", "", Delivery.FAILED, Reason.NONE),
    ],
)
def test_a_status_is_said_in_our_words_with_its_code(word, code, status, reason):
    message = uuid4()
    raw = urlencode({"MessageSid": "SM1", "MessageStatus": word, "ErrorCode": code}).encode()
    event = parse_status(raw, str(message), CONTEXT).event
    assert isinstance(event, DeliveryReported)
    assert (event.message_id, event.status, event.reason, event.code) == (
        message,
        status,
        reason,
        code,
    )


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"MessageStatus=delivered", ""),
        (b"MessageStatus=delivered", "no-id"),
        (b"MessageStatus=received", OURS),
        (b"MessageStatus=invented", OURS),
        (b"", OURS),
    ],
)
def test_a_status_of_no_message_of_ours_is_nothing(raw, message):
    assert parse_status(raw, message, CONTEXT) is None


@pytest.mark.parametrize("code", ["", "0", "²", "-1", "x", "9" * 30])
def test_every_code_has_a_reason(code):
    assert reason_of(code) in Reason
