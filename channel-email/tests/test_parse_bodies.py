"""Bodies and files: trees that are broken, encodings, HTML, winmail.dat, protection, file names."""

import base64
import struct
from datetime import UTC, datetime

import pytest

from channel_email.parse import Context, read
from channel_email.parse.attachments import safe_name
from channel_email.parse.html import make_safe
from channel_email.parse.limits import DEPTH, PARTS
from channel_email.parse.mime import read_tree
from channel_email.parse.text import unflow
from channel_email.parse.transfer import from_base64, undo
from hub_contract.events import Arrival, MessageContent

CONTEXT = Context("musterstadt", "post", datetime(2026, 3, 12, tzinfo=UTC))


def arrive(raw: str | bytes) -> Arrival:
    return read(raw.encode() if isinstance(raw, str) else raw, CONTEXT)


def problems_of(content: MessageContent) -> list[str]:
    return [f"{p.code}: {p.about}" if p.about else p.code for p in content.problems]


def content_of(raw: str | bytes) -> MessageContent:
    content = arrive(raw).event.content
    assert isinstance(content, MessageContent)
    return content


def files_of(raw: str | bytes) -> list[tuple[str, str, bytes]]:
    arrival = arrive(raw)
    listed = arrival.event.content.attachments
    return [(a.file_name, a.media_type, f) for a, f in zip(listed, arrival.files, strict=True)]


@pytest.mark.parametrize(
    ("encoded", "decoded"),
    [
        (b"SGFsbG8=", b"Hallo"),
        (b"SGFs\r\nbG8=\r\n", b"Hallo"),
        (b"SGFsbG8", b"Hallo"),
        (b"SGFsbG8=\n--\nFusszeile einer Liste", b"Hallo"),
        (b"SG*Fs!bG8=", b"Hallo"),
        (b"SGFsbG8hA", b"Hallo!"),
        (b"SGFsbG8=SGFsbG8=", b"HalloHallo"),  # encoded in chunks
        (b"QQ==\nQg==\nQw==\n", b"ABC"),
        (b"=", b""),
        (b"====", b""),
        (b"A", b""),
        (b"", b""),
    ],
)
def test_base64_is_lenient(encoded: bytes, decoded: bytes) -> None:
    assert from_base64(encoded) == decoded


@pytest.mark.parametrize(
    ("encoding", "data", "decoded"),
    [
        ("quoted-printable", b"a=3D=C3=BC=\r\nb =\nc", b"a=\xc3\xbcb c"),
        ("quoted-printable", b"100%=ZZ", b"100%=ZZ"),
        ("x-uuencode", b"begin 644 a.txt\n%2&%L;&\\\n`\nend\n", b"Hallo"),
        ("uuencode", b"kein uuencode", b"kein uuencode"),
        ("base9000", b"abc", b"abc"),
        ("", b"abc", b"abc"),
        ("8bit", b"\xff", b"\xff"),
    ],
)
def test_transfer_encodings(encoding: str, data: bytes, decoded: bytes) -> None:
    assert undo(data, encoding) == decoded


HEAD = "From: e@m.de\nSubject: x\nMIME-Version: 1.0\n"


def test_parts_without_any_boundary_are_found() -> None:
    raw = (
        f"{HEAD}Content-Type: multipart/mixed\n\n"
        "--abc\nContent-Type: text/plain\n\nHallo\n"
        '--abc\nContent-Type: text/csv; name="a.csv"\n\n1;2\n--abc--\n'
    )
    assert content_of(raw).body.text == "Hallo"
    assert files_of(raw) == [("a.csv", "text/csv", b"1;2")]
    assert problems_of(content_of(raw)) == ["boundary_guessed"]


def test_parts_with_a_wrong_boundary_are_found() -> None:
    raw = (
        f"{HEAD}Content-Type: multipart/mixed; boundary=xyz\n\n"
        "--abc\nContent-Type: text/plain\n\nHallo\n--abc--\n"
    )
    assert content_of(raw).body.text == "Hallo"


