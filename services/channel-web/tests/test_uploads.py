"""What files are by their content, and which of them are taken."""

import zipfile
from io import BytesIO

import pytest

from channel_web.parse.form import Wrong
from channel_web.parse.uploads import Upload, check

LIMIT = 1_000_000
JPEG = b"\xff\xd8\xff\xe1\x00\x10Exif\x00\x00" + bytes(40)
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(20)
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj"
HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(40)
HEIF = b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heic" + bytes(40)
PROGRAM = b"MZ\x90\x00\x03" + bytes(100)
HTML = b"<!doctype html><script>alert(1)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def archive(*names: str, mimetype: str = "") -> bytes:
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        if mimetype:
            file.writestr("mimetype", mimetype)
        for name in names:
            file.writestr(name, "x")
    return made.getvalue()


DOCX = archive("[Content_Types].xml", "word/document.xml")


@pytest.mark.parametrize(
    ("name", "data", "media_type"),
    [
        ("bescheid.pdf", PDF, "application/pdf"),
        ("scan.PDF", b"\r\n\r\n" + PDF, "application/pdf"),
        ("foto.jpg", JPEG, "image/jpeg"),
        ("foto.JPEG", JPEG, "image/jpeg"),
        ("bild.png", PNG, "image/png"),
        ("bild.gif", b"GIF89a" + bytes(20), "image/gif"),
        ("bild.webp", b"RIFF\x24\x00\x00\x00WEBPVP8 " + bytes(20), "image/webp"),
        ("fax.tif", b"II*\x00\x08\x00\x00\x00" + bytes(20), "image/tiff"),
        ("iphone.heic", HEIC, "image/heic"),
        ("iphone.heif", HEIF, "image/heic"),
        ("notiz.txt", "Grüße".encode(), "text/plain"),
        ("notiz.txt", "Grüße".encode("cp1252"), "text/plain"),
        ("liste.csv", b"a;b\r\n1;2\r\n", "text/csv"),
        ("auto.txt", b"BMW abmelden", "text/plain"),  # BM begins a bitmap too
        ("brief.docx", DOCX, WORD),
        (
            "brief.odt",
            archive("content.xml", mimetype="application/vnd.oasis.opendocument.text"),
            "application/vnd.oasis.opendocument.text",
        ),
    ],
)
def test_what_is_taken_is_known_by_its_content(name, data, media_type):
    assert check(name, data, LIMIT) == Upload(name, media_type, data)


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("leer.pdf", b"", "file_empty"),
        ("gross.txt", b"x" * (LIMIT + 1), "file_large"),
        ("rechnung.pdf", PROGRAM, "file_false"),
        ("foto.jpg", HTML, "file_false"),
        ("foto.png", SVG, "file_false"),
        ("notiz.txt", PROGRAM, "file_false"),
        ("brief.docx", b"PK\x03\x04" + bytes(50), "file_false"),
        ("brief.docx", archive("word/document.xml", "word/vbaProject.bin"), "file_false"),
        ("brief.odt", archive("Basic/Standard/x.xml", mimetype="x"), "file_false"),
        ("liste.xlsx", archive("evil.exe"), "file_false"),
        ("setup.exe", PROGRAM, "file_unknown"),
        ("seite.html", HTML, "file_unknown"),
        ("bild.svg", SVG, "file_unknown"),
        ("brief.docm", archive("word/document.xml", "word/vbaProject.bin"), "file_unknown"),
        ("alles.zip", archive("a.txt"), "file_unknown"),
        ("ohne-endung", b"nur Text", "file_unknown"),
        ("film.mp4", b"\x00\x00\x00\x18ftypisom" + bytes(30), "file_unknown"),
    ],
)
def test_what_runs_or_is_not_known_is_not_taken(name, data, code):
    assert check(name, data, LIMIT) == Wrong("files", code, name)


@pytest.mark.parametrize(
    ("name", "data", "taken_as"),
    [
        ("bild.png", JPEG, "bild.jpg"),
        ("foto.pdf", PNG, "foto.png"),
        ("scan.exe", PDF, "scan.pdf"),
        ("IMG_0001", JPEG, "IMG_0001.jpg"),
        ("brief.zip", DOCX, "brief.docx"),
    ],
)
def test_a_harmless_file_with_a_wrong_name_gets_a_true_one(name, data, taken_as):
    taken = check(name, data, LIMIT)
    assert isinstance(taken, Upload)
    assert (taken.file_name, taken.sent_as) == (taken_as, name)


def test_a_file_without_a_name_is_named_by_its_content():
    taken = check("", JPEG, LIMIT)
    assert isinstance(taken, Upload)
    assert taken.file_name == "?.jpg"
