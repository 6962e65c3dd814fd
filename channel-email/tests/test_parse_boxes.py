"""Words that lie in something: S/MIME, RTF in winmail.dat, an HTML behind a stub, an invitation."""

import base64
import re
import struct
import zlib
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

import pytest
from compressed_rtf import compress
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from channel_email.parse import Context, read
from channel_email.parse.cms import open_cms
from channel_email.parse.limits import OPENED
from channel_email.parse.rtf import read_rtf
from channel_email.parse.tnef import open_tnef
from hub_contract.events import MessageContent

CONTEXT = Context("musterstadt", "post", datetime(2026, 3, 12, tzinfo=UTC))
HEAD = "From: Erika Testmann <erika@buergerpost.example>\nSubject: Widerspruch\n"
WORDS = "Guten Tag,\n\nich widerspreche.\n"
TEXT = f"Content-Type: text/plain; charset=utf-8\n\n{WORDS}"
SIGNED = ("signature", "unchecked", "s/mime")
ENCRYPTED = ("encrypted", "unchecked", "s/mime")


def content_of(raw: str | bytes) -> MessageContent:
    content = read(raw.encode() if isinstance(raw, str) else raw, CONTEXT).event.content
    assert isinstance(content, MessageContent)
    return content


def problems_of(content: MessageContent) -> list[str]:
    return [f"{p.code}: {p.about}" if p.about else p.code for p in content.problems]


def proofs_of(content: MessageContent) -> list[tuple[str, str, str]]:
    return [(e.kind, e.result, e.by) for e in content.evidence]


def names_of(content: MessageContent) -> list[str]:
    return [file.file_name for file in content.attachments]


def _certified(key) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Erika Testmann")])
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1)
    made = made.not_valid_before(begin).not_valid_after(begin + timedelta(days=400))
    return made.sign(key, hashes.SHA256())


KEY = ec.generate_private_key(ec.SECP256R1())
CERTIFICATE = _certified(KEY)


def signed(inside: str | bytes, *options: pkcs7.PKCS7Options) -> bytes:
    data = inside.encode() if isinstance(inside, str) else inside
    made = pkcs7.PKCS7SignatureBuilder().set_data(data)
    made = made.add_signer(CERTIFICATE, KEY, hashes.SHA256())
    return made.sign(Encoding.DER, [pkcs7.PKCS7Options.Binary, *options])


def encrypted(inside: str) -> bytes:
    certificate = _certified(rsa.generate_private_key(65537, 2048))
    made = pkcs7.PKCS7EnvelopeBuilder().set_data(inside.encode()).add_recipient(certificate)
    return made.encrypt(Encoding.DER, [pkcs7.PKCS7Options.Binary])


def item(tag: int, *inside: bytes, is_open: bool = False) -> bytes:
    """Write one item of BER; an open one has no length and an end."""
    content = b"".join(inside)
    if is_open:
        return bytes([tag, 0x80]) + content + b"\0\0"
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    return bytes([tag, 0x83]) + len(content).to_bytes(3) + content


def ber(inside: bytes, octets: bytes, kind: str = "02", *, is_open: bool = True) -> bytes:
    """Write a ContentInfo around `octets`, whose content is `inside` if that is asked for."""
    data = item(0x06, bytes.fromhex("2a864886f70d010701"))
    encap = item(0x30, data, item(0xA0, octets, is_open=is_open), is_open=is_open)
    name = bytes.fromhex("2a864886f70d0107" + kind if len(kind) == 2 else kind)
    signers = item(0x31, inside)
    version, algorithms = item(0x02, b"\1"), item(0x31)
    around = item(0x30, version, algorithms, encap, signers, is_open=is_open)
    return item(0x30, item(0x06, name), item(0xA0, around, is_open=is_open), is_open=is_open)


