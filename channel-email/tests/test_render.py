"""A request becomes a mail that every relay takes, that says what it is, and that reads back."""

import email
import html
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email.message import EmailMessage
from email.policy import default
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channel_email.parse import Context, read
from channel_email.render import Outgoing, Sender, render
from channel_email.render.sign import sign_html, sign_text
from hub_contract.delivery import Reason
from hub_contract.errors import Permanent
from hub_contract.events import MessageContent, MessageRequested, RequestedContent, Sealed
from hub_contract.words import Attachment, Channel, ContactKind, ContactPoint
from hub_kit.files import safe_name

ID = UUID("7d1f3c52-9a0b-4e6d-8c21-5b9a4f0e1d77")
NOW = datetime(2026, 3, 12, 10, 11, 12, tzinfo=timezone(timedelta(hours=1)))
SENDER = Sender("post@musterstadt.example", "Stadt Musterstadt – Bürgerbüro", "musterstadt.example")
ERIKA = ContactPoint(kind=ContactKind.EMAIL, value="erika@example.org", name="Erika Müller")
CONTEXT = Context("musterstadt", "post", NOW, domain="musterstadt.example")


def request(
    content: RequestedContent | Sealed | None = None, **changes: object
) -> MessageRequested:
    said = {"recipient": ERIKA, "subject": "Ihr Antrag", "text": "Guten Tag"}
    automatic = bool(changes.pop("automatic", False))
    return MessageRequested(
        id=ID,
        tenant="musterstadt",
        channel=Channel.EMAIL,
        account="post",
        conversation_id=UUID(int=1),
        requested_at=NOW,
        automatic=automatic,
        content=content or RequestedContent.model_validate(said | changes),
    )


def rendered(files: tuple[bytes, ...] = (), **changes: object) -> Outgoing:
    return render(request(**changes), SENDER, files, NOW)


def mail_of(outgoing: Outgoing) -> EmailMessage:
    mail = email.message_from_bytes(outgoing.raw, policy=default)
    assert isinstance(mail, EmailMessage)
    assert [part.defects for part in mail.walk() if part.defects] == []
    return mail


def read_back(outgoing: Outgoing) -> MessageContent:
    content = read(outgoing.raw, CONTEXT).event.content
    assert isinstance(content, MessageContent)
    return content


def test_who_writes_whom_under_which_id() -> None:
    outgoing = rendered()
    mail = mail_of(outgoing)
    assert outgoing.message_id == f"{ID}@musterstadt.example"
    assert mail["Message-ID"] == f"<{ID}@musterstadt.example>"
    assert outgoing.envelope_from == f"bounce+{ID}@musterstadt.example"
    assert outgoing.envelope_to == "erika@example.org"
    assert mail["From"].addresses[0].display_name == "Stadt Musterstadt – Bürgerbüro"
    assert mail["From"].addresses[0].addr_spec == "post@musterstadt.example"
    assert mail["To"].addresses[0].display_name == "Erika Müller"
    assert mail["Date"].datetime == NOW
    assert mail["X-Faden-Loop"] == "musterstadt.example"


def test_one_request_always_gives_the_same_bytes() -> None:
    changes = {"html": "<p>Hallo</p>", "attachments": (attachment("a.pdf"),)}
    assert rendered((b"x",), **changes) == rendered((b"x",), **changes)


@pytest.mark.parametrize(
    ("automatic", "answers", "marks"),
    [
        (False, (), (None, None)),
        (True, (), ("auto-generated", "All")),
        (True, ("1@example.org",), ("auto-replied", "All")),
    ],
)
def test_what_a_machine_caused_says_so(
    automatic: bool, answers: tuple[str, ...], marks: tuple[str | None, str | None]
) -> None:
    mail = mail_of(rendered(automatic=automatic, answers=answers))
    assert (mail["Auto-Submitted"], mail["X-Auto-Response-Suppress"]) == marks


def test_the_thread_goes_on() -> None:
    long_id = f"{'x' * 200}@example.org"
    outgoing = rendered(answers=("3@x", long_id, "1@x"))
    mail = mail_of(outgoing)
    assert mail["In-Reply-To"] == "<3@x>"
    assert str(mail["References"]).split() == ["<1@x>", f"<{long_id}>", "<3@x>"]
    assert b"=?" not in outgoing.raw.split(b"Message-ID")[0]  # no id is an encoded word
    assert read_back(outgoing).answers == ("3@x", long_id, "1@x")


