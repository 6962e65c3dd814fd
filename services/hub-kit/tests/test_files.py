"""What files are by their bytes, and names that do no harm."""

import zipfile
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub_kit.files import (
    LONGEST,
    ending,
    ending_of,
    has_macros,
    is_text,
    safe_name,
    type_by_content,
    type_of,
)

OFFICE = "application/vnd.openxmlformats-officedocument."
OPEN = "application/vnd.oasis.opendocument."


def archive(*names: str, mimetype: str = "") -> bytes:
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        if mimetype:
            file.writestr("mimetype", mimetype)
        for name in names:
            file.writestr(name, "x")
    return made.getvalue()


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (b"%PDF-1.7\n1 0 obj", "application/pdf"),
        (b"\r\n\r\n%PDF-1.7\n1 0 obj", "application/pdf"),  # as scanners write it
        (b"\xff\xd8\xff\xe1\x00\x10Exif\x00\x00", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "image/png"),
        (b"MM\x00*\x00\x00\x00\x08" + bytes(8), "image/tiff"),
        (b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heic", "image/heic"),
        (b"\x00\x00\x00\x18ftypheix\x00\x00\x00\x00mif1heix", "image/heic"),
        (b"\x00\x00\x00\x18ftypavif\x00\x00\x00\x00mif1avif", "image/avif"),
        (b"MZ\x90\x00\x03" + bytes(60), "application/x-msdownload"),
        (b"{\\rtf1 Hallo}", "application/rtf"),
        (b"BMW abmelden", ""),  # BM begins a bitmap too
        (b"ID3 und ID4 sind Autos", ""),
        ("Grüße".encode("cp1252"), ""),
        (b"<script>alert(1)</script>", ""),
        (b"", ""),
        (b"PK\x03\x04" + bytes(50), "application/zip"),
        (archive("a.txt"), "application/zip"),
        (archive("word/document.xml"), f"{OFFICE}wordprocessingml.document"),
        (archive("xl/workbook.xml"), f"{OFFICE}spreadsheetml.sheet"),
        (archive("content.xml", mimetype=f"{OPEN}text"), f"{OPEN}text"),
        (archive("content.xml", mimetype="text/html"), "application/zip"),
        (archive("content.xml", mimetype=f"{OPEN}te\r\nxt"), "application/zip"),
    ],
)
def test_types_are_known_by_content(data, media_type):
    assert type_by_content(data) == media_type


@pytest.mark.parametrize(
    ("data", "name", "media_type"),
    [
        (b"%PDF-1.7", "brief.txt", "application/pdf"),
        (b"a;b", "liste.csv", "text/csv"),
        (b"\x00\x01", "daten", "application/octet-stream"),
    ],
)
def test_where_bytes_say_nothing_the_name_does(data, name, media_type):
    assert type_of(data, name) == media_type


@pytest.mark.parametrize(
    ("names", "has"),
    [
        (("word/document.xml",), False),
        (("word/document.xml", "word/vbaProject.bin"), True),
        (("content.xml", "Basic/Standard/x.xml"), True),
    ],
)
def test_macros_are_seen(names, has):
    assert has_macros(archive(*names)) is has
    assert not has_macros(b"PK\x03\x04 broken")


def test_text_is_what_can_be_read():
    assert is_text("Grüße\t\r\n".encode())
    assert is_text("Grüße".encode("cp1252"))
    assert not is_text(b"\x00\x01")


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("C:\\Users\\Erika\\foto.jpg", "foto.jpg"),
        ("../../etc/passwd", "passwd"),
        ("\u202egpj.exe", "gpj.exe"),
        ("a\x00b\r\n.txt", "ab.txt"),
        ("halb\ud83d.txt", "halb.txt"),
        ('<img src=x onerror="alert(1)">.png', "img src=x onerror=alert(1).png"),
        ("..", ""),
        ("", ""),
        (" . a . ", "a"),
        ("Größe 3.PDF", "Größe 3.PDF"),
        ("x" * 300 + ".jpeg", "x" * 115 + ".jpeg"),
        ("x" * 300 + "." + "y" * 50, "x" * 120),
        ("x" * 300, "x" * 120),
    ],
)
def test_names_are_made_harmless(name, safe):
    assert safe_name(name) == safe


@given(st.text(max_size=300))
def test_no_name_leads_anywhere(name):
    safe = safe_name(name)
    assert safe == safe_name(safe)
    assert len(safe) <= LONGEST
    assert not set(safe) & set('/\\:*?"<>|\x00\n\u202e')
    safe.encode()


@pytest.mark.parametrize(
    ("media_type", "expected"),
    [
        ("image/jpeg", ".jpg"),
        ("application/pdf", ".pdf"),
        ("message/rfc822", ".eml"),
        ("no/such-type", ".bin"),
    ],
)
def test_every_type_has_an_ending(media_type, expected):
    assert ending_of(media_type) == expected


def test_endings():
    assert [ending(name) for name in ("a.PDF", "a", "a.", ".b")] == ["pdf", "", "", "b"]