SIGNER = item(0x30, item(0x02, b"\1"))
PIECES = item(0x24, *(item(0x04, TEXT.encode()[n : n + 7]) for n in range(0, 99, 7)), is_open=True)
NESTED = item(0x24, item(0x24, item(0x04, TEXT.encode()[:20]), is_open=True),
              item(0x04, TEXT.encode()[20:]))  # fmt: skip
COMPRESSED = "2a864886f70d0109100109"
PACKED = item(0x04, zlib.compress(TEXT.encode()))
OPAQUE = 'application/pkcs7-mime; smime-type=signed-data; name="smime.p7m"'


def mail(data: bytes, kind: str = OPAQUE, *, head: str = HEAD) -> str:
    letters = base64.encodebytes(data).decode()
    return f"{head}Content-Type: {kind}\nContent-Transfer-Encoding: base64\n\n{letters}"


def part(data: bytes, kind: str = OPAQUE) -> str:
    return mail(data, kind, head="")


def mixed(*parts: str, kind: str = "mixed") -> str:
    inside = "".join(f"--b\n{one}\n" for one in parts)
    return f"Content-Type: multipart/{kind}; boundary=b\n\n{inside}--b--\n"


BOX = signed(TEXT)
IMAGE = 'Content-Type: image/png; name="plan.png"\nContent-ID: <plan@1>\n\nPNG'
READABLE = {
    "DER": mail(BOX),
    "x-pkcs7": mail(BOX, "application/x-pkcs7-mime; smime-type=signed-data"),
    "without smime-type": mail(BOX, 'application/pkcs7-mime; name="smime.p7m"'),
    "labelled encrypted": mail(BOX, "application/pkcs7-mime; smime-type=enveloped-data"),
    "octet-stream": mail(BOX, 'application/octet-stream; name="smime.p7m"'),
    "octet-stream, capitals": mail(BOX, 'Application/Octet-Stream; name="SMIME.P7M"'),
    "armoured": mail(b"-----BEGIN PKCS7-----\n" + base64.encodebytes(BOX) + b"-----END PKCS7-----"),
    "encoded twice": mail(base64.encodebytes(BOX)),
    "BER": mail(ber(SIGNER, item(0x04, TEXT.encode()))),
    "BER in pieces": mail(ber(SIGNER, PIECES)),
    "BER in pieces in pieces": mail(ber(SIGNER, NESTED)),
    "DER in pieces": mail(ber(SIGNER, NESTED, is_open=False)),
    "signed twice": mail(signed(part(BOX))),
    "signed three times": mail(signed(part(signed(part(BOX))))),
    "clear-signed inside": mail(signed(mixed(TEXT, part(b"0", "application/pkcs7-signature"),
                                             kind="signed"))),
    "with its header": mail(signed(f"Content-Type: message/rfc822\n\n{HEAD}{TEXT}")),
    "as a part": HEAD + mixed(part(BOX)),
    "forwarded": HEAD + mixed("Content-Type: message/rfc822\n\n" + mail(BOX)),
    "no MIME header inside": mail(signed(WORDS)),
    "the lines of Windows": mail(signed(TEXT.replace("\n", "\r\n"))),
}  # fmt: skip


@pytest.mark.parametrize("shape", READABLE)
def test_what_is_only_signed_is_read(shape: str) -> None:
    content = content_of(READABLE[shape])
    assert content.body.text == "Guten Tag,\n\nich widerspreche."
    assert proofs_of(content) == [SIGNED]
    assert problems_of(content) == []


def test_smime_stays_a_file_and_its_parts_are_listed() -> None:
    page = f"Content-Type: text/html\n\n<p>{WORDS}</p><img src=cid:plan@1>"
    content = content_of(mail(signed(mixed(page, IMAGE, kind="related"))))
    assert names_of(content) == ["smime.p7m", "plan.png"]
    assert content.attachments[1].inline
    assert content.body.text.endswith("[image 2: plan.png]")