def test_an_inner_part_that_never_ends_does_not_swallow_the_outer() -> None:
    raw = (
        f"{HEAD}Content-Type: multipart/mixed; boundary=aussen\n\n"
        "--aussen\nContent-Type: multipart/alternative; boundary=innen\n\n"
        "--innen\n\nText\n"
        '--aussen\nContent-Type: application/pdf; name="a.pdf"\n\nPDF\n--aussen--\n'
    )
    assert content_of(raw).body.text == "Text"
    assert files_of(raw) == [("a.pdf", "application/pdf", b"PDF")]


def test_a_part_after_the_last_boundary_is_a_part() -> None:
    raw = (
        f"{HEAD}Content-Type: multipart/mixed; boundary=b\n\n"
        '--b\n\nText\n--b--\n\n--b\nContent-Type: image/png; name="a.png"\n\nPNG\n--b--\n'
    )
    assert files_of(raw) == [("a.png", "image/png", b"PNG")]


def test_too_deep_a_nest_stays_one_file() -> None:
    opening = "".join(
        f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(DEPTH + 5)
    )
    content = content_of(f"From: e@m.de\n{opening}\nTief unten\n")
    assert [a.file_name for a in content.attachments] == ["rest.eml"]
    assert problems_of(content)[0] == "nested_too_deep"
    assert b"Tief unten" in arrive(f"From: e@m.de\n{opening}\nTief unten\n").files[0]


def test_too_many_parts_stay_one_file() -> None:
    parts = "".join(f'--b\nContent-Type: text/x; name="{n}"\n\n{n}\n' for n in range(2000))
    raw = f"{HEAD}Content-Type: multipart/mixed; boundary=b\n\n{parts}--b--\n"
    arrival = arrive(raw)
    assert len(arrival.files) == PARTS
    assert b"\n1999\n" in arrival.files[-1]
    assert problems_of(content_of(raw)) == [f"too_many_parts: {PARTS}"]


def test_the_tree_copies_nothing() -> None:
    raw = f"{HEAD}Content-Type: multipart/mixed; boundary=b\n\n--b\n\neins\n--b\n\nzwei\n--b--\n"
    assert all(
        part.raw is read_tree(data).raw for data in [raw.encode()] for part in [read_tree(data)]
    )
    data = raw.encode()
    assert all(part.raw is data for part in read_tree(data).walk())


def test_mixed_html_and_text_keep_their_order() -> None:
    raw = (
        f"{HEAD}Content-Type: multipart/mixed; boundary=b\n\n"
        "--b\nContent-Type: text/plain\n\nOben\n"
        "--b\nContent-Type: text/html\n\n<p>Mitte</p>\n"
        "--b\nContent-Type: text/plain\n\nUnten\n--b--\n"
    )
    body = content_of(raw).body
    assert body.text == "Oben\n\nMitte\n\nUnten"
    assert body.html.index("Oben") < body.html.index("Mitte") < body.html.index("Unten")


def test_an_empty_plain_form_gives_way_to_html() -> None:
    raw = (
        f"{HEAD}Content-Type: multipart/alternative; boundary=b\n\n"
        "--b\nContent-Type: text/plain\n\n \n"
        "--b\nContent-Type: text/html\n\n<p>Hallo</p>\n--b--\n"
    )
    assert content_of(raw).body.text == "Hallo"


def test_a_calendar_and_a_forwarded_mail_are_files() -> None:
    raw = (
        f"{HEAD}Content-Type: multipart/mixed; boundary=b\n\n--b\n\nText\n"
        "--b\nContent-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR\n"
        "--b\nContent-Type: message/rfc822\n\nFrom: x@y.de\n"
        "Subject: =?utf-8?q?Antrag_M=C3=BCller/Bau?=\n\nInnen\n"
        "--b\nContent-Type: message/rfc822\n\nFrom: x@y.de\n\nOhne Betreff\n--b--\n"
    )
    assert [(name, kind) for name, kind, _ in files_of(raw)] == [
        ("1.ics", "text/calendar"),
        ("Antrag Müller-Bau.eml", "message/rfc822"),
        ("3.eml", "message/rfc822"),
    ]
    assert content_of(raw).body.text == "Text"


