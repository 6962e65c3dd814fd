"""Headers as mailers write them: encoded words, parameters, addresses, dates, broken blocks."""

from datetime import UTC, datetime

import pytest

from channel_email.parse.addresses import read_address, read_addresses
from channel_email.parse.dates import read_date
from channel_email.parse.decode import clean, codec_of, is_binary, to_text
from channel_email.parse.fields import read_disposition, read_token, read_type
from channel_email.parse.headers import read_headers
from channel_email.parse.identify import read_ids
from channel_email.parse.words import decode_words

NOW = datetime(2026, 3, 12, 10, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("plain", "plain"),
        ("=?iso-8859-1?q?M=FCller?=", "Müller"),
        ("=?ISO-8859-15?Q?10_=A4?=", "10 €"),
        ("=?iso-8859-1?q?10_=80?=", "10 €"),  # it says Latin-1 and means Windows
        ("=?utf-8?b?TcO8bGxlcg==?=", "Müller"),
        ("=?utf-8?b?TcO8bGxlcg?=", "Müller"),  # no padding
        ("=?utf-8?b?TcO8bGxlc?=", "Mülle"),  # one character lost
        ("=?utf-8?B?TcM=?= =?utf-8?B?vGxsZXI=?=", "Müller"),  # one letter cut in two
        ("=?utf-8?q?M=C3?=\t=?UTF-8?q?=BCller?=", "Müller"),
        ("=?utf-8?q?a?= =?utf-8?q?b?= c", "ab c"),
        ("=?utf-8?q?a?= b =?utf-8?q?c?=", "a b c"),
        ("=?utf-8?q?a?==?utf-8?q?b?=", "ab"),
        ("vor=?utf-8?q?a?=nach", "voranach"),
        ("=?utf-8?q?mit Leer zeichen?=", "mit Leer zeichen"),
        ("=?utf-8?q?warum??=", "warum?"),
        ("=?utf-8*de?q?M=C3=BCller?=", "Müller"),  # RFC 2231 language
        ("=?gb2312?B?xOO6ww==?=", "你好"),
        ("=?ks_c_5601-1987?B?vsiz5w==?=", "안녕"),
        ("=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本"),
        ("=?unicode-1-1-utf-7?Q?Fr+APY-sche?=", "Frösche"),
        ("=?x-unknown?q?M=C3=BCller?=", "Müller"),
        ("=?x-unknown?q?M=FCller?=", "Müller"),
        ("=?utf-8?q?M=FCller?=", "Müller"),
        ("=?iso-8859-15?Q?M=C3=BCllgeb=C3=BChr?=", "Müllgebühr"),  # it says what it is not
        ("=?windows-1250?B?TcO8bGw=?=", "Müll"),
        ("=?koi8-r?B?TcM=?= =?KOI8-R?B?vGxs?=", "Müll"),
        ("=?windows-1252?Q?M=C3=BCll?=", "Müll"),
        ("=?koi8-r?B?zdXTz9I=?=", "мусор"),
        ("=?utf-8?q?=3D=3Futf-8=3Fq=3FM=3DC3=3DBCller=3F=3D?=", "Müller"),  # encoded twice
        ("=?utf-8?q?a=00b=0D=0Ac?=", "ab c"),
        ("=?utf-8?x?abc?=", "=?utf-8?x?abc?="),
        ("=?utf-8?q?offen", "=?utf-8?q?offen"),
        ("  a \t b  ", "a b"),
        ("", ""),
    ],
)
def test_encoded_words(written: str, read: str) -> None:
    assert decode_words(written) == read


