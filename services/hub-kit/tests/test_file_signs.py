"""What may be dangerous in a file is seen by its bytes and its name; what is not, is not."""

import zipfile
from io import BytesIO

import pytest

from hub_contract.words import FileSign
from hub_kit.file_signs import signs_of

A, E, M, P = FileSign.ARCHIVE, FileSign.ENCRYPTED, FileSign.MACROS, FileSign.PROGRAM
COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


def packed(*names: str) -> bytes:
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        for name in names:
            file.writestr(name, "x")
    return made.getvalue()


def sealed() -> bytes:
    """Return an archive whose one file says that it is encrypted, in both places."""
    data = bytearray(packed("geheim.txt"))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + at] |= 1
    return bytes(data)


TABLE = [
    ("harmless", b"%PDF-1.7\n1 0 obj", "brief.pdf", ()),
    ("a photo", b"\xff\xd8\xff\xe1\x00\x10Exif", "hund.jpg", ()),
    ("text", "Grüße".encode(), "brief.txt", ()),
    ("nothing", b"", "", ()),
    ("a document", packed("word/document.xml"), "brief.docx", ()),
    ("a document with macros", packed("word/document.xml", "word/vbaProject.bin"), "a.docm", (M,)),
    ("macros under a harmless name", packed("word/vbaProject.bin"), "a.docx", (M,)),
    ("old macros", COMPOUND + "_VBA_PROJECT".encode("utf-16-le"), "a.doc", (M,)),
    ("an old document", COMPOUND, "a.doc", ()),
    ("a sealed document", COMPOUND + "EncryptedPackage".encode("utf-16-le"), "a.docx", (E,)),
    ("an archive", packed("a.txt"), "a.zip", (A,)),
    ("a sealed archive", sealed(), "a.zip", (A, E)),
    ("seven", b"7z\xbc\xaf\x27\x1c" + bytes(30), "a.7z", (A,)),
    ("rar", b"Rar!\x1a\x07\x01\x00", "a.rar", (A,)),
    ("gzip", b"\x1f\x8b\x08" + bytes(30), "a.gz", (A,)),
    ("tar", bytes(257) + b"ustar\x00" + bytes(249), "a.tar", (A,)),
    ("a disk image", bytes(32_769) + b"CD001", "rechnung.iso", (A,)),
    ("a sealed PDF", b"%PDF-1.7\n1 0 obj\ntrailer << /Encrypt 5 0 R >>", "a.pdf", (E,)),
    ("a program", b"MZ\x90\x00" + bytes(60), "setup.exe", (P,)),
    ("a program that says it is a picture", b"\x7fELF" + bytes(60), "hund.jpg", (P,)),
    ("a script by name", b"alert(1)", "rechnung.pdf.js", (P,)),
    ("a link of Windows", b"L\x00\x00\x00\x01\x14\x02\x00" + bytes(9), "brief.lnk", (P,)),
    ("a page that runs", b"<html><script>", "brief.HTML", (P,)),
    ("a drawing that runs", b"<svg onload=x>", "bild.svg", (P,)),
    ("a shell script", b"#!/bin/sh\nrm", "liesmich", (P,)),
    ("a broken archive", b"PK\x03\x04" + bytes(50), "a.zip", (A,)),
]


@pytest.mark.parametrize(
    ("data", "name", "signs"), [row[1:] for row in TABLE], ids=[r[0] for r in TABLE]
)
def test_what_is_dangerous_has_a_sign(data, name, signs):
    assert signs_of(data, name) == signs


def test_an_archive_of_too_many_files_is_an_archive_and_no_more():
    data = b"PK\x03\x04" + b"PK\x01\x02" * 20_000
    assert signs_of(data, "a.docx") == (A,)
