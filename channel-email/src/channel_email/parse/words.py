"""Decode the encoded words of a header (RFC 2047), for subjects, names and file names.

Mailers put them where the standard forbids it (inside quotes, with blanks, without blanks
between), cut one letter into two words, and encode twice; a person wants to read it anyway.
"""

import binascii
import re

from channel_email.parse.decode import clean, to_text

_WORD = re.compile(
    r"=\?([^?*\s]{1,60}+)(?:\*[^?\s]*+)?\s?\?\s*+([bBqQ])\s*+\?([^\r\n]{0,1000}?)\?="
)
_BLANKS = re.compile(r"[\s\u00a0]+")
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/]")
# How `render` spells the charset, with a small b behind it, and nobody else: such a word is to be
# decoded once, whatever is in it.
OURS = "Utf-8"
_MOST = 16_384  # characters of one header that are decoded


def decode_words(value: str) -> str:
    """Return the header as a person reads it, on one line. Never raises."""
    if "=?" in value:
        value = _decode(value[:_MOST])
    return clean(_BLANKS.sub(" ", value).strip()) if not _plain(value) else value.strip()


def _plain(value: str) -> bool:
    return value.isascii() and value.isprintable() and "  " not in value


def _decode(value: str, *, deep: bool = False) -> str:
    out: list[str] = []
    pending: tuple[str, bytes] | None = None
    end = 0
    for match in _WORD.finditer(value):
        between = value[end : match.start()]
        ours = match.group().startswith(f"=?{OURS}?b?")
        charset = OURS if ours else match[1].lower()
        data = _bytes(match[2].lower(), match[3])
        # A letter may be cut in two: bytes of one charset are joined before they are read.
        if pending and pending[0] == charset and not between.strip():
            pending = (charset, pending[1] + data)
        else:
            out += _read(pending, deep=deep)
            out += [between] if between.strip() or not pending else []
            pending = (charset, data)
        end = match.end()
    return "".join([*out, *_read(pending, deep=deep), value[end:]])


def _read(word: tuple[str, bytes] | None, *, deep: bool) -> list[str]:
    if not word:
        return []
    text = to_text(word[1], word[0])[0]
    # Some gateways encode what is encoded already; we ourselves only what somebody has typed.
    again = not deep and word[0] != OURS and "=?" in text and "?=" in text
    return [_decode(text, deep=True) if again else text]


def _bytes(encoding: str, text: str) -> bytes:
    if encoding == "q":
        return binascii.a2b_qp(text.replace(" ", "_").encode("utf-8", "replace"), header=True)
    digits = _NOT_BASE64.sub("", text)
    if len(digits) % 4 == 1:  # one character too many carries no whole byte
        digits = digits[:-1]
    return binascii.a2b_base64(digits + "=" * (-len(digits) % 4))