@pytest.mark.parametrize(
    ("data", "charset", "text", "sure"),
    [
        (b"abc", "", "abc", True),
        (b"abc", "x-unknown", "abc", False),
        (b"M\xfcller", "iso-8859-1", "Müller", True),
        (b"10 \x80", "iso-8859-1", "10 €", True),
        (b"10 \xa4", "ISO-8859-15", "10 €", True),
        (b"M\xc3\xbcller", "iso-8859-1", "Müller", True),  # mislabelled UTF-8 is common
        (b"M\xc3\xbcller", "", "Müller", True),
        (b"M\xfcller", "", "Müller", False),
        (b"M\xfcller", "us-ascii", "Müller", False),
        (b"M\xfcller, M\xc3\xbcller", "utf-8", "Müller, Müller", False),
        (b"M\x81ller", "windows-1252", "M\x81ller", True),
        (b"\xc4\xe3\xba\xc3", "gb2312", "你好", True),
        (b"\xa7A\xa6n", "big5", "你好", True),
        (b"+APw-", "utf-7", "ü", True),
        (b"\xff\xfea\x00\xfc\x00", "utf-16", "aü", True),
        (b"\xff\xfea\x00\xfc\x00", "", "aü", True),
        (b"\xef\xbb\xbfabc", "iso-8859-1", "\ufeffabc", True),
        (b"\xff\xff\xff\xff", "iso-2022-jp", "ÿÿÿÿ", False),
        (b"abc", "unicode_escape", "abc", False),
        (b"abc", "base64", "abc", False),
        (b"", "utf-8", "", True),
        ("Müll: 10 €".encode(), "iso-8859-15", "Müll: 10 €", True),
        ("Gröbaß".encode(), "windows-1250", "Gröbaß", True),
        ("Müll".encode(), "iso-8859-2", "Müll", True),
        ("Müll".encode(), "macintosh", "Müll", True),
        ("Müll".encode(), "cp850", "Müll", True),
        ("мусор".encode(), "windows-1251", "мусор", True),
        ("Какой мусор".encode(), "koi8-r", "Какой мусор", True),
        ("§ 5 «Müll» 🙂".encode(), "windows-1257", "§ 5 «Müll» 🙂", True),
        ("垃圾费太高".encode(), "shift_jis", "垃圾费太高", True),
        ("Müll".encode(), "utf-16", "Müll", True),
        (
            "Müllgebühr für Müllgefäße, Grüße".encode(),
            "gb2312",
            "Müllgebühr für Müllgefäße, Grüße",
            True,
        ),
        ("10 € „x“".encode("cp1252"), "iso-8859-15", "10 € „x“", True),
        ("„Ťažký“ śnieg".encode("cp1250"), "iso-8859-2", "„Ťažký“ śnieg", True),
        ("Müll\nheute".encode("utf-16-le"), "us-ascii", "Müll\nheute", True),
        ("Müll heute".encode("utf-16-be"), "utf-16", "Müll heute", True),
        ("Мой мусор, и ещё.\n".encode("utf-16-le"), "", "Мой мусор, и ещё.\n", True),
        # Bytes that are no accident stay what their label says.
        ("Łódź, żółć".encode("iso-8859-2"), "iso-8859-2", "Łódź, żółć", True),
        ("Gebühr: 10 €, Œuvre, Žižek".encode("iso-8859-15"), "ISO-8859-15", ..., True),
        ("Gebühr: „10 €“".encode("cp1250"), "windows-1250", ..., True),
        ("Какой мусор? «Её»".encode("cp1251"), "windows-1251", ..., True),
        ("Σκουπίδια".encode("cp1253"), "windows-1253", ..., True),
        ("Çöp ücreti değişti".encode("cp1254"), "windows-1254", ..., True),
        ("אשפה".encode("cp1255"), "windows-1255", ..., True),
        ("رسوم النفايات".encode("cp1256"), "windows-1256", ..., True),
        ("Šiukšlės žaliava".encode("cp1257"), "windows-1257", ..., True),
        ("垃圾费太高，请给我们一个解释。谢谢".encode("gb18030"), "gb18030", ..., True),
        ("垃圾費太高，請給我們一個解釋。謝謝".encode("big5"), "big5", ..., True),
        ("ごみ料金が高すぎます。説明してください".encode("euc_jp"), "euc-jp", ..., True),
        ("ごみ料金が高すぎます。説明してください".encode("cp932"), "cp932", ..., True),
        ("쓰레기 요금이 너무 비쌉니다. 설명해 주세요".encode("cp949"), "cp949", ..., True),
        ("Phí rác".encode("cp1258"), "windows-1258", ..., True),
        ("Какой мусор, её".encode("koi8-r"), "koi8-r", ..., True),
        ("её".encode("koi8-r"), "koi8-r", ..., True),
        ("НІ".encode("cp1251"), "windows-1251", ..., True),
        ("CAFÉ\u00a0!".encode("iso-8859-15"), "iso-8859-15", ..., True),
        ('"MENÜ”'.encode("cp1252"), "windows-1252", ..., True),
        # What somebody answers above and what he quotes may be of two charsets.
        (b"M\xfcll\n> M\xc3\xbcll", "iso-8859-15", "Müll\n> Müll", False),
        (b"M\xfcll\n> M\xc3\xbcll", "us-ascii", "Müll\n> Müll", False),
        (b"M\xfcll\n> M\xc3\xbcll", "windows-1252", "Müll\n> Müll", False),
    ],
)
def test_charsets(data: bytes, charset: str, text: str, sure: bool) -> None:
    if text is ...:  # as the label says
        text = data.decode(charset)
    assert to_text(data, charset) == (text, sure)


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("UTF-8", "utf-8"),
        ("utf8", "utf-8"),
        ("\"utf-8'", "utf-8"),
        ("utf-8, utf-8", "utf-8"),
        ("utf-8 charset=utf-8", "utf-8"),
        ("charset=utf-8", "utf-8"),
        ("=utf-8", "utf-8"),
        ("x-windows-1252", "cp1252"),
        ("windows1252", "cp1252"),
        ("cp-1251", "cp1251"),
        ("iso8859_15", "iso8859-15"),
        ("ISO 8859-15", "iso8859-15"),
        ("8859-2", "iso8859-2"),
        ("latin-9", "iso8859-15"),
        ("Cp1250", "cp1250"),
        ("windows-1252/iso-8859-1", "cp1252"),
        ("x-unbekannt, utf-8", "utf-8"),
        ("x-unbekannt", ""),
    ],
)
def test_charsets_have_many_names(name: str, codec: str) -> None:
    assert codec_of(name) == codec