def test_inline_images_are_marked() -> None:
    raw = (
        f"{HEAD}Content-Type: multipart/related; boundary=b\n\n"
        '--b\nContent-Type: text/html\n\n<p>Bild: <img src="cid:bild@1"></p>\n'
        "--b\nContent-Type: image/png\nContent-ID: <bild@1>\n\nPNG\n"
        "--b\nContent-Type: image/png\nContent-ID: <anderes@1>\n\nPNG\n"
        "--b\nContent-Type: image/png\nContent-Disposition: inline\n\nPNG\n"
        "--b\nContent-Type: application/pdf\nContent-Disposition: inline\n\nPDF\n--b--\n"
    )
    found = [(a.content_id, a.inline) for a in content_of(raw).attachments]
    assert found == [("bild@1", True), ("anderes@1", False), ("", True), ("", False)]
    assert 'src="cid:bild@1"' in content_of(raw).body.html


def test_files_written_into_the_text_are_taken_out() -> None:
    raw = f"{HEAD}\nOben\nbegin 644 Brief.txt\n%2&%L;&\\\n`\nend\nUnten\n"
    assert content_of(raw).body.text == "Oben\nUnten"
    assert files_of(raw) == [("Brief.txt", "text/plain", b"Hallo")]
    raw = f"{HEAD}\nbegin 644 Brief\nDas ist nur ein Satz mit kleinen Buchstaben.\n"
    assert content_of(raw).body.text.startswith("begin 644 Brief")
    assert files_of(raw) == []


def test_base64_that_is_none_is_shown_as_it_stands() -> None:
    raw = f"{HEAD}Content-Transfer-Encoding: base64\n\nGuten Tag, ich bin gar nicht kodiert!\n"
    assert content_of(raw).body.text == "Guten Tag, ich bin gar nicht kodiert!"


def test_text_as_attachment_is_a_file_and_shown_where_there_is_nothing_else() -> None:
    raw = f'{HEAD}Content-Disposition: attachment; filename="a.txt"\n\nInhalt\n'
    assert content_of(raw).body.text == ""
    assert files_of(raw) == [("a.txt", "text/plain", b"Inhalt\n")]
    raw = (
        f"{HEAD}Content-Type: multipart/mixed; boundary=b\n\n"
        '--b\nContent-Disposition: inline; filename="Nachricht.txt"\n\nInhalt\n--b--\n'
    )
    assert content_of(raw).body.text == "Inhalt"
    assert files_of(raw) == [("Nachricht.txt", "text/plain", b"Inhalt")]


@pytest.mark.parametrize(
    ("flowed", "text"),
    [
        ("ein langer \nSatz\n", "ein langer Satz\n"),
        ("> zitiert und \n> umbrochen\neigen \nes", "> zitiert und umbrochen\neigen es"),
        ("> a \n>> b", "> a \n>> b"),
        (" >kein Zitat", ">kein Zitat"),
        (" From hier", "From hier"),
        ("Gruß \n-- \nErika \nM.", "Gruß \n-- \nErika M."),
    ],
)
def test_flowed_text_is_joined(flowed: str, text: str) -> None:
    assert unflow(flowed) == text


def test_flowed_text_without_the_blank() -> None:
    assert unflow("Donau \ndampf", delete_space=True) == "Donaudampf"