def test_a_signed_mail_that_is_handed_on_with_words_is_read_below_them() -> None:
    forwarded = "Content-Type: message/rfc822\n\n" + mail(BOX)
    content = content_of(HEAD + mixed("\nSiehe unten.", forwarded))
    assert content.body.text == "Siehe unten.\n\nGuten Tag,\n\nich widerspreche."
    assert names_of(content) == ["Widerspruch.eml", "smime.p7m"]
    assert proofs_of(content) == [SIGNED]


@pytest.mark.parametrize(
    ("data", "text", "proofs", "problems", "files"),
    [
        (encrypted(TEXT), "", [ENCRYPTED], ["encrypted: S/MIME"], 1),
        (ber(b"", b"", "2a864886f70d0109100117"), "", [ENCRYPTED], ["encrypted: S/MIME"], 1),
        (ber(b"", PACKED, COMPRESSED), "Guten Tag,\n\nich widerspreche.", [], [], 1),
        (ber(b"", item(0x04, b"x"), COMPRESSED), "", [], ["smime_unopened"], 1),
        # No signer: there is nothing that could be checked.
        (ber(b"", item(0x04, TEXT.encode())), "Guten Tag,\n\nich widerspreche.",
         [("signature", "none", "s/mime")], [], 1),
        # Certificates alone, and a signature of something that is elsewhere.
        (ber(b"", b""), "", [], [], 1),
        (ber(SIGNER, b""), "", [SIGNED], [], 1),
        # Cut off: within the words, behind them, before them.
        (BOX[: BOX.index(b"wider")], "Guten Tag,\n\nich", [SIGNED], ["smime_unopened"], 1),
        (BOX[: BOX.index(b"wider") + 90], "Guten Tag,\n\nich widerspreche.", [SIGNED],
         ["smime_unopened"], 1),
        (BOX[:30], "", [SIGNED], ["smime_unopened"], 1),
        (b"", "", [SIGNED], ["smime_unopened"], 1),
        (b"\x30\x80" * 9000, "", [SIGNED], ["smime_unopened"], 1),
        (b"\xff" * 99, "", [SIGNED], ["smime_unopened"], 1),
        (ber(b"", b"", "01"), "", [], [], 1),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said(data, text, proofs, problems, files) -> None:
    content = content_of(mail(data))
    assert content.body.text == text
    assert (proofs_of(content), problems_of(content)) == (proofs, problems)
    assert len(content.attachments) == files


def test_every_beginning_of_a_box_is_read_as_far_as_it_goes() -> None:
    for box in (BOX, ber(SIGNER, PIECES), ber(b"", PACKED, COMPRESSED)):
        for end in range(0, len(box), 3):
            opened = open_cms(box[:end], 10_000)
            assert TEXT.encode().startswith(opened.content or b"")
            assert not opened.is_whole or opened.content == TEXT.encode()


def test_a_signed_document_is_a_file_of_its_own() -> None:
    raw = HEAD + mixed(
        TEXT, part(signed(b"%PDF-1.4 x"), 'application/pkcs7-mime; name="a.pdf.p7m"')
    )
    content = content_of(raw)
    assert names_of(content) == ["a.pdf.p7m", "a.pdf"]
    named = mail(BOX, 'application/pkcs7-mime; name="Widerspruch vom 3.11.p7m"')
    assert content_of(named).body.text == "Guten Tag,\n\nich widerspreche."
    assert (content.body.text, proofs_of(content)) == ("Guten Tag,\n\nich widerspreche.", [SIGNED])


def test_boxes_in_boxes_are_opened_within_the_size_of_the_mail() -> None:
    box = TEXT.encode()
    for _ in range(30):
        box = ber(SIGNER, item(0x04, f"Content-Type: {OPAQUE}\n\n".encode() + box))
    head = f"{HEAD}Content-Type: {OPAQUE}\n\n".encode()
    content = content_of(head + box)
    assert problems_of(content)[-1] == "nested_too_deep"
    assert len(content.attachments) <= OPENED + 2
    bomb = ber(b"", item(0x04, zlib.compress(b"a" * 10_000_000)), COMPRESSED)
    opened = open_cms(bomb, 5_000)
    assert (len(opened.content or b""), opened.is_whole) == (5_000, False)


PGP = "-----BEGIN PGP %s-----\n\nabc\n"


@pytest.mark.parametrize(
    ("raw", "proofs", "problems"),
    [
        (mixed(TEXT, "Content-Type: application/pkcs7-signature\n\n0", kind="signed"),
         [SIGNED], []),
        (mixed(TEXT, 'Content-Type: application/octet-stream; name="smime.p7s"\n\n0'),
         [SIGNED], []),
        (('Content-Type: multipart/signed; protocol="application/pgp-signature"; boundary=b\n\n'
         f"--b\n{TEXT}\n--b\nContent-Type: application/pgp-signature\n\n.\n--b--\n"),
         [("signature", "unchecked", "pgp")], []),
        (('Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b\n\n'
         "--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--b\n"
         f"Content-Type: application/octet-stream\n\n{PGP % 'MESSAGE'}\n--b--\n"),
         [("encrypted", "unchecked", "pgp")], ["encrypted: PGP"]),
        # As some gateways leave it, as a file, in a text, in a page.
        (mixed("Content-Type: application/pgp-encrypted\n\nVersion: 1"),
         [("encrypted", "unchecked", "pgp")], ["encrypted: PGP"]),
        (mixed(f'Content-Type: application/octet-stream; name="a.asc"\n\n{PGP % "MESSAGE"}'),
         [("encrypted", "unchecked", "pgp")], ["encrypted: PGP"]),
        (f"\n{PGP % 'MESSAGE'}", [("encrypted", "unchecked", "pgp")], ["encrypted: PGP"]),
        (f"Content-Type: text/html\n\n<pre>{PGP % 'MESSAGE'}</pre>",
         [("encrypted", "unchecked", "pgp")], ["encrypted: PGP"]),
        (f"\n{PGP % 'SIGNED MESSAGE'}{PGP % 'SIGNATURE'}",
         [("signature", "unchecked", "pgp")], []),
        (f"\n{PGP % 'PUBLIC KEY BLOCK'}", [], []),
    ],
)  # fmt: skip
def test_signatures_and_encryption_are_said(raw, proofs, problems) -> None:
    content = content_of(f"{HEAD}{raw}")
    assert (proofs_of(content), problems_of(content)) == (proofs, problems)


RTF = rb"{\rtf1\ansi\ansicpg1252%s{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset204 A;}}\uc1 %s}"


@pytest.mark.parametrize(
    ("kind", "rtf", "text", "html"),
    [
        (b"", rb"Gr\'fc\'dfe \u8364?5\par Z\line W\tab \{x\}\~\emdash", "Grüße €5\nZ\nW\t{x}\xa0—", ""),
        (b"", rb"a{\info b}{\*\x c}{\pict\bin3 }}}d}{\pntext\f1\'e9}", "aй", ""),
        (b"", rb"\u-10179?\u-8704\'3f!", "😀!", ""),
        (b"\\fromtext", rb"Guten Tag\par \f1\'cf\f0 \'fc", "Guten Tag\nПü", ""),
        (b"\\fromhtml1", (rb"{\*\htmltag64 <p>}\htmlrtf {\b \htmlrtf0 Gr\'fc\'dfe\htmlrtf }x"
         rb"\htmlrtf0 {\*\htmltag84 &amp;}{\*\mhtmltag1 y}\par{\*\htmltag72 </p>}"),
         "", "<p>Grüße&amp;\n</p>"),
        (b"", b"{" * 3000 + b"tief" + b"}" * 3000 + b" flach", "tief flach", ""),
        (b"", rb"\'zz\bin99999999999 a", "'zz", ""),
    ],
)  # fmt: skip
def test_rtf_is_read(kind: bytes, rtf: bytes, text: str, html: str) -> None:
    assert read_rtf(RTF % (kind, rtf)) == (text, html)


def winmail(packed: bytes) -> bytes:
    """Write a winmail.dat with nothing but a text in RTF ([MS-OXTNEF], [MS-OXCMSG])."""
    padded = packed + b"\0" * (-len(packed) % 4)
    properties = struct.pack("<IHHII", 1, 0x0102, 0x1009, 1, len(packed)) + padded
    out = struct.pack("<IH", 0x223E9F78, 1)
    for name, kind, data in ((0x9006, 8, struct.pack("<I", 0x10000)), (0x9003, 6, properties)):
        out += struct.pack("<BHHI", 1, name, kind, len(data)) + data
        out += struct.pack("<H", sum(data) & 0xFFFF)
    return out


PAGE = (
    rb"{\*\htmltag64 <p>}Ja, gern.{\*\htmltag72 </p>}{\*\htmltag64 <blockquote type=cite>}Passt es?"
    rb"{\*\htmltag72 </blockquote>}"
)


@pytest.mark.parametrize(
    ("packed", "text", "problems"),
    [
        (compress(RTF % (b"", rb"Gr\'fc\'dfe")), "Grüße", []),
        (compress(RTF % (b"", rb"Gr\'fc\'dfe"), compressed=False), "Grüße", []),
        (RTF % (b"", rb"Gr\'fc\'dfe"), "Grüße", []),
        (compress(RTF % (b"\\fromhtml1", PAGE)), "Ja, gern.", []),
        (compress(RTF % (b"", b"x"))[:-3], "", ["box_unopened"]),
        (b"\1" * 500_000, "", ["box_unopened"]),
    ],
)
def test_words_that_are_only_in_the_rtf_of_a_winmail_are_read(packed, text, problems) -> None:
    content = content_of(mail(winmail(packed), 'application/ms-tnef; name="winmail.dat"'))
    assert (content.body.text, problems_of(content)) == (text, problems)
    assert names_of(content) == ["winmail.dat"]


@pytest.mark.parametrize("count", [2**32 - 1, 0])
@pytest.mark.parametrize("kind", [0x0102, 0x1003, 0x1102, 0x101F, 0x0002, 0x1002, 0x7777])
def test_a_winmail_that_counts_without_end_is_read_at_once(kind: int, count: int) -> None:
    body = compress(RTF % (b"", b"Ja"))
    padded = body + b"\0" * (-len(body) % 4)
    first = struct.pack("<IHHII", count, 0x0102, 0x1009, 1, len(body)) + padded
    endless = struct.pack("<HHI", kind, 0x3001, count)
    box = struct.pack("<IHBHHI", 0x223E9F78, 1, 1, 0x9003, 6, len(first + endless))
    opened = open_tnef(box + first + endless + b"\0\0")
    assert opened.text == "Ja"


STUBS = [
    "Ihr Programm zeigt kein HTML.",
    "This is a multi-part message in MIME format.",
    "To view this message use an HTML-capable client",
    "Diese Nachricht ist im HTML-Format.",
    "Um diese E-Mail anzuzeigen, benötigen Sie ein E-Mail-Programm, das HTML darstellen kann.",
    "Your mail client does not support HTML e-mail.",
    "Falls die Mail nicht richtig angezeigt wird: https://m.example/webversion?id=7",
    "Si vous ne parvenez pas à lire cet e-mail, visualisez la version en ligne.",
    "Diese E-Mail kann von Ihrem Programm nicht dargestellt werden.",
    "\u200b\xa0\n-- \n",
    "[cid:logo@1]",
]
ANSWER = (
    "Content-Type: text/html; charset=utf-8\n\n<p>Ja, der Termin passt mir gut.</p>"
    '<div class="gmail_quote"><div class="gmail_attr">Am Montag schrieb das Amt:</div>'
    "<blockquote class=gmail_quote>Passt es?</blockquote></div>"
)


@pytest.mark.parametrize("kind", ["alternative", "mixed"])
@pytest.mark.parametrize("stub", STUBS)
def test_a_stub_yields_to_the_html_and_its_quotations(stub: str, kind: str) -> None:
    plain = f"Content-Type: text/plain; charset=utf-8\n\n{stub}"
    body = content_of(HEAD + mixed(plain, ANSWER, kind=kind)).body
    assert body.text == "Ja, der Termin passt mir gut."
    assert "Passt es?" in body.quoted


@pytest.mark.parametrize(
    "words",
    [
        "Mein Browser zeigt das HTML nicht an.",
        "Welches Mailprogramm brauche ich [image: a.png] für <https://m.example/a/b/c> Ihr HTML?",
    ],
)
def test_a_person_may_write_about_html(words: str) -> None:
    page = (
        f"Content-Type: text/html\n\n<p><i>{words.split('[', maxsplit=1)[0]}</i> für Ihr HTML?</p>"
    )
    plain = f"Content-Type: text/plain; charset=utf-8\n\n{words}"
    assert content_of(HEAD + mixed(plain, page, kind="alternative")).body.text == words


def calendar(*lines: str, method: str = "REQUEST") -> str:
    inside = "\r\n".join(["BEGIN:VEVENT", *lines, "END:VEVENT"])
    return f"BEGIN:VCALENDAR\r\nMETHOD:{method}\r\n{inside}\r\nEND:VCALENDAR\r\n"


WHAT = "SUMMARY;LANGUAGE=de:Ortstermin\\, Bau"
BERLIN = "TZID=W. Europe Standard Time"
WHO = (
    'ORGANIZER;CN="Testmann, Erika":mailto:erika@buergerpost.example',
    "ATTENDEE;PARTSTAT=ACCEPTED;RSVP=TRUE:MAILTO:post@musterstadt.ex",
    " ample",
)
PEOPLE = "Testmann, Erika <erika@buergerpost.example>\npost@musterstadt.example"


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ((f"DTSTART;{BERLIN}:20260312T100000", f"DTEND;{BERLIN}:20260312T110000", "LOCATION:Rathaus"),
         "2026-03-12 10:00 – 11:00 (Europe/Berlin)\nRathaus"),
        (("DTSTART:20260312T090000Z", "DURATION:PT90M"), "2026-03-12 09:00 – 10:30 (UTC)"),
        (("DTSTART;TZID=Europe/Rome:20260312T230000", "DTEND;TZID=Europe/Rome:20260313T010000"),
         "2026-03-12 23:00 – 2026-03-13 01:00 (Europe/Rome)"),
        (("DTSTART;TZID=Europe/Rome:20260312T090000", "DTEND;TZID=Asia/Tokyo:20260312T230000"),
         "2026-03-12 09:00 (Europe/Rome) – 2026-03-12 23:00 (Asia/Tokyo)"),
        (("DTSTART:20260312T090000",), "2026-03-12 09:00"),
        (("DTSTART;VALUE=DATE:20260312", "DTEND;VALUE=DATE:20260313"), "2026-03-12"),
        (("DTSTART;VALUE=DATE:20260312", "DTEND;VALUE=DATE:20260315"), "2026-03-12 – 2026-03-14"),
        (("DTSTART;VALUE=DATE:20260312", "DTEND:20260312T110000Z"), "2026-03-12"),
        (("DTSTART:20260312T000000", "DTEND:20260313T000000", "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE"),
         "2026-03-12"),
        (("DTSTART:99991231T235900Z", "DURATION:P9999999999999W"), "9999-12-31 23:59 (UTC)"),
        (("DTSTART:gestern", "X;Y"), ""),
    ],
)  # fmt: skip
def test_an_invitation_is_written_out(lines: tuple[str, ...], text: str) -> None:
    raw = f"{HEAD}Content-Type: text/calendar; method=REQUEST\n\n{calendar(WHAT, *lines, *WHO)}"
    content = content_of(raw)
    assert content.body.text == "\n".join(filter(None, ["Ortstermin, Bau", text, PEOPLE]))
    assert [(e.kind, e.result) for e in content.evidence] == [("appointment", "request")]
    assert names_of(content) == ["1.ics"]


