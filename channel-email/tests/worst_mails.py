"""Mails that break parsers, as functions of their size: for tests, and for `make bench`."""

import base64
import struct
from collections.abc import Callable

Make = Callable[[int], bytes]  # size in bytes, about → mail
HEAD = b"From: e@m.de\nTo: post@stadt.de\nSubject: x\nDate: Thu, 12 Mar 2026 10:00:00 +0100\n"
HTML = HEAD + b"Content-Type: text/html; charset=utf-8\n\n"
_MIXED = HEAD + b"Content-Type: multipart/mixed; boundary=%s\n\n"
_REPORT = (
    b"From: mailer-daemon@m.de\nSubject: Undelivered Mail\n"
    b"Content-Type: multipart/report; boundary=b\n\n--b\n\n%s\n"
    b"--b\nContent-Type: message/delivery-status\n\n"
    b"Original-Message-ID: <0f9d5c0e-6d2b-5f5e-9d0f-fade0000fade@stadt.de>\n%s\n--b--\n"
)


def _field(before: bytes, unit: bytes, after: bytes = b"") -> Make:
    return lambda size: HEAD + before + unit * (size // len(unit)) + after + b"\n\nHallo\n"


def _body(unit: bytes, before: bytes = b"", after: bytes = b"", head: bytes = HEAD + b"\n") -> Make:
    return lambda size: head + before + unit * (size // len(unit)) + after


def _base64(unit: bytes, kind: bytes = b"text/plain") -> Make:
    head = HEAD + b"Content-Type: %s\nContent-Transfer-Encoding: base64\n\n" % kind
    return lambda size: head + unit * (size // len(unit))


def _nested(size: int) -> bytes:
    opened = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(95)
    )
    return HEAD + opened + b"\n" + b"--ba\n" * (size // 5)


def _parts(inner: bytes) -> Make:
    return lambda size: (
        _MIXED % b"b" + (b"--b\n" + inner + b"\n\n.\n") * (size // (len(inner) + 8)) + b"--b--\n"
    )


def _worded(size: int) -> bytes:
    """Return 499 parts, whose names are encoded words in charsets that nobody has."""
    room = max(size // 499, 40)
    made = []
    for part in range(499):
        words = b"".join(b"=?x%d-%d?q?a?= " % (part, n) for n in range(room // 17))
        made.append(b'--b\nContent-Type: text/x; name="' + words + b'"\n\n.\n')
    return _MIXED % b"b" + b"".join(made) + b"--b--\n"


def _attributes(size: int) -> bytes:
    return HTML + b"<div " + b"".join(b"a%d " % n for n in range(size // 7)) + b">x</div>"


def _box(size: int) -> bytes:
    objects = b"\x01\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00" * (size * 3 // 44)
    data = base64.encodebytes(b"\x78\x9f\x3e\x22\x01\x00" + objects)
    return HEAD + b"Content-Type: application/ms-tnef\nContent-Transfer-Encoding: base64\n\n" + data


def _wide(size: int) -> bytes:
    rows = b"<tr><td>a</td><td>b</td></tr>" * (size // 58)
    return (
        HTML
        + b"<table><tr><td>"
        + b"w" * (size // 2)
        + b"</td><td>x</td></tr>"
        + rows
        + b"</table>"
    )


def _high(size: int) -> bytes:
    lines, cells = b"a<br>" * (size // 12), b"<td>b</td>" * (size // 24)
    return HTML + b"<table><tr><td>" + lines + b"</td>" + cells + b"</tr></table>"


def _lying(kind: bytes, unit: bytes, before: bytes = b"") -> Make:
    head = HEAD + b"Content-Type: %s\nContent-Transfer-Encoding: base64\n\n" % kind
    return lambda size: head + base64.encodebytes(before + unit * (size * 3 // 4 // len(unit)))


def _rtf(before: bytes, unit: bytes) -> Make:
    """Return a winmail.dat of a text in RTF that is not packed, to the length that is read."""

    def make(size: int) -> bytes:
        text = b"{\\rtf1" + before + unit * (min(size * 3 // 4, 240_000) // len(unit))
        text += b"x" * (-len(text) % 4)
        data = struct.pack("<IHHII", 1, 0x0102, 0x1009, 1, len(text)) + text
        box = struct.pack("<IHBHHI", 0x223E9F78, 1, 1, 0x9003, 6, len(data)) + data + b"\0\0"
        kind = b"Content-Type: application/ms-tnef\nContent-Transfer-Encoding: base64\n\n"
        return HEAD + kind + base64.encodebytes(box)

    return make


_CMS = bytes.fromhex("308006092a864886f70d010702a08030800201013100308006092a864886f70d010701a080")
_CMS_TYPE = b"application/pkcs7-mime; smime-type=signed-data"
_EVENT = b"Content-Type: text/calendar\n\nBEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:x\n"

WORST: dict[str, Make] = {
    "one parameter's name": _field(b"Content-Type: text/plain; ", b"a"),
    "parameters": _field(b"Content-Type: text/plain; ", b"a=b;"),
    "a disposition": _field(b"Content-Disposition: attachment; ", b"a"),
    "a disposition's quotes": _field(b"Content-Disposition: attachment; a=", b'"\\'),
    "numbered parameters": _field(b"Content-Type: text/plain; ", b"a*1*=b;"),
    "a boundary within a line": _body(b"--a", head=_MIXED % b"a", before=b"\n"),
    "a boundary that is none": _body(b"--ax\n", head=_MIXED % b"a"),
    "a boundary on every line": _body(b"--a\n", head=_MIXED % b"a"),
    "a boundary with blanks": _body(b"--a" + b" " * 300 + b"x\n", head=_MIXED % b"a"),
    "a boundary to guess": _body(b"--a \t \n", head=HEAD + b"Content-Type: multipart/mixed\n\n"),
    "a boundary of a's": _body(b"a", head=_MIXED % (b"a" * 60), before=b"\n--"),
    "a nest": _nested,
    "a nest without an end": _body(
        b"Content-Type: multipart/mixed; boundary=a\n\n--a\n", head=HEAD
    ),
    "parts": _parts(b"Content-Type: text/plain"),
    "parts of words": _worded,
    "blanks in a sender": _field(b"Reply-To: ", b" ", b"<x"),
    "brackets in a sender": _field(b"Reply-To: a@", b"\\("),
    "an endless sender": _field(b"Reply-To: ", b"a", b"@"),
    "many senders": _field(b"Cc: ", b"a@b.de,"),
    "groups of senders": _field(b"Cc: ", b"a:b@c;("),
    "continuation lines": _field(b"X-A: ", b"b\n "),
    "fields": _field(b"", b"a: b\n"),
    "fields without an end": _body(b"X: y\n z\n", head=HEAD),
    "a header of one line": _body(b"x", head=HEAD + b"X-A: "),
    "blank lines with blanks": _body(b"\n \t", head=HEAD + b"X: y"),
    "blanks before a mail": lambda size: b" \n" * (size // 2) + HEAD + b"\nHallo",
    "a date": lambda size: HEAD.replace(b"Thu, 12", b"1 " * (size // 2)) + b"\nHallo",
    "ids": _field(b"References: ", b"<a@b> <"),
    "words": _field(b"X: y\nSubject: ", b"=?a?q? "),
    "stars in words": _field(b"X: y\nSubject: =?", b"*"),
    "base64 in chunks": _base64(b"QQ=="),
    "base64 with dirt": _base64(b"QQ*"),
    "base64 of control characters": _base64(b"YQFhAWEB"),
    "quoted-printable": _body(
        b"=41=\n", head=HEAD + b"Content-Transfer-Encoding: quoted-printable\n\n"
    ),
    "uuencoded files": _body(b"begin 644 a\n!80\n`\nend\n"),
    "uuencoded files without an end": _body(b"begin 644 a\n"),
    "letters of no charset": _body(b"\xc3\xbc\xff\xffab"),
    "accents": _body("a\u0300\u0316\u0300\u0316\u0300\u0316".encode()),
    "a text of line ends": _body(b"\n"),
    "a text of one line": _body(b"a"),
    "quotes": _body(b"> a\nb\n"),
    "headers of quotes": _body(b"Am 1.2.2026 um 10:11 schrieb schrieb a@b.de x:\n\n"),
    "an attribution": _body(b"[", before=b"12.03.2026, 10:11, ", after=b":\n> x"),
    "labels": _body(b"Von: a\n"),
    "a rule": _body(b"- ", after=b"x\n"),
    "signatures": _body(b"--\na\n"),
    "a closing": _body(b"lg      x\n"),
    "numbers": _body(b"384 291 770 60"),
    "digits": _body(b"3 8-"),
    "our ids": _body(b"bounce+0f9d5c0e-6d2b-5f5e-9d0f-fade0000fade@\xc3\xbc "),
    "lines of From": _body(b">From \n"),
    "a report's blank lines": lambda size: (
        _REPORT % (b"x" + b"\n" * size + b"y", b"Action: failed")
    ),
    "a report's groups": lambda size: _REPORT % (b"x", b"a: b\n\n" * (size // 6)),
    "a report's words": lambda size: _REPORT % (b"konnte a " * (size // 9), b"Action: failed"),
    "a report's exceed": lambda size: _REPORT % (b"exceed" * (size // 6), b"Action: failed"),
    "html that closes something else": _body(b"<div></x>", head=HTML),
    "html that nests": _body(b"<div>", head=HTML),
    "html that formats": lambda size: (
        HTML + b"<p>" + b"".join(b"<font size=%d>" % n for n in range(900)) + b"<p>x" * (size // 4)
    ),
    "html of paragraphs": _body(b"<p>x", head=HTML),
    "html of lists": _body(b"<li><p>x", head=HTML),
    "html of attributes": _attributes,
    "html of quotes": _body(b"<a b='<a c=\"", head=HTML),
    "html of comments": _body(b"<!--", head=HTML),
    "html of entities": _body(b"&amp;#9", head=HTML, after=b"9" * 5000),
    "html of digits": _body(b"9", head=HTML, before=b"<p>&#"),
    "html of tables": _body(b"<table><tr><td>", head=HTML),
    "html of a wide table": _wide,
    "html of a high table": _high,
    "html of styles": _body(
        b"<div style='margin-top:99999em;padding-left:99999em'>x</div>", head=HTML
    ),
    "html of bold letters": _body(b"<b>" + b"x" * 30 + b"</b>", head=HTML),
    "html of quotations": _body(b"<blockquote type=cite>x</blockquote>", head=HTML),
    "html's charset": _body(b" ", head=HEAD + b"Content-Type: text/html\n\n<meta charset="),
    "html's indent": lambda size: HTML + b"<pre>" + (b" " * (size // 4) + b"a\n") * 4 + b"</pre>",
    "a box": _box,
    "a signed box of pieces": _lying(_CMS_TYPE, b"\x24\x80\x04\x01a\0\0", _CMS + b"\x24\x80"),
    "rtf of html": _rtf(b"\\fromhtml1 ", b"{\\*\\htmltag <p>}a"),
    "a calendar's people": _body(b'ATTENDEE;CN="a:mailto:b@c\n', head=HEAD + _EVENT),
    "events": _body(b"BEGIN:VEVENT\nSUMMARY:a\nDTSTART:1\nEND:VEVENT\n", head=HEAD + _EVENT),
    "pictures beside a plain form": lambda size: (
        (_MIXED % b"b").replace(b"mixed", b"alternative")
        + b"--b\n\n"
        + b"a" * (size // 2)
        + b"\n--b\nContent-Type: text/html\n\n"
        + b"a<img src=cid:a>" * (size // 32)
    ),
}