@pytest.mark.parametrize(
    "name", ["idna", "punycode", "zlib", "rot13", "", "\x00", "utf-8\x00", "ü"]
)
def test_what_is_no_charset_is_none(name: str) -> None:
    assert codec_of(name) == ""


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\r\nb\rc", "a\nb\nc"),
        ("a\x00b\x07c\td", "abc\td"),
        ("a\ud800b", "ab"),
        ("\ufeffa", "a"),
        ("Kaffee\u0301", "Kaffee\u0301"),
        ("e" + "\u0301" * 400 + "x", "e" + "\u0301" * 4 + "x"),
        ("❤\ufe0f", "❤\ufe0f"),
    ],
)
def test_texts_are_cleaned(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@pytest.mark.parametrize(
    ("data", "charset", "binary"),
    [
        (b"Guten Tag\r\n\t", "", False),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00", "", True),
        ("Hallo".encode("utf-16"), "", False),
        ("Hallo".encode("utf-16-le"), "utf-16le", False),
        ("Hallo".encode("utf-16-le"), "utf-8", False),  # without its mark, and with a wrong label
        (b"\x00H\x00a\x00\x01\x02\x00\x03\x04\x05", "utf-8", True),
        (b"\x1b$BF|K\\\x1b(B", "iso-2022-jp", False),
        (b"", "", False),
    ],
)
def test_binary_is_no_text(data: bytes, charset: str, binary: bool) -> None:
    assert is_binary(data, charset) is binary


@pytest.mark.parametrize(
    ("raw", "kind", "params"),
    [
        (b"text/plain; charset=utf-8", "text/plain", {"charset": "utf-8"}),
        (b"TEXT/HTML;CHARSET=UTF-8", "text/html", {"charset": "UTF-8"}),
        (b"text / plain", "text/plain", {}),
        (b"text/plain charset=utf-8", "text/plain", {"charset": "utf-8"}),
        (b"text", "", {}),
        (b"", "", {}),
        (b"<html>", "", {}),
        (b'; name="a.pdf"', "", {"name": "a.pdf"}),
        (b"multipart/*; boundary=x", "multipart/*", {"boundary": "x"}),
        (b'a/b; name="x; y=z"', "a/b", {"name": "x; y=z"}),
        (b'a/b; name="offen; charset=x', "a/b", {"name": "offen; charset=x"}),
        (b'a/b; name="a\\"b"', "a/b", {"name": 'a"b'}),
        (b'a/b; name="C:\\Temp\\x.doc"', "a/b", {"name": "C:\\Temp\\x.doc"}),
        (b"a/b; name=mein Bild.jpg; x=1", "a/b", {"name": "mein Bild.jpg", "x": "1"}),
        (b'a/b; name="eins"; name="zwei"', "a/b", {"name": "eins"}),
        (b'a/b; name="=?utf-8?q?M=C3=BCll.pdf?="', "a/b", {"name": "Müll.pdf"}),
        (b"a/b; name*=utf-8''M%C3%BCll.pdf", "a/b", {"name": "Müll.pdf"}),
        (b"a/b; name*=iso-8859-15'de'10%A4.pdf", "a/b", {"name": "10€.pdf"}),
        (b"a/b; name*0=ei; name*1=ns.pdf", "a/b", {"name": "eins.pdf"}),
        (b"a/b; name*1=ns.pdf; name*0=ei", "a/b", {"name": "eins.pdf"}),
        (b"a/b; name*0*=utf-8''M%C3; name*1*=%BCll; name*2=.pdf", "a/b", {"name": "Müll.pdf"}),
        (b"a/b; name=alt.txt; name*=utf-8''n%C3%BC.txt", "a/b", {"name": "nü.txt"}),
        (b"a/b; name*=nicht-so", "a/b", {"name": "nicht-so"}),
        (b"a/b; name*0*=x-unknown'y'%FC", "a/b", {"name": "ü"}),
        (b'a/b; name="M\xfcll.pdf"', "a/b", {"name": "Müll.pdf"}),
        (b'a/b; name="M\xc3\xbcll.pdf"', "a/b", {"name": "Müll.pdf"}),
    ],
)
def test_content_types(raw: bytes, kind: str, params: dict[str, str]) -> None:
    field = read_type(raw)
    assert (field.value, field.params) == (kind, params)


@pytest.mark.parametrize(
    ("raw", "value", "name"),
    [
        (b'attachment; filename="a.pdf"', "attachment", "a.pdf"),
        (b"INLINE", "inline", None),
        (b'filename="a.pdf"', "attachment", "a.pdf"),  # the word was forgotten
        (b"", "", None),
    ],
)
def test_dispositions(raw: bytes, value: str, name: str | None) -> None:
    field = read_disposition(raw)
    assert (field.value, field.params.get("filename")) == (value, name)


@pytest.mark.parametrize(
    ("raw", "token"),
    [(b"base64", "base64"), (b" BASE64 ;", "base64"), (b'"7bit"', "7bit"), (b"", "")],
)
def test_tokens(raw: bytes, token: str) -> None:
    assert read_token(raw) == token


A_TO_B = {b"from": [b"a"], b"to": [b"b"]}


@pytest.mark.parametrize(
    ("raw", "fields", "body"),
    [
        (b"From: a\r\nTo: b\r\n\r\nText", {b"from": [b"a"], b"to": [b"b"]}, b"Text"),
        (b"From: a\nTo: b\n\nText", {b"from": [b"a"], b"to": [b"b"]}, b"Text"),
        (b"\r\n\n  From: a\n\nText", {b"from": [b"a"]}, b"Text"),
        (b"From erika Thu Mar 12 10:11:12 2026\nFrom: a\n\nText", {b"from": [b"a"]}, b"Text"),
        (b">From erika Thu Mar 12\nFrom: a\n\nText", {b"from": [b"a"]}, b"Text"),
        (
            b"From: a\nSubject: x\n y\n\tz\n\nText",
            {b"from": [b"a"], b"subject": [b"x y z"]},
            b"Text",
        ),
        (b"From : a\n\nText", {b"from": [b"a"]}, b"Text"),
        (b"FROM:a\nfrom:b\n\nText", {b"from": [b"a", b"b"]}, b"Text"),
        (b"From: a\n \nText\n\nText", {b"from": [b"a"]}, b"Text\n\nText"),
        (b"From: a\nTo: b", {b"from": [b"a"], b"to": [b"b"]}, b""),
        (
            b"From: a\nkein Feld\nnoch eins\n\nText",
            {b"from": [b"a"]},
            b"kein Feld\nnoch eins\n\nText",
        ),
        (
            b"From: a\nContent-Type: x/y;\nboundary=z\n\nText",
            {b"from": [b"a"], b"content-type": [b"x/y; boundary=z"]},
            b"Text",
        ),
        (
            b"From: a\nSubject: x\nkaputt\nTo: b\n\n",
            {b"from": [b"a"], b"subject": [b"x kaputt"], b"to": [b"b"]},
            b"",
        ),
        # Lines that have lost their blank, once, twice, and a log's among the header's own.
        (
            b"From: a\nSubject: x\neins\nzwei\nTo: b\nContent-Type: c/d\n\nText",
            {
                b"from": [b"a"],
                b"subject": [b"x eins zwei"],
                b"to": [b"b"],
                b"content-type": [b"c/d"],
            },
            b"Text",
        ),
        (
            b"From: a\nTo: b\nX-Spam: s\nNov 27 10:00:00 mx postfix\nnoch\nX-More: m\n\nText",
            {
                b"from": [b"a"],
                b"to": [b"b"],
                b"x-spam": [b"s Nov 27 10:00:00 mx postfix noch"],
                b"x-more": [b"m"],
            },
            b"Text",
        ),
        (
            b"From: a\nSubject: Widerspruch gegen\nBescheid: zweite Mahnung\nAW: x\nTo: b\n\nText",
            {b"from": [b"a"], b"subject": [b"Widerspruch gegen Bescheid: zweite Mahnung AW: x"]}
            | {b"to": [b"b"]},
            b"Text",
        ),
        (
            b"Subject: =?utf-8?q?a?=\n=?utf-8?q?b:c?=\nFrom:\n<a@b>\nTo: b\nDate: d\n\nText",
            {b"subject": [b"=?utf-8?q?a?= =?utf-8?q?b:c?="], b"from": [b" <a@b>"]}
            | {b"to": [b"b"], b"date": [b"d"]},
            b"Text",
        ),
        # Without an empty line a text is a text, also one that cites what has stood above already.
        (
            b"From: a\nTo: b\nSubject: x\nGuten Tag,\n\nText",
            {b"from": [b"a"], b"to": [b"b"], b"subject": [b"x"]},
            b"Guten Tag,\n\nText",
        ),
        (
            b"From: a\nTo: b\nSubject: x\nGuten Tag,\nsie schrieb:\nFrom: c\nSubject: y\n\nText",
            {b"from": [b"a"], b"to": [b"b"], b"subject": [b"x"]},
            b"Guten Tag,\nsie schrieb:\nFrom: c\nSubject: y\n\nText",
        ),
        # Lines before the first field.
        (b"Nov 27 10:00:00 mx[7] in\nFrom: a\nTo: b\n\nText", A_TO_B, b"Text"),
        (b"250 ok\r\n354 go ahead\r\nFrom: a\r\nTo: b\r\n\r\nText", A_TO_B, b"Text"),
        (
            b"From: a\nContent-Transfer-Encoding: base64\nX-Long: a\nb c\n\nSGFsbG8=",
            {b"from": [b"a"], b"content-transfer-encoding": [b"base64"], b"x-long": [b"a b c"]},
            b"SGFsbG8=",
        ),
        (b"???\n\nFrom: a\nTo: b\n\nText", A_TO_B, b"Text"),
        (b"From x Thu Mar 12\n\n>From y Thu Mar 12\nFrom: a\nTo: b\n\nText", A_TO_B, b"Text"),
        (b"Hallo,\nFrom: ist ein Wort\nmehr nicht\n\nText", {}, ...),
        (b"Nur Text\n\nund mehr", {}, b"Nur Text\n\nund mehr"),
        (b"Hinweis: kein Mail\n\nText", {}, b"Hinweis: kein Mail\n\nText"),
        (b"", {}, b""),
        (b"\n", {}, b"\n"),
    ],
)
def test_header_blocks(raw: bytes, fields: dict[bytes, list[bytes]], body: bytes) -> None:
    headers, start = read_headers(raw, 0, len(raw), whole_mail=True)
    assert headers.fields == fields
    assert raw[start:] == (raw if body is ... else body)


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("Erika <e@m.de>", [("e@m.de", "Erika")]),
        ("<e@m.de>", [("e@m.de", "")]),
        ("e@m.de", [("e@m.de", "")]),
        ('"Muster, Erika" <e@M.DE>', [("e@m.de", "Muster, Erika")]),
        ("Muster, Erika <e@m.de>", [("e@m.de", "Erika")]),
        ("E.Muster@M.de", [("E.Muster@m.de", "")]),
        ("e@m.de (Erika Muster)", [("e@m.de", "Erika Muster")]),
        ("Erika <e@m.de>, Max <m@m.de>", [("e@m.de", "Erika"), ("m@m.de", "Max")]),
        ("Erika <e@m.de>; Max <m@m.de>", [("e@m.de", "Erika"), ("m@m.de", "Max")]),
        ("e@m.de, e@m.de", [("e@m.de", "")]),
        ("E@m.de, e@M.de", [("E@m.de", "")]),
        ("Foo <a@b", [("a@b", "Foo")]),
        ("Foo a@b>", [("a@b", "Foo")]),
        ("<e@m.de", [("e@m.de", "")]),
        ("Amt: Erika <e@m.de>, m@m.de;", [("e@m.de", "Erika"), ("m@m.de", "")]),
        ("undisclosed-recipients:;", []),
        ("alt@m.de <neu@m.de>", [("neu@m.de", "alt@m.de")]),
        ('"alt@m.de" <neu@m.de>', [("neu@m.de", "alt@m.de")]),
        ("Bob <b@x> Bobby <bb@x>", [("b@x", "Bob")]),
        ("<v@x.de>v@x.de", [("v@x.de", "")]),
        ("v@x.de www.x.de", [("v@x.de", "")]),
        ("=?utf-8?q?M=C3=BCller=2C_Erika?= <e@m.de>", [("e@m.de", "Müller, Erika")]),
        ('"=?utf-8?q?M=C3=BCller?=" <e@m.de>', [("e@m.de", "Müller")]),
        ('"offen <e@m.de>, m@m.de', [("e@m.de", "offen"), ("m@m.de", "")]),
        ("e@MÜLLER.de", [("e@xn--mller-kva.de", "")]),
        ("e@straße.de", [("e@xn--strae-oqa.de", "")]),
        ("Jörg <jörg@müller.de>", [("jörg@xn--mller-kva.de", "Jörg")]),
        ("用户@m.de, o\u200bk@m.de", [("用户@m.de", ""), ("ok@m.de", "")]),
        ("e@m.de.", [("e@m.de", "")]),
        ("MAILER-DAEMON", []),
        ('"" (Mail Delivery System)', []),
        ("", []),
        ("@", []),
        ("<>", []),
    ],
)
def test_addresses(written: str, found: list[tuple[str, str]]) -> None:
    assert [(point.value, point.name) for point in read_addresses([written])] == found