@pytest.mark.parametrize(
    ("dirty", "safe"),
    [
        ("<p onclick='x()'>a</p><script>x()</script>", "<p>a</p>"),
        ("<style>p{}</style><p style='color:red'>a</p>", "<p>a</p>"),
        ('<img src="https://t.example/pixel.gif">a', "<img>a"),
        ('<img src="//t.example/pixel.gif">a', "<img>a"),
        ('<img src="cid:x@y" onerror="x()">', '<img src="cid:x@y">'),
        ('<img src="data:image/png;base64,AAAA">', '<img src="data:image/png;base64,AAAA">'),
        ('<img src="data:image/svg+xml;base64,AAAA">', "<img>"),
        ('<img srcset="https://t.example/a 1x">', "<img>"),
        ('<table background="https://t.example/a"><tbody><tr><td>a</td></tr></tbody></table>',
         "<table><tbody><tr><td>a</td></tr></tbody></table>"),
        ('<a href="javascript:x()">a</a>', '<a rel="noopener noreferrer nofollow">a</a>'),
        ('<a href="data:text/html,x">a</a>', '<a rel="noopener noreferrer nofollow">a</a>'),
        ('<a href="/lokal">a</a>', '<a rel="noopener noreferrer nofollow">a</a>'),
        (
            '<a href="https://m.de">a</a>',
            '<a href="https://m.de" rel="noopener noreferrer nofollow">a</a>',
        ),
        ("<form action=x><input name=y>a</form>", "a"),
        ("<iframe src=x>b</iframe>a", "a"),
        ("<svg><script>x()</script></svg>a", "a"),
        ("<base href=x><link rel=stylesheet href=x><meta http-equiv=refresh content=0>a", "a"),
        ("<!--[if mso]>x<![endif]-->a", "a"),
    ],
)  # fmt: skip
def test_html_is_made_safe(dirty: str, safe: str) -> None:
    assert make_safe(dirty) == safe


def test_a_page_nested_without_end_is_kept_as_a_file_and_read_roughly() -> None:
    raw = f"{HEAD}Content-Type: text/html\n\n{'<div>' * 5000}Hallo"
    content = content_of(raw)
    assert (content.body.text, content.body.html) == ("Hallo", "")
    assert content.attachments[0].file_name == "1.html"
    assert problems_of(content)[0] == "html_too_large"


def test_a_page_deeper_than_the_library_reads_keeps_its_words() -> None:
    raw = f"{HEAD}Content-Type: text/html\n\n{'<div>' * 400}Hallo Welt{'</div>' * 400}"
    assert content_of(raw).body.text == "Hallo Welt"


def test_nothing_reaches_the_database_that_it_refuses() -> None:
    raw = b"From: =?utf-8?q?E=00?= <e@m.de>\nSubject: a\x00b\n\nx\x00y\x1bz\n"
    arrival = arrive(raw)
    assert "\\u0000" not in arrival.event.model_dump_json()
    assert "\ufffd" not in arrival.event.model_dump_json()
    assert arrival.event.content.body.text == "xyz"


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"", "empty"),
        (b" \r\n\r\n", "empty"),
        (bytes(range(256)) * 20, "not_a_mail"),
    ],
)
def test_what_is_no_mail_is_unreadable_and_kept(raw: bytes, problem: str) -> None:
    arrival = arrive(raw)
    assert arrival.event.readable is False
    assert problems_of(arrival.event.content)[0] == problem
    assert arrival.original == raw


def test_a_mail_without_a_body_is_readable() -> None:
    assert arrive("From: e@m.de\nSubject: Nur der Betreff\n\n").event.readable is True


@pytest.mark.parametrize(
    ("headers", "kind", "by"),
    [
        ("application/pkcs7-mime; smime-type=enveloped-data", "encrypted", "s/mime"),
        ("application/pkcs7-mime; smime-type=signed-data", "signature", "s/mime"),
        ("application/x-pkcs7-mime", "encrypted", "s/mime"),
        ("application/pkcs7-signature", "signature", "s/mime"),
        ("application/pgp-encrypted", "encrypted", "pgp"),
        ("application/pgp-signature", "signature", "pgp"),
    ],
)
def test_protection_is_kept_and_marked(headers: str, kind: str, by: str) -> None:
    content = content_of(f"{HEAD}Content-Type: {headers}\n\nabc\n")
    assert [(e.kind, e.result, e.by) for e in content.evidence] == [(kind, "unchecked", by)]
    assert len(content.attachments) == 1