@pytest.mark.parametrize("bad", ["", "kein id", "a@b>\r\nBcc: x@y.de", "ä@x.de", "a@b c@d"])
def test_an_id_that_is_none_is_left_out(bad: str) -> None:
    mail = mail_of(rendered(answers=(bad, "1@x")))
    assert mail["In-Reply-To"] == "<1@x>"
    assert mail["Bcc"] is None
    assert mail_of(rendered(answers=(bad,)))["In-Reply-To"] is None


def test_answers_come_back_with_their_token() -> None:
    outgoing = rendered(reply_token="k3j9-x0")
    assert mail_of(outgoing)["Reply-To"] == "reply+k3j9-x0@musterstadt.example"
    answer = f"From: e@m.de\nTo: {mail_of(outgoing)['Reply-To']}\n\nJa\n".encode()
    content = read(answer, CONTEXT).event.content
    assert isinstance(content, MessageContent)
    assert content.reply_token == "k3j9-x0"
    assert mail_of(rendered())["Reply-To"] is None


@pytest.mark.parametrize(
    ("subject", "reference", "written"),
    [
        ("Ihr Antrag", "384291770608", "Ihr Antrag [Vorgang 384-291-770-608]"),
        ("AW: x [Vorgang 384-291-770-608]", "384291770608", "AW: x [Vorgang 384-291-770-608]"),
        ("Nr. 384291770608", "384291770608", "Nr. 384291770608"),
        ("", "384291770608", "[Vorgang 384-291-770-608]"),
        ("Ihr Antrag", "", "Ihr Antrag"),
        ("Straße & Öl\r\nBcc: x@y.de", "", "Straße & Öl Bcc: x@y.de"),
        ("a\x07b\u2028c", "", "ab c"),
        ("Ä" * 300, "", "Ä" * 300),
    ],
)
def test_subjects(subject: str, reference: str, written: str) -> None:
    outgoing = rendered(subject=subject, reference=reference)
    assert mail_of(outgoing)["Subject"] == written
    assert read_back(outgoing).subject == written
    assert mail_of(outgoing)["Bcc"] is None
    if reference:
        assert read_back(outgoing).references == (reference,)


@pytest.mark.parametrize(
    "text",
    [
        "Guten Tag,\n\nim Anhang finden Sie den Bescheid.\n\n-- \nStadt Musterstadt",
        "Grüße aus der Straße – 10 €",
        "From hier\n.\n..Punkte\n=3D",
        "x" * 5000,
        "ü" * 5000,
        "Zeile\r\nmit Wagenrücklauf\rund ohne",
        "Emoji 🎉 und 漢字",
        "",
    ],
)
def test_texts_read_back(text: str) -> None:
    outgoing = rendered(text=text)
    body = read_back(outgoing).body
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
    assert mail_of(outgoing).get_content().replace("\r\n", "\n").rstrip("\n") == lines
    assert [*filter(None, f"{body.text}\n{body.signature}".split("\n"))] == [
        line.rstrip() for line in lines.split("\n") if line
    ]


def test_every_line_is_short_ascii_with_crlf() -> None:
    outgoing = rendered(
        (b"\xff" * 5000,),
        text="ü" * 3000 + "\n" + "x" * 3000,
        html="<p>" + "ß" * 3000 + "</p>",
        subject="Ä" * 400,
        attachments=(attachment("Ö" * 150 + ".pdf"),),
    )
    assert outgoing.raw.isascii()
    assert b"\n" not in outgoing.raw.replace(b"\r\n", b"")
    assert b"\r" not in outgoing.raw.replace(b"\r\n", b"")
    assert max(map(len, outgoing.raw.split(b"\r\n"))) <= 998
    assert b"\x00" not in outgoing.raw


def test_html_stands_beside_the_text() -> None:
    outgoing = rendered(text="Hallo", html="<p>Hällo</p>")
    mail = mail_of(outgoing)
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert read_back(outgoing).body.html == "<p>Hällo</p>"
    assert read_back(outgoing).body.text == "Hallo"


GERMAN, ENGLISH = "Stadt Musterstadt\nTelefon 0711 1", "Stadt Musterstadt\nPhone +49 711 1"
SIGNED = replace(SENDER, signatures={"de": GERMAN, "en": ENGLISH})


