"""A reply is split into its own words, quotation and signature; the table is what people read."""

import importlib.util
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channel_email.parse import Context, parse
from channel_email.parse.decode import clean
from channel_email.parse.reply import has_marks, is_reply_subject, split_reply
from channel_email.parse.signature import find_signature

_spec = importlib.util.spec_from_file_location(
    "reply_table", Path(__file__).with_name("reply_table.py")
)
assert _spec is not None
assert _spec.loader is not None
reply_table = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(reply_table)
CASES = list(reply_table.cases())
CONTEXT = Context("musterstadt", "post", datetime(2026, 3, 12, tzinfo=UTC))


def test_the_tables_are_long_enough() -> None:
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)
    assert len(reply_table.SAMPLES["reply"]) >= 140
    assert len(reply_table.MAILS) >= 80
    assert sum(name.startswith("own/de-") for name in names) >= 20


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_replies(case: Any) -> None:
    if not case.is_there:
        pytest.skip(f"no samples at {reply_table.SHARED}")
    assert case.split() == case.want


def lines_of(text: str) -> list[str]:
    return sorted(line.strip() for line in text.split("\n") if line.strip())


def test_nothing_of_any_sample_is_lost() -> None:
    paths = [case.sample for case in CASES if case.sample and case.is_there]
    for path in (path for path in paths if path.suffix == ".txt"):
        body = reply_table.split_file(path)
        parts = f"{body.text}\n{body.quoted}\n{body.signature}"
        assert lines_of(parts) == lines_of(path.read_text()), path.name


LINES = st.sampled_from(
    [
        "Guten Tag,",
        "",
        "  ",
        "> zitiert",
        ">> tiefer",
        "> Am 1.2.2026 um 10:00 schrieb E. M. <e@m.de>:",
        "Am 12.03.2026 um 10:11 schrieb Stadt Musterstadt <post@m.de>:",
        "On Mon, Aug 26, 2019 at 4:37 PM The Engine <",
        "engine@example.com> wrote:",
        "Von: Erika <e@m.de>",
        "Gesendet: Montag, 1. Februar 2026 10:00",
        "An: Stadt",
        "Betreff: AW: Antrag",
        "-----Ursprüngliche Nachricht-----",
        "________________________________",
        "-- ",
        "--",
        "Mit freundlichen Grüßen",
        "Erika Mustermann",
        "Tel. 0123 456",
        "PS: noch etwas",
        "Von meinem iPhone gesendet",
        "Wann haben Sie geöffnet?",
        '12.03.2026, 10:11, "E. M." <e@m.de>:',
    ]
)


@given(st.lists(LINES, max_size=25).map("\n".join), st.booleans())
def test_nothing_is_lost_whatever_the_lines(text: str, is_reply: bool) -> None:
    body = split_reply(text, is_reply=is_reply)
    assert lines_of(f"{body.text}\n{body.quoted}\n{body.signature}") == lines_of(text)
    assert bool(body.text.strip()) == bool(text.strip())  # never an empty entry


@given(st.text(max_size=300).filter(lambda text: not has_marks(text)))
def test_nothing_is_lost_whatever_the_text(text: str) -> None:
    text = clean(text)  # as every text that comes here
    body = split_reply(text)
    assert lines_of(f"{body.text}\n{body.quoted}\n{body.signature}") == lines_of(text)


def test_marks_in_a_mail_are_not_believed() -> None:
    """A sender who writes our own marks hides nothing."""
    raw = "From: a@example.org\n\nsichtbar \ue004unsichtbar\n\ue000alles\n".encode()
    body = parse(raw, CONTEXT).event.content.body
    assert body.text == "sichtbar unsichtbar\nalles"
    raw = "From: a@example.org\nContent-Type: text/html\n\n<p>sicht\ue004bar</p><p>\ue000alles".encode()
    assert parse(raw, CONTEXT).event.content.body.text == "sichtbar\n\nalles"


@pytest.mark.parametrize(
    "line",
    [
        *("Mit freundlichen Grüßen", "mit besten Grüßen,", "Viele Grüße", "LG", "MfG", "Ihre"),
        *(
            "Vielen Dank und freundliche Grüße",
            "Hochachtungsvoll",
            "Herzliche Grüße aus Musterstadt",
        ),
        *(
            "Kind regards,",
            "Thanks and best wishes",
            "Yours sincerely",
            "Cheers",
            "Best",
            "regards",
        ),
        *("Cordialement", "Bien à vous", "Salutations distinguées", "Un saludo", "Atentamente"),
        *("Cordiali saluti", "Distinti saluti", "Met vriendelijke groet", "Atenciosamente"),
        *("Pozdrawiam", "Z poważaniem", "Z wyrazami szacunku", "Med venlig hilsen", "Mvh"),
        *("Med vänlig hälsning", "Ystävällisin terveisin", "С уважением", "З повагою"),
        *("Saygılarımla", "Cu stimă", "Srdačan pozdrav", "S poštovanjem", "S pozdravem"),
        *("Με εκτίμηση", "Üdvözlettel", "Me respekt", "مع التحية", "مع فائق الاحترام"),
        *("Von meinem iPhone gesendet", "Gesendet mit der WEB.DE Mail App", "Gesendet von Mail"),
        *("Holen Sie sich Outlook für iOS", "Sent from my iPad", "Get Outlook for Android"),
        *("Envoyé de mon iPhone", "Télécharger Outlook pour iOS", "Inviato da iPhone"),
        *("Enviado desde mi iPhone", "Verzonden vanaf mijn iPhone", "Wysłane z iPhone’a"),
        *("Sendt fra min iPhone", "Skickat från min iPhone", "Lähetetty iPhonesta"),
        *("Отправлено с iPhone", "Надіслано з iPhone", "iPhone'umdan gönderildi"),
        *("Trimis de pe iPhone", "Odesláno z iPhonu", "Poslano s iPhonea", "Изпратено от iPhone"),
        *("تم الإرسال من الـ iPhone", "أرسلت من هاتفي", "Στάλθηκε από το iPhone μου"),
    ],
)
def test_closings_and_devices_begin_a_signature(line: str) -> None:
    lines = ["Der Zaun ist fertig.", line, "Jan Peters", "Tel. +49 123 456"]
    assert find_signature(lines) == (1, 4)


@pytest.mark.parametrize(
    ("subject", "is_reply"),
    [
        ("AW: Hund", True),
        ("Re[2]: Hund", True),
        ("RE : Hund", True),
        ("[EXTERN] WG: Hund", True),
        ("Fwd: Hund", True),
        ("Ynt: Köpek", True),
        ("Відп: Собака", True),
        ("回复：狗", True),
        ("رد: كلب", True),
        ("Hund", False),
        ("Frage: Hund", False),
        ("Rechnung: 4711", False),
        ("", False),
    ],
)
def test_what_answers_says_so_in_its_subject(subject: str, is_reply: bool) -> None:
    assert is_reply_subject(subject) is is_reply