def test_pgp_in_the_text_is_marked() -> None:
    raw = f"{HEAD}\n-----BEGIN PGP MESSAGE-----\n\nabc\n-----END PGP MESSAGE-----\n"
    assert content_of(raw).evidence[0].kind == "encrypted"
    raw = f"{HEAD}\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nabc\n"
    assert content_of(raw).evidence[0].kind == "signature"


def tnef(*attributes: tuple[int, int, int, bytes]) -> bytes:
    """Write a winmail.dat ([MS-OXTNEF]): level, name, type, data; the checksums are real."""
    out = struct.pack("<IH", 0x223E9F78, 1)
    for level, name, kind, data in attributes:
        out += struct.pack("<BHHI", level, name, kind, len(data)) + data
        out += struct.pack("<H", sum(data) & 0xFFFF)
    return out


WINMAIL = tnef(
    (1, 0x9006, 8, struct.pack("<I", 0x10000)),
    (1, 0x9007, 6, struct.pack("<II", 1252, 0)),
    (1, 0x800C, 2, b"Guten Tag,\r\nanbei der Antrag f\xfcr M\xfcller.\r\n\x00"),
    (2, 0x9002, 6, struct.pack("<HIHHII", 1, 0, 0, 0, 0, 0)),
    (2, 0x8010, 1, b"Antrag.pdf\x00"),
    (2, 0x800F, 6, b"%PDF-1.4 Inhalt"),
)


def winmail(data: bytes, kind: str = "application/ms-tnef") -> str:
    return (
        f"{HEAD}Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\n\n"
        f'--b\nContent-Type: {kind}; name="winmail.dat"\nContent-Transfer-Encoding: base64\n\n'
        f"{base64.b64encode(data).decode()}\n--b--\n"
    )


@pytest.mark.parametrize("kind", ["application/ms-tnef", "application/octet-stream"])
def test_winmail_is_opened(kind: str) -> None:
    raw = winmail(WINMAIL, kind)
    assert files_of(raw) == [
        ("winmail.dat", kind, WINMAIL),
        ("Antrag.pdf", "application/pdf", b"%PDF-1.4 Inhalt"),
    ]
    assert content_of(raw).body.text == "Guten Tag,\nanbei der Antrag für Müller."
    assert content_of(raw).problems == ()


def test_the_text_in_a_winmail_is_not_said_twice() -> None:
    raw = winmail(WINMAIL).replace("text/plain\n\n\n", "text/plain\n\nGuten Tag,\n")
    assert content_of(raw).body.text == "Guten Tag,"


@pytest.mark.parametrize("data", [WINMAIL[:40], WINMAIL[:6] + b"\xff" * 50, b"\x78\x9f\x3e\x22"])
def test_a_broken_winmail_stays_a_file(data: bytes) -> None:
    raw = winmail(data)
    assert files_of(raw)[0] == ("winmail.dat", "application/ms-tnef", data)


def test_a_winmail_that_cannot_be_opened_says_so() -> None:
    assert problems_of(content_of(winmail(b"kein TNEF"))) == ["box_unopened"]


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("Antrag.pdf", "Antrag.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Temp\\Antrag.pdf", "Antrag.pdf"),
        ("a\x00b\nc.pdf", "ab c.pdf"),
        ("Rechnung\u202efdp.exe", "Rechnungfdp.exe"),
        ("..", ""),
        ("a/", ""),
        (" . a . ", "a"),
        ('x:*?"<>|y.txt', "xy.txt"),
        ("=?utf-8?q?M=C3=BCll.pdf?=", "Müll.pdf"),
        ("ä" * 300 + ".pdf", "ä" * 116 + ".pdf"),
        ("x" * 300, "x" * 120),
        ("", ""),
    ],
)
def test_file_names_are_harmless(name: str, safe: str) -> None:
    assert safe_name(name) == safe