def test_envelope_addresses() -> None:
    point = read_address("<Erika@M.DE>")
    assert point is not None
    assert point.value == "Erika@m.de"
    assert read_address("") is None
    assert read_address("<>") is None


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("Thu, 12 Mar 2026 10:11:12 +0100", "2026-03-12T10:11:12+01:00"),
        ("12 Mar 2026 10:11 +0100", "2026-03-12T10:11:00+01:00"),
        ("Thu, 12 Mar 2026 10:11:12 GMT", "2026-03-12T10:11:12+00:00"),
        ("Thu, 12 Mar 2026 08:11:12 CEST", "2026-03-12T08:11:12+02:00"),
        ("Thu, 12 Mar 2026 10:11:12 +0100 (CET)", "2026-03-12T10:11:12+01:00"),
        ("Do, 12 Mär 2026 09:11:12 MEZ", "2026-03-12T09:11:12+01:00"),
        ("Mi., 3 Dez 2025 09:11:12 +0100", "2025-12-03T09:11:12+01:00"),
        ("12-Mar-26 10:11:12", "2026-03-12T10:11:12+00:00"),
        ("Thu, 12 Mar 1998 10:11:12 -0000", "1998-03-12T10:11:12+00:00"),
        ("12 Mar 98 10:11:12 EST", "1998-03-12T10:11:12-05:00"),
        ("Thu, 12 Mar 2026 09.11.12 +0100", "2026-03-12T09:11:12+01:00"),
        ("2026-03-12T10:11:12+01:00", "2026-03-12T10:11:12+01:00"),
        ("Thu Mar 12 10:11:12 2026", "2026-03-12T10:11:12+00:00"),
        ("Thu, 12 Mar 2026 09:11:60 +0000", "2026-03-12T09:11:59+00:00"),
        ("Thu, 12 Mar 2026 10:11:12 XYZ", "2026-03-12T10:11:12+00:00"),
        ("Thu, 12 Mar 2026 10:11:12 +9999", "2026-03-12T10:11:12+00:00"),
        ("Thu, 32 Mar 2026 10:11:12 +0100", None),
        ("Thu, 12 Foo 2026 10:11:12 +0100", None),
        ("Thu, 12 Mar 2099 10:11:12 +0100", None),  # cannot be true
        ("Thu, 01 Jan 1970 00:00:00 +0000", None),
        ("gestern", None),
        ("", None),
        ("\x00", None),
    ],
)
def test_dates(written: str, moment: str | None) -> None:
    found = read_date(written, NOW)
    assert (found.isoformat() if found else None) == moment


@pytest.mark.parametrize(
    ("written", "ids"),
    [
        ("<a@b>", ["a@b"]),
        ("<a@b> <c@d>\t<a@b>", ["a@b", "c@d"]),
        ("<a@b>,<c@d>", ["a@b", "c@d"]),
        ("a@b", ["a@b"]),
        ("Ihre Nachricht vom Montag", []),
        ("< a@b >", ["a@b"]),
        ("", []),
    ],
)
def test_message_ids(written: str, ids: list[str]) -> None:
    assert read_ids(written) == ids
