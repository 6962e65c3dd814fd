"""Turn bytes of any declared charset into text, for headers, bodies and file names.

Rule 1. Never raise: what the declared charset cannot read, UTF-8 reads, and what is not UTF-8
        either is read as Windows-1252, byte by byte.
Rule 2. Say so: the second value is False where the text is a guess.
Rule 3. Labels lie, bytes do not: what is UTF-8 with letters of several bytes is UTF-8, whatever
        charset of single bytes is named, and what has a NUL beside every letter is UTF-16.
"""

import codecs
import encodings
import encodings.aliases
import pkgutil
import re
from functools import lru_cache

# Names that mails use and Python does not know, or knows too narrowly: what is called
# ISO-8859-1 is Windows-1252 as soon as it has a euro sign (WHATWG Encoding says the same).
_ALIASES = {
    "us-ascii": "ascii",
    "ansi_x3.4-1968": "ascii",
    "646": "ascii",
    "7bit": "ascii",
    "8bit": "cp1252",
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "iso_8859-1": "cp1252",
    "iso-88591": "cp1252",
    "8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "l1": "cp1252",
    "ansi": "cp1252",
    "win-1252": "cp1252",
    "x-ansi": "cp1252",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-6-i": "iso-8859-6",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "gb_2312-80": "gb18030",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "ksc5601": "cp949",
    "euc-kr": "cp949",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "unicode-1-1-utf-7": "utf-7",
    "x-utf-7": "utf-7",
    "utf8mb4": "utf-8",
    "unicode": "utf-8",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
    "x-mac-ce": "mac_latin2",
    "x-mac-cyrillic": "mac_cyrillic",
    "windows-874": "cp874",
    "x-cp1252": "cp1252",
    "x-cp1250": "cp1250",
    "x-cp1251": "cp1251",
}
# Codecs of Python that are no charsets: slow, dangerous, or of this machine.
_NO_CHARSETS = {"unicode_escape", "raw_unicode_escape", "idna", "punycode", "undefined", "mbcs"}
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WINDOWS_TOO = {
    "iso8859-2": "cp1250",
    "iso8859-6": "cp1256",
    "iso8859-7": "cp1253",
    "iso8859-8": "cp1255",
    "iso8859-13": "cp1257",
    "iso8859-15": "cp1252",
}
# How programs spell what Python knows under one name: windows1252, win-1252, x-cp1252, iso8859_15.
_SPELT = re.compile(
    r"(?:x-)?(?:windows|win|cp|ms|ansi)[-_ ]?(?:cp)?(12\d\d|874|8[56]\d|437)"
    r"|(?:x-)?(?:iso)?[-_ ]?8859[-_ ](\d\d?)(?:[-_](?:windows|1987|1998).*)?"
    r"|latin[-_ ]?(\d\d?)"
)
_BETWEEN_NAMES = re.compile(r"[\s,;/=\"']+")
_LIKE_ASCII = ("", "ascii", "cp1252", "utf-8")
_MULTIBYTE = re.compile(rb"\xc2[\xa0-\xbf]|[\xc3-\xf4][\x80-\xbf]")
_A_TILDE = re.compile(rb"\xc3[\x80-\xbf]")
_WIDE = ("utf-16", "utf-32")
_SAMPLE = 100_000  # bytes that say what the others are
_ASCII = bytes(range(128))
_FEW, _MANY = 4, 16  # bytes beyond ASCII: may be UTF-8 by accident, are by none
_BEHIND_WORDS = b"\x85\x92\x93\x94\xa0\xab\xbb"  # an ellipsis, quotes, a hard blank
_NULS = 4  # of a text in UTF-16, at least
_STRANGE = re.compile("[\x00-\x08\x0e-\x1f\ufffd]")
_NEVER_IN_TEXT = bytes({*range(32), 127} - {8, 9, 10, 12, 13, 27})  # ISO-2022 needs the escape

# PostgreSQL takes no NUL and no lone surrogates; the other control characters only confuse.
_NO_LETTERS = tuple(letter.encode() for letter in "\ufeff\ufffe\uffff")
_CONTROL_BYTES = bytes({*range(32), 127} - {9, 10})
# Unicode stacks as many accents as one likes; more than four are an attack on the reader's eyes.
_ACCENTS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_ACCENT_LEADS = (b"\xcc", b"\xcd", b"\xd2", b"\xe1", b"\xe2\x83", b"\xef\xb8")
_PILE = re.compile(f"([{_ACCENTS}]{{4}})[{_ACCENTS}]+")