@pytest.mark.parametrize(
    ("language", "text", "read"),
    [
        ("", "Guten Tag", f"Guten Tag\n\n-- \n{GERMAN}"),
        ("de-AT", "Guten Tag\n\n", f"Guten Tag\n\n-- \n{GERMAN}"),
        ("tr", "Guten Tag", f"Guten Tag\n\n-- \n{GERMAN}"),
        ("en", "Hello", f"Hello\n\n-- \n{ENGLISH}"),
        ("EN-gb", "Grüße", f"Grüße\n\n-- \n{ENGLISH}"),
        ("en_GB", "Hello", f"Hello\n\n-- \n{ENGLISH}"),
        ("", f"Da\n-- \n{GERMAN}\n", f"Da\n-- \n{GERMAN}"),  # sent on, or typed by hand
        ("", f"Da\n\n{GERMAN}  ", f"Da\n\n{GERMAN}"),
        ("", "Da\n\n-- \nPetra Amt", f"Da\n\n-- \nPetra Amt\n{GERMAN}"),
        ("", "Da\n--\nPetra Amt", f"Da\n--\nPetra Amt\n{GERMAN}"),
        (
            "",
            "Da\n-- \n" + "a\n" * 11,
            "Da\n-- \n" + "a\n" * 11 + f"\n-- \n{GERMAN}",
        ),  # a quotation
        ("", GERMAN.upper(), f"{GERMAN.upper()}\n\n-- \n{GERMAN}"),
        ("", "", f"\n\n-- \n{GERMAN}"),
    ],
)
def test_the_signature_stands_once_below_the_answer(language: str, text: str, read: str) -> None:
    mail = mail_of(render(request(language=language, text=text), SIGNED, (), NOW))
    said = mail.get_content().replace("\r\n", "\n")
    assert [line.rstrip() for line in said.splitlines()] == [
        line.rstrip() for line in read.splitlines()
    ]
    assert ("\n-- \n" in said) == ("\n-- \n" in read)


@pytest.mark.parametrize(
    ("html", "written"),
    [
        ("<p>Da</p>", "<p>Da</p><p>-- <br>A &lt;B&gt;<br>C</p>"),
        (
            "<html><body>Da</body></html>",
            "<html><body>Da<p>-- <br>A &lt;B&gt;<br>C</p></body></html>",
        ),
        ("Da<p>A &lt;B&gt;<br>C</p>", "Da<p>A &lt;B&gt;<br>C</p>"),
        ("", ""),
    ],
)
def test_the_signature_stands_once_in_html_too(html: str, written: str) -> None:
    assert sign_html(html, "A <B>\nC") == written


def test_without_a_signature_nothing_changes() -> None:
    assert sign_html("<p>Da</p>", "") == "<p>Da</p>"
    assert sign_text(" Da \n\n", "") == " Da \n\n"


def attachment(name: str, media_type: str = "application/pdf", size: int = 1) -> Attachment:
    return Attachment(file_name=name, media_type=media_type, size=size)


@pytest.mark.parametrize(
    ("name", "media_type", "read_name", "read_type"),
    [
        ("Bescheid.pdf", "application/pdf", "Bescheid.pdf", "application/pdf"),
        ("Gebühren – Straße.pdf", "application/pdf", "Gebühren – Straße.pdf", "application/pdf"),
        ("漢字🎉.pdf", "application/pdf", "漢字🎉.pdf", "application/pdf"),
        ('a"b;c.pdf', "application/pdf", "ab;c.pdf", "application/pdf"),
        ("a\r\nX-Boese: ja.pdf", "application/pdf", "a X-Boese ja.pdf", "application/pdf"),
        ("../../x.pdf", "application/pdf", "x.pdf", "application/pdf"),
        ("", "application/pdf", "1.pdf", "application/pdf"),
        ("a.eml", "message/rfc822", "a.eml", "application/octet-stream"),
        ("a.bin", "kaputt", "a.bin", "application/octet-stream"),
        ("a.bin", "text/x\r\nX-Boese: ja", "a.bin", "application/octet-stream"),
        ("a.txt", "text/plain", "a.txt", "text/plain"),
    ],
)
def test_attachments_read_back(name: str, media_type: str, read_name: str, read_type: str) -> None:
    data = bytes(range(256)) * 3
    outgoing = rendered((data,), attachments=(attachment(name, media_type, len(data)),))
    arrival = read(outgoing.raw, CONTEXT)
    found = arrival.event.content.attachments
    assert [(a.file_name, a.media_type, a.size) for a in found] == [(read_name, read_type, 768)]
    assert arrival.files == (data,)
    assert mail_of(outgoing)["X-Boese"] is None
    assert next(mail_of(outgoing).iter_attachments()).get_filename() == read_name


