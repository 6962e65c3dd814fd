"""Read the words of RTF as Outlook writes it: text, or a page of HTML in its clothes.

Outlook wraps HTML and plain text in RTF so that they can be taken out again ([MS-OXRTFEX]):
what the page was stands in `htmltag` groups, what is only there for RTF between `htmlrtf` marks.
"""

import re
from dataclasses import dataclass, field

from channel_email.parse.decode import codec_of

_TOKEN = re.compile(
    rb"\\(?:([a-zA-Z]{1,32})(-?\d{1,10})? ?|'([0-9a-fA-F]{2})|([^a-zA-Z']))|([{}])|([^\\{}\r\n]+)"
)
# Groups whose words are no words of the text; so is every other that begins with `\*`.
_NO_TEXT = frozenset(
    b"fonttbl colortbl stylesheet info pict object header footer headerl headerr footerl footerr"
    b" listtable listoverridetable themedata datastore xmlnstbl fldinst".split()
)
_LETTERS = {
    b"par": "\n",
    b"line": "\n",
    b"row": "\n",
    b"sect": "\n",
    b"page": "\n",
    b"tab": "\t",
    b"cell": "\t",
    b"lquote": "‘",
    b"rquote": "’",
    b"ldblquote": "“",
    b"rdblquote": "”",
    b"bullet": "•",
    b"endash": "–",
    b"emdash": "—",
}
_SYMBOLS = {b"~": "\u00a0", b"_": "-", b"\n": "\n", b"\r": "\n", b"{": "{", b"}": "}", b"\\": "\\"}
# Charsets of fonts (`fcharset`) as code pages.
_FONT_PAGES = {
    77: "mac_roman", 128: "cp932", 129: "cp949", 134: "gb18030", 136: "cp950", 161: "cp1253",
    162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251",
    222: "cp874", 238: "cp1250",
}  # fmt: skip
_DEEPEST = 1_000  # groups in groups; beyond that they share one state


@dataclass(slots=True)
class _Group:
    is_text: bool = True
    skips: bool = False  # htmlrtf: what is only there for RTF
    skipped: int = 1  # letters of a stand-in after `\u`
    codec: str = ""  # of its font


@dataclass(slots=True)
class _Rtf:
    kind: str = ""  # html, text, or "" where it is no other text in RTF's clothes
    codec: str = "cp1252"
    group: _Group = field(default_factory=_Group)
    outer: list[_Group] = field(default_factory=list)
    too_deep: int = 0
    out: list[str] = field(default_factory=list)
    raw: bytearray = field(default_factory=bytearray)  # letters that wait for those after them
    raw_codec: str = ""
    fonts: dict[int, str] = field(default_factory=dict)
    font: int = 0
    stand_in: int = 0
    starred: bool = False


def read_rtf(data: bytes) -> tuple[str, str]:
    """Return the text, or the HTML, of an RTF document, and "" for the other. Linear."""
    rtf = _Rtf()
    at = 0
    while token := _TOKEN.search(data, at):
        at = token.end()
        word, number, code, symbol, brace, letters = token.groups()
        if brace:
            _turn(rtf, opens=brace == b"{")
        elif word == b"bin":
            at += max(int(number or 0), 0)
        elif word:
            _obey(rtf, word.lower(), None if number is None else int(number))
        elif symbol == b"*":
            rtf.starred = True
        elif symbol:
            _say(rtf, _SYMBOLS.get(symbol, ""))
        else:
            _spell(rtf, bytes.fromhex(code.decode()) if code else letters)
    _flush(rtf)
    # Letters beyond the first plane come as two halves.
    text = "".join(rtf.out).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return ("", text) if rtf.kind == "html" else (text, "")


def _turn(rtf: _Rtf, *, opens: bool) -> None:
    _flush(rtf)
    rtf.stand_in, rtf.starred = 0, False
    if opens and len(rtf.outer) < _DEEPEST:
        now = rtf.group
        rtf.outer.append(now)
        rtf.group = _Group(now.is_text, now.skips, now.skipped, now.codec)
    elif opens:
        rtf.too_deep += 1
    elif rtf.too_deep:
        rtf.too_deep -= 1
    elif rtf.outer:
        rtf.group = rtf.outer.pop()


def _obey(rtf: _Rtf, word: bytes, number: int | None) -> None:
    starred, rtf.starred = rtf.starred, False
    group = rtf.group
    if word in _NO_TEXT or (starred and word != b"htmltag"):
        group.is_text = False
    if word in (b"fromhtml", b"fromtext"):
        rtf.kind = word[4:].decode()
    elif word == b"htmlrtf":
        _flush(rtf)
        group.skips = number != 0
    elif word == b"ansicpg" and (codec := codec_of(f"cp{number}") or codec_of(f"{number}")):
        rtf.codec = codec
    elif word == b"uc" and number is not None:
        group.skipped = max(number, 0)
    elif word == b"u" and number is not None:
        _say(rtf, chr(number % 0x10000))
        rtf.stand_in = group.skipped
    elif word in (b"f", b"fcharset") and number is not None:
        _flush(rtf)
        _choose_font(rtf, word, number)
    elif word in _LETTERS:
        _say(rtf, _LETTERS[word])


def _choose_font(rtf: _Rtf, word: bytes, number: int) -> None:
    if word == b"f":
        rtf.font = number
        rtf.group.codec = rtf.fonts.get(number, "")
    else:
        rtf.fonts[rtf.font] = _FONT_PAGES.get(number, "")


def _is_heard(rtf: _Rtf) -> bool:
    group = rtf.group
    if group.skips and rtf.kind == "html":
        return False
    return group.is_text


def _say(rtf: _Rtf, text: str) -> None:
    _flush(rtf)
    if rtf.stand_in and text:
        rtf.stand_in -= 1
    elif _is_heard(rtf):
        rtf.out.append(text)


def _spell(rtf: _Rtf, letters: bytes) -> None:
    """Take letters in the charset of their font; one letter may come as two codes."""
    left = letters[rtf.stand_in :]
    rtf.stand_in -= len(letters) - len(left)
    if left and _is_heard(rtf):
        rtf.raw += left
        rtf.raw_codec = rtf.group.codec or rtf.codec


def _flush(rtf: _Rtf) -> None:
    if rtf.raw:
        rtf.out.append(rtf.raw.decode(rtf.raw_codec, "replace"))
        rtf.raw.clear()
