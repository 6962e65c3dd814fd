"""Says what may be dangerous in a file, by its bytes and its name: pure, for the way in.

Rule 1. A sign forbids nothing: it tells who opens the file what to expect.
Rule 2. What only a full parser could see (a script in a packed stream of a PDF) has no sign here;
        that is a scanner's work (`hub_kit.scan_files`).
"""

import zipfile
from io import BytesIO

from hub_contract.words import FileSign
from hub_kit.files import BROKEN, MOST_ENTRIES, ending, has_macros

_ZIP = b"PK\x03\x04"
_ENTRY = b"PK\x01\x02"  # APPNOTE.TXT §4.3.12
# How archives begin: 7-Zip, RAR, gzip, bzip2, xz, Microsoft's cabinets, zstd.
_ARCHIVES = (
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a\x07",
    b"\x1f\x8b\x08",
    b"BZh",
    b"\xfd7zXZ\x00",
    b"MSCF\x00\x00\x00\x00",
    b"\x28\xb5\x2f\xfd",
)
_TAR_AT, _TAR = 257, b"ustar"
_ISO_AT, _ISO = 32_769, b"CD001"  # a disk image, which Windows opens by a click
# How programs begin: Windows, Linux, macOS (four kinds), Java, scripts of Unix, links of Windows.
_PROGRAMS = (
    b"MZ",
    b"\x7fELF",
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"#!",
    b"L\x00\x00\x00\x01\x14\x02\x00",
)
# What Windows, macOS or a browser runs by a click, though its bytes are text or an archive.
_RUN_BY_NAME = frozenset(
    """
    apk app application appref-ms bat chm cmd com command cpl desktop dll dmg exe gadget hta htm
    html iqy jar jnlp js jse library-ms lnk mht mhtml msc msi msix msp ps1 psm1 py rb reg scf scr
    settingcontent-ms sh slk svg svgz url vb vbe vbs wsf wsh xhtml xll
    """.split()  # noqa: SIM905 - one a line would hide what is missing
)
# Compound files (old Office) name their parts in UTF-16 ([MS-CFB] §2.6.1).
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLD_MACROS = ("_VBA_PROJECT".encode("utf-16-le"), "Macros".encode("utf-16-le"))
_OLD_SEALED = ("EncryptedPackage".encode("utf-16-le"), "EncryptionInfo".encode("utf-16-le"))


def signs_of(data: bytes, name: str) -> tuple[FileSign, ...]:
    """Return what may be dangerous in it, each once, in the order of `FileSign`."""
    found = {
        FileSign.ARCHIVE: _is_archive(data, name),
        FileSign.ENCRYPTED: _is_encrypted(data),
        FileSign.MACROS: _has_macros(data),
        FileSign.PROGRAM: data.startswith(_PROGRAMS) or ending(name) in _RUN_BY_NAME,
    }
    return tuple(sign for sign, is_so in found.items() if is_so)


# Archives, too, but nobody thinks so who opens one.
_DOCUMENTS = frozenset(
    ("docx", "docm", "xlsx", "xlsm", "pptx", "pptm", "odt", "ods", "odp", "epub")
)


def _is_archive(data: bytes, name: str) -> bool:
    if data.startswith(_ZIP):
        return ending(name) not in _DOCUMENTS or data.count(_ENTRY) > MOST_ENTRIES
    return (
        data.startswith(_ARCHIVES)
        or data[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR
        or data[_ISO_AT : _ISO_AT + len(_ISO)] == _ISO
    )


def _is_encrypted(data: bytes) -> bool:
    if data.startswith(_ZIP):
        return any(one.flag_bits & 1 for one in _entries(data))  # APPNOTE.TXT §4.4.4
    if data.startswith(_COMPOUND):
        return any(part in data for part in _OLD_SEALED)
    # ISO 32000-2 §7.6.2: the trailer, or the last cross-reference stream, names it.
    return b"%PDF-" in data[:1024] and b"/Encrypt" in data


def _has_macros(data: bytes) -> bool:
    if data.startswith(_COMPOUND):
        return any(part in data for part in _OLD_MACROS)
    return data.startswith(_ZIP) and has_macros(data)


def _entries(data: bytes) -> list[zipfile.ZipInfo]:
    if data.count(_ENTRY) > MOST_ENTRIES:
        return []
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            return archive.infolist()
    except BROKEN:
        return []