def test_a_name_is_never_a_header() -> None:
    nasty = ContactPoint(
        kind=ContactKind.EMAIL, value="erika@example.org", name='E\r\nBcc: x@y.de\r\n\r\n"<m@m.de>'
    )
    outgoing = render(
        request(recipient=nasty), Sender("post@m.de", "Amt\r\nX-Boese: ja", "m.de"), (), NOW
    )
    mail = mail_of(outgoing)
    assert (mail["Bcc"], mail["X-Boese"]) == (None, None)
    assert [a.addr_spec for a in mail["To"].addresses] == ["erika@example.org"]
    assert [a.addr_spec for a in mail["From"].addresses] == ["post@m.de"]


@pytest.mark.parametrize(
    ("address", "sent_to"),
    [
        ("erika@example.org", "erika@example.org"),
        ("Erika.Muster+x@EXAMPLE.org", "Erika.Muster+x@example.org"),
        ("erika@müller.example", "erika@xn--mller-kva.example"),
        ("erika@straße.example", "erika@xn--strae-oqa.example"),
        ("<erika@example.org>", "erika@example.org"),
    ],
)
def test_recipients(address: str, sent_to: str) -> None:
    point = ContactPoint(kind=ContactKind.EMAIL, value=address)
    assert rendered(recipient=point).envelope_to == sent_to
    assert mail_of(rendered(recipient=point))["To"].addresses[0].addr_spec == sent_to


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        (ContactKind.EMAIL, ""),
        (ContactKind.EMAIL, "erika"),
        (ContactKind.EMAIL, "erika@"),
        (ContactKind.EMAIL, "erika@localhost"),
        (ContactKind.EMAIL, "erika@example..org"),
        (ContactKind.EMAIL, "mül ler@example.org"),
        (ContactKind.EMAIL, "ü" * 33 + "@example.org"),  # 66 bytes
        (ContactKind.EMAIL, ".erika@example.org"),
        (ContactKind.EMAIL, "x" * 65 + "@example.org"),
        (ContactKind.EMAIL, "erika@-.org"),
        (ContactKind.EMAIL, f"erika@{'x' * 64}.org"),
        (ContactKind.PHONE, "+49123456789"),
    ],
)
def test_whom_no_mail_reaches_is_said_without_naming_anybody(
    kind: ContactKind, address: str
) -> None:
    with pytest.raises(Permanent) as caught:
        rendered(recipient=ContactPoint(kind=kind, value=address, name="Erika"))
    said = str(caught.value)
    assert re.match(r"recipient: .+; .+", said)  # the field, what is wrong, the remedy
    assert caught.value.reason is Reason.ADDRESS_UNKNOWN
    assert not address or address not in said
    assert "Erika" not in said


def test_a_line_break_in_an_address_reaches_nobody() -> None:
    point = ContactPoint(kind=ContactKind.EMAIL, value="erika@example.org\r\nRCPT TO:<m@m.de>")
    with pytest.raises(Permanent, match="recipient"):
        rendered(recipient=point)


@pytest.mark.parametrize(
    ("broken", "field", "reason"),
    [
        (lambda: render(request(Sealed(sealed="x")), SENDER, (), NOW), "content", "other"),
        (lambda: rendered((b"x",)), "attachments", "other"),
        (lambda: rendered(attachments=(attachment("a.pdf"),)), "attachments", "other"),
        (lambda: rendered(reply_token="a b"), "reply_token", "other"),
        (lambda: rendered(reply_token="a\r\nb"), "reply_token", "other"),
        (lambda: rendered(reply_token="x" * 100), "reply_token", "other"),
        (
            lambda: render(request(), Sender("kaputt", "Amt", "m.de"), (), NOW),
            "sender",
            "not_configured",
        ),
    ],
)
def test_a_request_that_makes_no_mail_names_its_field(broken, field: str, reason: str) -> None:
    with pytest.raises(Permanent, match=field) as caught:
        broken()
    assert caught.value.reason == reason


def test_our_own_mail_that_comes_back_is_a_loop() -> None:
    event = read(rendered().raw, CONTEXT).event
    assert event.automatic == "generated"
    assert [e.kind for e in event.content.evidence] == ["loop"]


TYPED = [
    "=?utf-8?Q?Hallo?=",
    "=?utf-8?Q?Gr=C3=BC=C3=9Fe?=",
    "=?UTF-8?B?SGFsbG8=?=",
    "=?Utf-8?b?SGFsbG8=?=",  # as we write it ourselves
    "=?iso-8859-1*de?q?Hallo?=",
    "Re: =?utf-8?Q?Hallo?= und mehr",
    "x=?utf-8?Q?Hallo?=x",
    "=?utf-8?Q?a?= =?utf-8?Q?b?=",
    "=?=?utf-8?Q?a?=?=",
    "=?utf-8?b?PT91dGYtOD9RP0hhbGxvPz0=?=",  # encoded twice
    "ä =?utf-8?Q?Hallo?=",
    "a =? b ?= c",
    "=3DHallo=20Welt",
    "%C3%A4",
    "&auml;",
    "utf-8''%41",
]


