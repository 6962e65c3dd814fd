"""Makes the mails that are measured with: German, of a given size, each with an id of its own."""

import base64
import random

_WORDS = (
    "Guten Tag, für unseren Hund möchte ich die Anmeldung zur Hundesteuer ändern: wir sind in die "
    "Gärtnerstraße umgezogen. Bitte bestätigen Sie die Größe der Ermäßigung schriftlich.\r\n"
)
_HEAD = (
    "Return-Path: <erika{sender}@example.org>\r\n"
    "Received: from mx.example.org (mx.example.org [192.0.2.7])\r\n"
    "\tby mail.musterstadt.example (Postfix) with ESMTPS id 4F2\r\n"
    "\tfor <post@musterstadt.example>; Tue, 03 Nov 2026 09:12:44 +0100 (CET)\r\n"
    "From: =?utf-8?q?Erika_M=C3=BCller?= <erika{sender}@example.org>\r\n"
    "To: =?iso-8859-1?Q?B=FCrgerb=FCro?= <post@musterstadt.example>\r\n"
    "Subject: =?utf-8?q?=C3=84nderung_der_Hundesteuer?= {number}\r\n"
    "Date: Tue, 03 Nov 2026 09:12:40 +0100\r\n"
    "Message-ID: <{number}.{sender}@example.org>\r\n"
    "MIME-Version: 1.0\r\n"
)
_FILE = (
    'Content-Type: {kind}; name="{name}"\r\nContent-Transfer-Encoding: base64\r\n'
    "Content-Disposition: {disposition}; filename*=utf-8''{name}\r\n"
    "Content-ID: <file1@example.org>\r\n\r\n"
)
_NOISE = random.Random(1).randbytes(4_000_000)


def plain(number: int, size: int = 2_000) -> bytes:
    """Return a plain-text mail of about `size` bytes; a hundred senders take turns."""
    head = _head(number) + "Content-Type: text/plain; charset=utf-8\r\n"
    head += "Content-Transfer-Encoding: 8bit\r\n\r\n"
    text = _WORDS * (max(size - len(head), 200) // len(_WORDS.encode()) + 1)
    return (head + text).encode()


def html_with_image(number: int, size: int = 90_000) -> bytes:
    """Return HTML with an image inside it, as mail programs send it."""
    rows = (
        f"<tr><td style='color:#333'>{_WORDS}</td><td><img src='cid:file1@example.org'></td></tr>"
    )
    page = f"<html><body><table>{rows * 40}</table></body></html>"
    alternative = (
        'Content-Type: multipart/alternative; boundary="b2"\r\n\r\n'
        "--b2\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + _WORDS * 10 + "\r\n"
        "--b2\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + page + "\r\n--b2--\r\n"
    )
    file = _FILE.format(kind="image/png", name="Stra%C3%9Fe.png", disposition="inline")
    return _mixed(number, "related", alternative, file, size)


def with_pdf(number: int, size: int) -> bytes:
    """Return a short text with one attachment that makes up the size."""
    text = "Content-Type: text/plain; charset=utf-8\r\n\r\n" + _WORDS * 5
    file = _FILE.format(
        kind="application/pdf", name="Bescheid%20%C3%9F.pdf", disposition="attachment"
    )
    return _mixed(number, "mixed", text, file, size)


def _head(number: int) -> str:
    return _HEAD.format(number=number, sender=number % 100)


def _mixed(number: int, kind: str, first: str, file: str, size: int) -> bytes:
    head = _head(number) + f'Content-Type: multipart/{kind}; boundary="b1"\r\n\r\n'
    front = f"{head}--b1\r\n{first}\r\n--b1\r\n{file}".encode()
    wanted = max(size - len(front), 300) * 57 // 78  # base64 lines: 57 bytes become 76 and an end
    encoded = base64.encodebytes(_NOISE[:wanted]).replace(b"\n", b"\r\n")
    return front + encoded + b"\r\n--b1--\r\n"