def _one_by_one(error: UnicodeError) -> tuple[str, int]:
    """Read the bytes that are no UTF-8 as Windows-1252, so that one bad byte spoils no other."""
    assert isinstance(error, UnicodeDecodeError)
    bad = error.object[error.start : error.end]
    # Five bytes are undefined in Windows-1252; Latin-1 knows every byte.
    return "".join(_LETTERS[byte] for byte in bad), error.end


_LETTERS = [
    bytes([n]).decode("cp1252", "ignore") or bytes([n]).decode("latin-1") for n in range(256)
]
_WINDOWS = "".join(_LETTERS)
codecs.register_error("faden-one-by-one", _one_by_one)
_DAMAGE = 10_000  # bytes that are no UTF-8, up to which each is worth a look of its own
# Python remembers for ever what it did not find, and looks on the disk for it: only what it has.
_CODECS = frozenset(encodings.aliases.aliases) | {
    module.name for module in pkgutil.iter_modules(encodings.__path__)
}
_LONGEST_NAME = 60


def codec_of(charset: str) -> str:
    """Return Python's name of the codec for a charset as a mail writes it, or "" for none."""
    return _codec_of(charset) if len(charset) <= _LONGEST_NAME else ""


@lru_cache(maxsize=256)
def _codec_of(charset: str) -> str:
    # Some name it twice, or with what belongs elsewhere: `utf-8, utf-8`, `"charset=utf-8;"`.
    names = (charset.strip().lower(), *_BETWEEN_NAMES.split(charset.lower()))
    return next(filter(None, map(_find_codec, names)), "")


def _find_codec(name: str) -> str:
    name = name.strip("\"'<>;,\\ ").removeprefix("charset=").strip("\"'\\ ")
    if spelt := _SPELT.fullmatch(name):
        page, part, latin = spelt.groups()
        name = f"cp{page}" if page else f"iso-8859-{part}" if part else f"latin{latin}"
    name = _ALIASES.get(name, name)
    if encodings.normalize_encoding(name).lower().replace(".", "_") not in _CODECS:
        return ""
    try:
        codec = codecs.lookup(name).name
        b"a".decode(codec)
    except UnicodeError:
        pass  # one byte is not enough for UTF-16
    except (LookupError, ValueError):  # base64, zip, rot13 are codecs, but none of text
        return ""
    return "" if codec.replace("-", "_") in _NO_CHARSETS else _ALIASES.get(codec, codec)


def charset_for(field: bytes, charset: str) -> str:
    """Return the charset of a header that is not encoded, in a mail whose text has this one."""
    if field.isascii() and b"\x1b" not in field:
        return ""
    return charset if is_like_ascii(charset) else ""


@lru_cache(maxsize=256)
def is_like_ascii(charset: str) -> bool:
    """Say whether ASCII is written in this charset as it is, as headers are."""
    codec = codec_of(charset)
    return bool(codec) and b"a:=?".decode(codec, "replace") == "a:=?"


def to_text(data: bytes, charset: str = "") -> tuple[str, bool]:
    """Return the text of `data`, and False where it is a guess. Never raises."""
    if not charset and data.isascii() and b"\0" not in data:
        return data.decode("ascii"), True
    codec = codec_of(charset) if charset else ""
    if data.isascii() and codec in _LIKE_ASCII and b"\0" not in data:
        return data.decode("ascii"), bool(codec or not charset)
    codec = _shown_by(data) or codec
    if codec in _LIKE_ASCII:
        return _western(data, codec, charset)
    text = data.decode(codec, "replace")
    if page := _WINDOWS_TOO.get(codec):
        text = text.translate(_beside(page))
    if (utf8 := _utf_8(data)) and _is_likelier(utf8, data, text, codec):
        return utf8, True
    # A few unreadable characters are damage; many mean that the charset is another one.
    if text.count("\ufffd") * 20 <= len(text):
        mixed = _mixed(data, codec)
        return mixed or text, not mixed and "\ufffd" not in text
    return _damaged(data), False


@lru_cache(maxsize=256)
def _beside(page: str) -> dict[int, str]:
    """Return the quotes and letters that Windows has where ISO charsets have control characters."""
    return {n: bytes([n]).decode(page, "ignore") or chr(n) for n in range(0x80, 0xA0)}


def _shown_by(data: bytes) -> str:
    """Return the codec that the bytes themselves show: by a mark, or by the NULs of UTF-16."""
    for bom, name in _BOMS:
        if data.startswith(bom):
            return name
    return utf_16_of(data)