@pytest.mark.parametrize(
    ("method", "line", "said"),
    [
        ("CANCEL", "", [("appointment", "cancel")]),
        ("REQUEST", "STATUS:CANCELLED", [("appointment", "cancel")]),
        ("REPLY", "", [("appointment", "accepted")]),
        ("COUNTER", "", [("appointment", "counter")]),
        ("PUBLISH", "", [("appointment", "publish")]),
        ("NEVER-HEARD", "", [("appointment", "publish")]),
        ("REQUEST", "RRULE:FREQ=WEEKLY;UNTIL=20260601T000000Z",
         [("appointment", "request"), ("recurrence", "weekly"), ("recurrence-until", "2026-06-01")]),
        ("REQUEST", "RRULE:FREQ=SECONDLY", [("appointment", "request"), ("recurrence", "often")]),
    ],
)  # fmt: skip
def test_what_an_invitation_wants_is_evidence(method, line, said) -> None:
    text = calendar(WHAT, "DTSTART:20260312T090000Z", line, *WHO, method=method)
    content = content_of(f"{HEAD}Content-Type: text/calendar\n\n{text}")
    assert [(e.kind, e.result) for e in content.evidence] == said


def test_an_invitation_stands_above_what_was_written_and_once() -> None:
    text = calendar(WHAT, "DESCRIPTION:Bitte kommen", "DTSTART:20260312T090000Z")
    page = "Content-Type: text/html\n\n<p>Bitte kommen</p>"
    calendar_part = f"Content-Type: text/calendar\n\n{text}"
    forms = mixed(page, calendar_part, kind="alternative").replace("=b\n", "=c\n")
    forms = forms.replace("--b", "--c")
    file = f'Content-Type: application/ics; name="invite.ics"\nContent-Disposition: attachment\n\n{text}'
    content = content_of(HEAD + mixed(forms, file))
    assert content.body.text == "Ortstermin, Bau\n2026-03-12 09:00 (UTC)\n\nBitte kommen"
    assert names_of(content) == ["1.ics", "invite.ics"]
    alone = content_of(HEAD + calendar_part)
    assert alone.body.text == "Ortstermin, Bau\n2026-03-12 09:00 (UTC)\n\nBitte kommen"