@pytest.mark.parametrize("typed", TYPED)
def test_what_looks_encoded_reaches_the_citizen_as_typed(typed: str) -> None:
    """Read by the standard library, as many programs do, and by our own parser."""
    outgoing = rendered(
        (b"x",),
        subject=typed,
        text=f"{typed}\n{typed}",
        html=f"<p>{html.escape(typed)}</p>",
        recipient=ERIKA.model_copy(update={"name": typed}),
        attachments=(attachment(f"{typed}.pdf"),),
    )
    mail, own = mail_of(outgoing), read_back(outgoing)
    assert (mail["Subject"], own.subject) == (typed, typed)
    names = mail["To"].addresses[0].display_name, own.recipients[0].point.name
    assert names == (typed, typed)
    [file] = mail.iter_attachments()
    assert file.get_filename() == f"{typed}.pdf".translate({ord(c): None for c in ":*"})
    assert own.attachments[0].file_name == safe_name(f"{typed}.pdf")  # without ? on our disk
    assert mail.get_body(("plain",)).get_content().split("\n")[0].strip() == typed
    assert html.unescape(mail.get_body(("html",)).get_content().strip()[3:-4]) == typed
    assert own.body.text == f"{typed}\n{typed}"


@pytest.mark.parametrize(
    "name", [*TYPED, "Amt, Straße", "A. Amt", "Zimmer 12 <b>", 'Das "Amt"', "@"]
)
def test_the_name_of_an_account_is_read_as_typed(name: str) -> None:
    outgoing = render(request(), Sender("post@m.de", name, "m.de"), (), NOW)
    mailbox = mail_of(outgoing)["From"].addresses
    assert [(one.display_name, one.addr_spec) for one in mailbox] == [(name, "post@m.de")]


@pytest.mark.parametrize(
    "text",
    [
        "Ä" * 300,
        "Straßenverkehrsbehörde " * 15 + "Ende",
        "Grüße  und " + "x" * 200 + " =?utf-8?Q?a?= " * 9 + "Ö",
        "a" * 400,
        "🎉" * 100,
    ],
)
def test_a_long_subject_is_folded_and_read_as_typed(text: str) -> None:
    outgoing = rendered(subject=text)
    written = " ".join(text.split())
    assert (mail_of(outgoing)["Subject"], read_back(outgoing).subject) == (written, written)
    assert max(map(len, re.findall(rb"=\?[^ \r\n]+\?=", outgoing.raw)), default=0) <= 75


@settings(max_examples=2 * settings().max_examples)
@given(
    subject=st.text(max_size=200),
    text=st.text(max_size=500),
    name=st.text(max_size=60),
    file_name=st.text(max_size=60),
    data=st.binary(max_size=300),
)
def test_whatever_is_written_goes_through(
    subject: str, text: str, name: str, file_name: str, data: bytes
) -> None:
    point = ContactPoint(kind=ContactKind.EMAIL, value="erika@example.org", name=name)
    outgoing = rendered(
        (data,),
        recipient=point,
        subject=subject,
        text=text,
        attachments=(attachment(file_name, size=len(data)),),
    )
    arrival = read(outgoing.raw, CONTEXT)
    assert outgoing.raw.isascii()
    assert arrival.files == (data,)
    assert arrival.event.content.external_id == outgoing.message_id
    assert [r.point.value for r in arrival.event.content.recipients] == ["erika@example.org"]
    assert arrival.event.content.sender.value == "post@musterstadt.example"
    names = mail_of(outgoing).keys()
    assert len(names) == len(set(names)) == 8
    assert arrival.event.happened_at == NOW.astimezone(UTC)


def test_an_address_with_an_umlaut_goes_out_as_it_is() -> None:
    point = ContactPoint(kind=ContactKind.EMAIL, value="jörg@example.org", name="Jörg Groß")
    mail = rendered(recipient=point)
    assert mail.envelope_to == "jörg@example.org"
    assert "\r\n <jörg@example.org>\r\n" in mail.raw.decode("utf-8")
    assert mail.raw.replace("jörg".encode(), b"").isascii()