def utf_16_of(data: bytes) -> str:
    """Return which UTF-16 is written here without its mark, or "" for none.

    In every language blanks, digits and line ends are two bytes of which one is NUL, always on the
    same side; texts of other charsets have none.
    """
    if data.count(b"\0", 0, _SAMPLE) < _NULS:
        return ""
    sample = data[: _SAMPLE - _SAMPLE % 2]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if min(even, odd) * 50 > max(even, odd) or max(even, odd) * 20 < len(sample):
        return ""
    codec = "utf-16-le" if odd > even else "utf-16-be"
    text = sample.decode(codec, "replace")
    return "" if len(_STRANGE.findall(text)) * 50 > len(text) else codec


def _utf_8(data: bytes) -> str:
    """Return the text where it is UTF-8 beyond doubt, or ""."""
    if not _MULTIBYTE.search(data) and not data.isascii():
        return ""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return ""


def _is_likelier(utf8: str, data: bytes, text: str, codec: str) -> bool:
    """Say whether bytes that are UTF-8 as well are that, and not `text`, as their label says."""
    if codec.startswith(_WIDE):
        return "\0" not in utf8  # its blanks have a NUL each
    if utf8.isascii() or not _is_single_byte(codec):
        return "\ufffd" in text or len(data.translate(None, _ASCII)) >= _MANY
    return not _may_be_both(utf8, data, codec)


def _may_be_both(utf8: str, data: bytes, codec: str) -> bool:
    """Say whether so few letters as in «НІ» or «CAFÉ !» are UTF-8 by accident."""
    high = data.translate(None, _ASCII)
    if len(high) > _FEW:
        return False
    if all(map(_is_foreign, high.decode(codec, "replace"))):
        return True  # letters of the label's own alphabet, and nothing else
    return not high[1::2].translate(None, _BEHIND_WORDS) and any(map(_is_foreign, utf8))


def _is_foreign(letter: str) -> bool:
    return letter > "\u024f" and letter.isalpha()


@lru_cache(maxsize=256)
def _is_single_byte(codec: str) -> bool:
    every = bytes(range(256)).decode(codec, "replace")
    return len(every) == 256 and every.count("\ufffd") < 128


def _mixed(data: bytes, codec: str) -> str:
    """Read line by line what is UTF-8 in some lines, as where an answer quotes; "": nothing is."""
    # Only where no word of the label's alphabet looks like it: Ã has no sign behind it.
    if not _A_TILDE.search(data) or b"\xc3".decode(codec, "replace") != "Ã":
        return ""
    lines = [_utf_8(line) or line.decode(codec, "replace") for line in data.split(b"\n")]
    return "\n".join(lines)


def _damaged(data: bytes) -> str:
    """Read UTF-8 with errors; so many errors are none, but another charset."""
    if data.decode("utf-8", "replace").count("\ufffd") > _DAMAGE:
        return _windows(data)
    return data.decode("utf-8", "faden-one-by-one")


def _western(data: bytes, codec: str, charset: str) -> tuple[str, bool]:
    # Real Windows-1252 is practically never valid UTF-8 by accident, but mails that say
    # "iso-8859-1" or nothing and carry UTF-8 are common.
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        if codec == "cp1252" and _may_be_both(text, data, codec):
            return _windows(data), True
        return text, bool(codec or not charset)
    if codec == "cp1252":
        mixed = _mixed(data, codec)
        return mixed or _windows(data), not mixed
    if not _MULTIBYTE.search(data):  # no letter of it is UTF-8
        return _windows(data), False
    return _damaged(data), False


def _windows(data: bytes) -> str:
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return codecs.charmap_decode(data, "strict", _WINDOWS)[0]  # every byte is one letter


def is_binary(data: bytes, charset: str) -> bool:
    """Say whether these bytes are no text in any charset that goes byte by byte."""
    if codec_of(charset).replace("_", "-").startswith(_WIDE) and charset:
        return False
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or utf_16_of(data):
        return False
    sample = data[:_SAMPLE]
    strange = len(sample) - len(sample.translate(None, _NEVER_IN_TEXT))
    return strange > 3 and strange * 20 > len(sample)


def clean(text: str) -> str:
    """Return the text with one kind of line end and nothing that a database refuses."""
    if text.isascii() and text.isprintable():  # as most fields are
        return text
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    # Searching bytes is ten times as fast as a character class, and most texts have nothing.
    data = text.encode("utf-8", "surrogatepass")
    if b"\xed" in data or b"\xef" in data or len(data.translate(None, _CONTROL_BYTES)) < len(data):
        # On bytes too: pieces of a text cut at each letter would take fifty bytes each.
        bare = data.translate(None, _CONTROL_BYTES)
        for letter in _NO_LETTERS:
            bare = bare.replace(letter, b"")
        text = bare.decode("utf-8", "ignore")  # without lone surrogates
    if len(data) > len(text) and any(lead in data for lead in _ACCENT_LEADS):
        text = _PILE.sub(r"\1", text)
    return text