PLAN = 'Content-Type: image/png; name="plan.png"\nContent-ID: <plan@1>\n\nPNG'
LOCATED = 'Content-Type: image/png; name="plan.png"\nContent-Location: %s\n\nPNG'
UNKNOWN = (
    'Content-Type: application/octet-stream; name="a.png"\nContent-ID: <a>\n\n\x89PNG\r\n\x1a\n'
)
NOTE = "[image 1: plan.png]"


@pytest.mark.parametrize(
    ("page", "picture", "text"),
    [
        ('<p>Oben<img src="cid:plan@1">Unten</p>', PLAN, f"Oben{NOTE}Unten"),
        ("<p>Oben</p><img src='CID:plan%401'><p>Unten</p>", PLAN, f"Oben\n\n{NOTE}\n\nUnten"),
        ('<p>A<img src="cid:plan@1">B<img src="cid:plan@1"></p>', PLAN, f"A{NOTE}B{NOTE}"),
        ('<p>A<img src="cid:a"></p>', UNKNOWN, "A[image 1: a.png]"),
        ('<p>A<img src="cid:weg@1">B</p>', PLAN, "A[image: weg@1]B"),
        ('<p>A<img src="https://t.example/a.png">B</p>', PLAN, "AB"),
        ('<p>A<img src="cid:plan@1" width=1>B</p>', PLAN, "AB"),
        ('<p>A<img alt="" src="plan.png">B</p>', LOCATED % "plan.png", f"A{NOTE}B"),
        ("<p>A<img src=http://m.example/a/plan.png>B</p>", LOCATED % "http://m.example/a/plan.png",
         f"A{NOTE}B"),
        ('<p>A<img src="a/plan%20b.png">B</p>', LOCATED % '"a/plan b.png"', f"A{NOTE}B"),
        ('<p>A<img src="plan.png">B</p>', LOCATED % "http://m.example/a/plan.png", f"A{NOTE}B"),
        ('<blockquote type=cite>x<img src="cid:plan@1"></blockquote><p>Ja</p>', PLAN, "Ja"),
    ],
)  # fmt: skip
def test_pictures_are_noted_at_their_place(page: str, picture: str, text: str) -> None:
    content = content_of(
        HEAD + mixed(f"Content-Type: text/html\n\n{page}", picture, kind="related")
    )
    assert content.body.text == text
    if "[image 1" in text:
        assert content.attachments[0].inline
        cids = re.findall('src="cid:(.+?)"', content.body.html)
        assert {unquote(cid) for cid in cids} == {content.attachments[0].content_id}
    assert "http:" not in content.body.html


