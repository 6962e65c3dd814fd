"""What a mail is known by: ids that do not change on the way, threads, machines, loops, checks."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from channel_email.parse import Context, parse, read
from channel_email.parse.automatic import MOST_HOPS
from hub_contract.contact_points import compared
from hub_contract.events import MessageContent, MessageReceived

ID = "7d1f3c52-9a0b-4e6d-8c21-5b9a4f0e1d77"
CONTEXT = Context(
    tenant="musterstadt",
    account="post",
    received_at=datetime(2026, 3, 12, 10, 11, tzinfo=UTC),
    envelope_from="erika@example.org",
    envelope_to=("post@musterstadt.example",),
    trusted_hosts=frozenset({"mx.musterstadt.example"}),
    domain="musterstadt.example",
)
BY_IMAP = replace(CONTEXT, envelope_from="", envelope_to=())


def event_of(raw: str, context: Context = CONTEXT) -> MessageReceived:
    event = read(raw.encode(), context).event
    assert isinstance(event, MessageReceived)
    return event


def problems_of(content: MessageContent) -> list[str]:
    return [f"{p.code}: {p.about}" if p.about else p.code for p in content.problems]


def content_of(raw: str, context: Context = CONTEXT) -> MessageContent:
    content = event_of(raw, context).content
    assert isinstance(content, MessageContent)
    return content


MAIL = (
    "From: Erika <erika@example.org>\nTo: post@musterstadt.example\nSubject: Hund\n"
    "Date: Thu, 12 Mar 2026 10:11:00 +0100\nMessage-ID: <1@example.org>\n\n"
    "Guten Tag,\n\nFrom hier an wird es schwierig.\nErika\n"
)


@pytest.mark.parametrize(
    "same",
    [
        MAIL.replace("\n", "\r\n"),
        MAIL + "\n\n",
        MAIL.rstrip("\n"),
        MAIL.replace("\nFrom hier", "\n>From hier"),  # a mailbox escaped it
        MAIL.replace("\nFrom hier", "\n>>From hier"),
        "Return-Path: <erika@example.org>\nDelivered-To: post@musterstadt.example\n" + MAIL,
        "Received: from a by b; Thu, 12 Mar 2026 10:11:12 +0100\n" + MAIL,
        "Authentication-Results: mx; spf=pass\nX-Spam-Flag: NO\n" + MAIL,
        "From erika Thu Mar 12 10:11:12 2026\n" + MAIL,
        MAIL.replace("Subject: Hund", "Subject:\n Hund"),
    ],
)
def test_one_mail_has_one_id_however_it_came(same: str) -> None:
    assert event_of(same).id == event_of(MAIL, BY_IMAP).id


@pytest.mark.parametrize(
    "other",
    [
        MAIL.replace("schwierig", "leicht"),
        MAIL.replace("Subject: Hund", "Subject: Katze"),
        MAIL.replace("10:11:00", "10:12:00"),
        MAIL.replace("<1@", "<2@"),
        MAIL.replace("From: Erika <erika@", "From: Erika <ernst@"),
        MAIL.replace("To: post", "To: amt"),
    ],
)
def test_another_mail_with_the_same_message_id_is_another(other: str) -> None:
    assert event_of(other).id != event_of(MAIL).id


def test_tenants_and_accounts_have_ids_of_their_own() -> None:
    ids = {
        event_of(MAIL, context).id
        for context in (
            CONTEXT,
            replace(CONTEXT, tenant="kleindorf"),
            replace(CONTEXT, account="kasse"),
        )
    }
    assert len(ids) == 3


def test_a_mail_without_message_id_has_an_id() -> None:
    raw = MAIL.replace("Message-ID: <1@example.org>\n", "")
    assert event_of(raw).id == event_of(raw.replace("\n", "\r\n"), BY_IMAP).id
    assert content_of(raw).external_id == ""


def test_the_thread_is_read_nearest_first() -> None:
    raw = "In-Reply-To: <c@x> <b@x>\nReferences: <a@x> <b@x>\n <d@x>\n" + MAIL
    assert content_of(raw).answers == ("c@x", "b@x", "d@x", "a@x")


@pytest.mark.parametrize(
    ("headers", "envelope", "token"),
    [
        ("", ("reply+abc.DEF-1@musterstadt.example",), "abc.def-1"),
        ("To: Amt <reply+abc@musterstadt.example>\n", (), "abc"),
        ("Delivered-To: reply+abc@musterstadt.example\n", (), "abc"),
        ("Cc: x@y.de, reply+abc@MUSTERSTADT.example\n", (), "abc"),
        ("To: REPLY+ABC@musterstadt.example\n", (), "abc"),
        ("To: reply+abc@kleindorf.example\n", (), ""),
        ("To: noreply+abc@musterstadt.example\n", (), ""),
        ("To: reply@musterstadt.example\n", (), ""),
        ("To: reply+alt@musterstadt.example\n", ("reply+neu@musterstadt.example",), "neu"),
    ],
)
def test_reply_tokens(headers: str, envelope: tuple[str, ...], token: str) -> None:
    context = replace(CONTEXT, envelope_to=envelope)
    assert content_of(f"From: e@m.de\n{headers}\nText\n", context).reply_token == token


def test_references_are_found_in_subject_text_and_signature_not_in_what_is_quoted() -> None:
    raw = (
        "From: e@m.de\nSubject: AW: Ihr Antrag [Vorgang 384-291-770-608]\n\n"
        "Gern.\n\nAm 12.03.2026 um 10:11 schrieb Amt <post@m.de>:\n> Vorgang 100-000-000-025\n"
    )
    assert content_of(raw).references == ("384291770608",)
    raw = "From: e@m.de\nSubject: x\n\nNr. 384 291 770 608\n"
    assert content_of(raw).references == ("384291770608",)


OURS = f"In-Reply-To: <{ID}@musterstadt.example>\n"


@pytest.mark.parametrize(
    ("headers", "automatic"),
    [
        ("", "no"),
        ("Auto-Submitted: no\n", "no"),
        ("Auto-Submitted: No (a person) ; x=y\n", "no"),
        ("Auto-Submitted:\n", "no"),
        ("Auto-Submitted: auto-replied\n", "reply"),
        ("Auto-Submitted: auto-replied (vacation)\n", "reply"),
        ("Auto-Submitted: (away) Auto-Replied\n", "reply"),
        ("Auto-Submitted: auto-generated\n", "generated"),
        ("Auto-Submitted: auto-generated (ticket)\n", "generated"),
        ("Auto-Submitted: auto-notified; owner-email=x\n", "generated"),
        ("Auto-Submitted: notified\n", "generated"),
        ("Auto-Submitted: no\nAuto-Submitted: auto-generated\n", "generated"),
        ("X-Autoreply: yes\n", "reply"),
        ("X-Autoreply: no\n", "no"),
        ("X-Autorespond: \n", "reply"),
        ("X-Autogenerated: Reply\n", "reply"),
        ("X-Autogenerated: Forward\n", "no"),
        ("X-POST-MessageClass: 9; Autoresponder\n", "reply"),
        ("Precedence: auto_reply\n", "reply"),
        ("Subject: Re: Bescheid\nPrecedence: auto_reply\n", "reply"),
        ("Delivered-To: Autoresponder\n", "reply"),
        ("Preference: auto_reply\n", "reply"),
        ("X-JIRA-FingerPrint: 1a2b\n", "generated"),
        ("X-GitLab-Pipeline-Id: 7\n", "generated"),
        ("X-Cron-Env: <HOME=/root>\n", "generated"),
        ("Return-Path: <>\n", "generated"),
        ("X-Failed-Recipients: x@y.de\n", "bounce"),
        ("From: Mailer-Daemon <mailer-daemon@x.de>\n", "generated"),
        ("From: MAILER-DAEMON (Mail Delivery System)\n", "generated"),
        ("From: autoreply@x.de\n", "generated"),
        ("From: Kontaktformular <noreply@x.de>\n", "no"),
        ("From: no-reply@x.de\n", "no"),
        ("Content-Type: multipart/report; report-type=feedback-report; boundary=x\n", "generated"),
        ('Content-Type: MULTIPART/Report; boundary=x; Report-Type="TLSRPT"\n', "generated"),
        ("Subject: Report domain: m.de Submitter: x.de Report-ID: <7>\n", "generated"),
        ("X-Faden-Loop: musterstadt.example\n", "generated"),
        ("X-Faden-Loop: kleindorf.example\n", "no"),
        # What only asks for no automatic answer hides nobody, whatever the subject says.
        ("List-Id: <bau.liste.example>\nSubject: Im Urlaub bis 10. Mai\n", "no"),
        ("X-Auto-Response-Suppress: All\nSubject: Abwesend: Frist\n", "no"),
        # No subject makes a machine of a person ...
        ("Subject: Bin im Urlaub bis 20. August, bitte Frist verlängern\n", "no"),
        ("Subject: Abwesenheitsmeldung Kita: Jonas ist krank\n", "no"),
        ("Subject: Abwesenheitsnotiz: Urlaub\n", "no"),
        ("Subject: Automatische Antwort: Ihr Antrag\n", "no"),
        ("Subject: Report domain: was ist das?\n", "no"),
        (f"{OURS}Subject: Im Urlaub bis 10. Mai\n", "no"),
        (f"{OURS}Subject: Abwesend: Ihr Antrag\n", "no"),
        (f"{OURS}Subject: Abwesenheitsmeldung: Jonas\n", "no"),
        (f"{OURS}Subject: AW: Automatische Antwort: Ihr Antrag\n", "no"),
        (f"{OURS}Subject: Automatische Antwort auf meinen Antrag\n", "no"),
        # ... but one that programs alone write, of what answers us.
        (f"{OURS}Subject: Automatische Antwort: Ihr Antrag\n", "reply"),
        (f"{OURS}Subject: =?utf-8?q?R=C3=A9ponse_automatique_=3A_x?=\n", "reply"),
        ("To: reply+abc@musterstadt.example\nSubject: Out of office: x\n", "reply"),
        (f"References: <{ID}@musterstadt.example>\nSubject: Autosvar: x\n", "reply"),
        (f"In-Reply-To: <{ID}@kleindorf.example>\nSubject: Automatic reply: x\n", "no"),
    ],
)
def test_machines_are_told_from_people(headers: str, automatic: str) -> None:
    sender = "" if "From:" in headers else "From: e@m.de\n"
    assert event_of(f"{sender}{headers}\nText\n").automatic == automatic


@pytest.mark.parametrize(
    "subject",
    [
        "Abwesenheitsnotiz: Urlaub",
        "Automatische Antwort: Ihr Antrag",
        "AW: Automatische Antwort: Ihr Antrag",
        "Ich bin derzeit nicht im Büro",
        "Abwesend: Ihr Antrag",
        "Out of the Office Re: x",
        "Automatic reply: x",
        "Autoreply",
        "Abwesenheit: 3. bis 10. Mai",
        "Im Urlaub bis 10. Mai",
        "Ich bin bis 10. Mai im Urlaub",
        "Réponse automatique : x",
        "Respuesta automática: x",
        "Risposta automatica: x",
        "Automatisch antwoord: x",
        "Automatyczna odpowiedź: x",
        "Resposta automática: x",
        "Automatiskt svar: x",
        "Automaattinen vastaus: x",
        "Automatická odpověď: x",
        "Automatikus válasz: x",
        "Otomatik Yanıt: x",
        "Автоматический ответ: x",
        "Αυτόματη απάντηση: x",
    ],
)
def test_of_a_machine_the_subject_says_that_it_answers(subject: str) -> None:
    marks = "From: e@m.de\nAuto-Submitted: auto-generated\nX-Auto-Response-Suppress: All\n"
    assert event_of(f"{marks}Subject: {subject}\n\nText\n").automatic == "reply"


@pytest.mark.parametrize(
    "subject",
    [
        "Abwesenheit melden: wie geht das?",
        "Im Urlaub verloren: mein Pass",
        "Ich bin vom Amt enttäuscht",
        "Frage zur Automatischen Antwort",
        "Ich bin umgezogen",
        "Urlaub auf dem Bauernhof",
    ],
)
def test_other_subjects_do_not(subject: str) -> None:
    raw = f"From: e@m.de\nAuto-Submitted: auto-generated\nSubject: {subject}\n\nText\n"
    assert event_of(raw).automatic == "generated"


@pytest.mark.parametrize(
    ("header", "silent"),
    [
        ("Precedence: bulk", True),
        ("Subject: Antrag\nPrecedence: bulk", True),
        ("Precedence: LIST", True),
        ("Precedence: junk", True),
        ("Precedence: first-class", False),
        ("List-Id: <bau.liste.example>", True),
        ("List-Unsubscribe: <mailto:x@y.de>", True),
        ("List-Post: NO", True),
        ("Feedback-ID: 1:campaign:x", True),
        ("X-Auto-Response-Suppress: All", True),
        ("X-Auto-Response-Suppress: DR, OOF, AutoReply", True),
        ("X-Auto-Response-Suppress: DR, RN", False),
        ("X-Auto-Response-Suppress: None", False),
        ("X-Nothing: x", False),
    ],
)
def test_who_asks_for_no_automatic_answer_is_a_person_all_the_same(
    header: str, silent: bool
) -> None:
    event = event_of(f"From: e@m.de\n{header}\n\nText\n")
    assert (event.automatic, event.no_automatic_answer) == ("no", silent)


def test_a_report_of_abuse_is_a_machine_s_wherever_it_lies() -> None:
    raw = (
        "From: abuse@isp.example\nSubject: FW: Hund\nContent-Type: multipart/mixed; boundary=a\n\n"
        "--a\nContent-Type: multipart/x; boundary=b\n\n--b\n\nThis is an abuse report.\n"
        "--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\n--b--\n--a--\n"
    )
    assert event_of(raw).automatic == "generated"
    assert event_of(raw.replace("message/feedback-report", "text/plain")).automatic == "no"


@pytest.mark.parametrize("sender", ["MAILER-DAEMON@x.de", "mailer-daemon@x.de"])
def test_a_daemon_that_reports_is_a_bounce(sender: str) -> None:
    raw = f"From: {sender}\nSubject: Undelivered Mail Returned to Sender\n\nText\n"
    assert event_of(raw).automatic == "bounce"


def test_postmasters_are_people_too() -> None:
    assert event_of("From: postmaster@x.de\nSubject: Frage\n\nText\n").automatic == "no"


def test_an_empty_envelope_sender_counts_only_where_there_is_an_envelope() -> None:
    nobody = replace(CONTEXT, envelope_from="")
    assert event_of("From: e@m.de\n\nText\n", nobody).automatic == "generated"
    assert event_of("From: e@m.de\n\nText\n", BY_IMAP).automatic == "no"


def test_loops_are_marked_and_said() -> None:
    content = content_of("X-Faden-Loop: Musterstadt.example\n" + MAIL)
    assert [(e.kind, e.result) for e in content.evidence] == [("loop", "own-header")]
    assert problems_of(content)[0] == "loop"
    hops = "Received: from a by b\n" * (MOST_HOPS + 1)
    circling = event_of(hops + MAIL)
    assert (circling.automatic, circling.no_automatic_answer) == ("no", True)
    assert content_of(hops + MAIL).evidence[0].kind == "loop"
    assert not event_of("Received: from a by b\n" * MOST_HOPS + MAIL).no_automatic_answer


def test_where_an_answer_is_wanted_is_evidence_not_the_sender() -> None:
    content = content_of("Reply-To: Kanzlei <kanzlei@example.org>\n" + MAIL)
    assert content.sender is not None
    assert content.sender.value == "erika@example.org"
    assert [(e.kind, e.result) for e in content.evidence] == [("reply-to", "kanzlei@example.org")]
    assert content_of("Reply-To: erika@example.org\n" + MAIL).evidence == ()


@pytest.mark.parametrize(
    ("headers", "sender", "problem"),
    [
        ("From: a@m.de, b@m.de\n", "a@m.de", "several_senders"),
        ("From: kaputt\nSender: s@m.de\n", "s@m.de", "sender_unreadable"),
        ("From: kaputt\n", "erika@example.org", "sender_unreadable"),
        ("Subject: x\n", "erika@example.org", "sender_unreadable"),
    ],
)
def test_a_sender_is_found_somewhere(headers: str, sender: str, problem: str) -> None:
    content = content_of(f"{headers}\nText\n")
    assert content.sender is not None
    assert content.sender.value == sender
    assert problem in problems_of(content)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Erika Mustermann", "Erika Mustermann"),
        ('"Mustermann, Erika" <>', "Mustermann, Erika"),
        ("=?utf-8?q?J=C3=B6rg_Gro=C3=9F?=", "Jörg Groß"),
        ("\nFrom: Erika", "Erika"),
    ],
)
def test_who_names_herself_without_an_address_is_shown_and_nobody(written: str, name: str) -> None:
    content = content_of(f"From: {written}\n\nText\n", BY_IMAP)
    assert content.sender is not None
    assert (content.sender.value, content.sender.name, compared(content.sender)) == ("", name, "")
    assert "no_sender" in problems_of(content)
    by_envelope = content_of(f"From: {written}\n\nText\n").sender
    assert by_envelope is not None
    assert (by_envelope.value, by_envelope.name) == ("erika@example.org", name)


def test_nobody_at_all_is_nobody() -> None:
    content = content_of("From: <>\n\nText\n", BY_IMAP)
    assert content.sender is None
    assert "no_sender" in problems_of(content)


def test_a_raw_header_has_the_charset_of_the_text() -> None:
    raw = (
        "From: Жора <e@m.de>\nSubject: Какой мусор\nContent-Type: multipart/mixed; boundary=a\n\n"
        "--a\nContent-Type: text/plain; charset=koi8-r\n\nДа\n"
        '--a\nContent-Disposition: attachment; filename="мусор.txt"\n\nДа\n--a--\n'
    ).encode("koi8-r")
    content = read(raw, CONTEXT).event.content
    assert isinstance(content, MessageContent)
    assert content.sender is not None
    assert (content.sender.name, content.subject) == ("Жора", "Какой мусор")
    assert (content.body.text, content.attachments[0].file_name) == ("Да", "мусор.txt")


def test_recipients_and_whom_the_envelope_names() -> None:
    raw = "From: e@m.de\nTo: A <a@m.de>\nTo: b@m.de\nCc: c@m.de\nBcc: d@m.de\n\nText\n"
    found = [(r.role.value, r.point.value) for r in content_of(raw).recipients]
    assert found == [
        ("to", "a@m.de"),
        ("to", "b@m.de"),
        ("cc", "c@m.de"),
        ("envelope", "post@musterstadt.example"),
    ]


def test_times() -> None:
    event = event_of(MAIL)
    assert event.received_at == CONTEXT.received_at
    assert event.happened_at is not None
    assert event.happened_at.isoformat() == "2026-03-12T10:11:00+01:00"
    assert event.size == len(MAIL)
    future = event_of(MAIL.replace("2026", "2062"))
    assert future.happened_at is None
    assert "date_impossible" in problems_of(content_of(MAIL.replace("2026", "2062")))


def test_what_comes_to_a_bounce_address_answers_that_mail() -> None:
    context = replace(CONTEXT, envelope_to=(f"bounce+{ID}@musterstadt.example",))
    assert content_of(MAIL, context).answers == (f"{UUID(ID)}@musterstadt.example",)


class Poison(bytes):
    """Bytes that cannot be searched: no mail is known that `read` chokes on, so this stands in."""

    def find(self, *_: object) -> int:
        raise RecursionError


def test_a_mail_that_cannot_be_read_at_all_is_kept() -> None:
    raw = Poison(MAIL.encode())
    with pytest.raises(RecursionError):
        read(raw, CONTEXT)
    arrival = parse(raw, CONTEXT)
    assert isinstance(arrival.event, MessageReceived)
    assert arrival.event.readable is False
    assert arrival.original == raw
    assert isinstance(arrival.event.content, MessageContent)
    assert problems_of(arrival.event.content) == ["unreadable: RecursionError"]
    assert arrival.event.content.sender is not None
    assert arrival.event.content.sender.value == "erika@example.org"
    assert parse(Poison(MAIL.encode()), CONTEXT).event.id == arrival.event.id