@pytest.mark.parametrize(
    ("plain", "text"),
    [
        ("Oben\n[cid:plan@1]\nUnten", f"Oben\n{NOTE}\nUnten"),
        ("Oben\n[image: plan.png]\nUnten", f"Oben\n{NOTE}\nUnten"),
        ("Oben\n[image: Inline image 1]\nUnten", f"Oben\n{NOTE}\nUnten"),
        ("Oben\n[image: a][image: b]", "Oben\n[image: a][image: b]"),
        ("Oben\n\nUnten", f"Oben {NOTE}\n\nUnten"),
        ("> Oben\n\nUnten", "Unten"),
        ("Etwas anderes", "Etwas anderes"),
        ("Ja.\n\nAm 12.03.2026 schrieb Amt Oben:\n> Unten", "Ja."),
    ],
)
def test_a_plain_form_gets_the_pictures_of_its_page(plain: str, text: str) -> None:
    assert _beside(plain, '<p>Oben</p><img src="cid:plan@1"><p>Unten</p>') == text


@pytest.mark.parametrize(
    ("plain", "page", "text"),
    [
        ("1. A\n2. B\nC", "<ol><li>A<li>B<img src=cid:plan@1></ol>C", f"1. A\n2. B {NOTE}\nC"),
        ("A\nB", "<style>x</style><!-- x -->A<img src=cid:plan@1><p>B", f"A {NOTE}\nB"),
        ("A\nB", "A<p style='color: red; Display:none'>x</p><img src=cid:plan@1>B", f"A {NOTE}\nB"),
        ("A\nB", "A<p style='display:none'><img src=cid:plan@1></p>B", "A\nB"),
        ("A B\nC", "<table><tr><td>A<td>B<img src=cid:plan@1></table>C", f"A B {NOTE}\nC"),
        ("A\nB", "<div>A<div><img src=cid:plan@1></div></div>x", f"A {NOTE}\nB"),
    ],
)
def test_pictures_are_placed_by_what_is_seen_before_them(plain: str, page: str, text: str) -> None:
    assert _beside(plain, page) == text


def _beside(plain: str, page: str) -> str:
    page = f"Content-Type: text/html\n\n{page}"
    raw = HEAD + mixed(f"Content-Type: text/plain\n\n{plain}", page, PLAN, kind="alternative")
    return content_of(raw).body.text
