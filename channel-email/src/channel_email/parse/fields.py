"""Read fields with parameters (Content-Type, Content-Disposition), for the MIME tree.

RFC 2045 and RFC 2231, and what mailers make of them: missing semicolons and quotes, parameters
twice, encoded words inside quotes, continuations with holes.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from urllib.parse import unquote_to_bytes

from channel_email.parse.decode import charset_for, to_text
from channel_email.parse.limits import CACHED, PARAMETERS
from channel_email.parse.words import decode_words

# Nothing is tried twice: a name begins where none goes on, and what is taken is not given back.
_PARAM = re.compile(
    r"""(?<![^\s=;"])([^\s=;"]++)\s*+=\s*+(?:"((?:[^"\\]++|\\.?)*+)"?|([^;]*+))""", re.DOTALL
)
_TYPE = re.compile(r"\s*([A-Za-z0-9][\w.+-]*)\s*/\s*([A-Za-z0-9*][\w.+-]*)")
_TOKEN = re.compile(r"[\w.+-]+")
_NUMBERED = re.compile(r"([^*]+)\*(?:(\d{1,3})(\*?))?$")


@dataclass(frozen=True, slots=True)
class Field:
    """A value in lower case, and its parameters with their names in lower case."""

    value: str
    params: dict[str, str]
    is_cut: bool = False  # it has more parameters than were read


def read_type(raw: bytes, charset: str = "") -> Field:
    """Return the media type; its value is "" where there is none that could be one.

    `charset` is that of the mail's text, for names that are not encoded.
    """
    charset = charset_for(raw, charset)
    return _known_type(raw, charset) if len(raw) <= CACHED else _type(raw, charset)


def read_disposition(raw: bytes, charset: str = "") -> Field:
    charset = charset_for(raw, charset)
    return _known_disposition(raw, charset) if len(raw) <= CACHED else _disposition(raw, charset)


def _type(raw: bytes, charset: str) -> Field:
    text = to_text(raw, charset)[0]
    match = _TYPE.match(text)
    value = f"{match[1]}/{match[2]}".lower() if match else ""
    return _field(value, text[match.end() :] if match else text)


def _disposition(raw: bytes, charset: str) -> Field:
    text = to_text(raw, charset)[0]
    match = _TOKEN.match(text.strip())
    value = match[0].lower() if match else ""
    if "=" in text.partition(";")[0]:  # `filename=...` alone: the word was forgotten
        value = "attachment"
        return _field(value, text)
    return _field(value, text.partition(";")[2])


_known_type = lru_cache(maxsize=512)(_type)
_known_disposition = lru_cache(maxsize=512)(_disposition)


def read_token(raw: bytes) -> str:
    """Return the one word of a field such as Content-Transfer-Encoding."""
    match = _TOKEN.search(to_text(raw[:CACHED])[0])
    return match[0].lower() if match else ""


def _field(value: str, text: str) -> Field:
    found = list(islice(_PARAM.finditer(text), PARAMETERS + 1))
    return Field(value, _read_params(found[:PARAMETERS]), len(found) > PARAMETERS)


def _read_params(found: list[re.Match[str]]) -> dict[str, str]:
    params: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    for name, quoted, bare in (match.groups("") for match in found):
        key = name.lower()
        value = quoted.replace('\\"', '"').replace("\\\\", "\\") if quoted else bare.strip()
        if "*" in key and (numbered := _NUMBERED.match(key)):
            number = int(numbered[2] or 0)
            encoded = numbered[2] is None or bool(numbered[3])
            pieces.setdefault(numbered[1], {}).setdefault(number, (value, encoded))
        else:
            params.setdefault(key, decode_words(value) if "=?" in value else value)
    for name, numbered_pieces in pieces.items():
        params[name] = _join(numbered_pieces)
    return params


def _join(pieces: dict[int, tuple[str, bool]]) -> str:
    """Return a value that RFC 2231 cut into numbered pieces, some of them percent-encoded."""
    charset, data = "", b""
    for number, (value, encoded) in sorted(pieces.items()):
        piece = value
        if encoded:
            if number == min(pieces) and value.count("'") >= 2:
                charset, _, piece = value.split("'", 2)
            data += unquote_to_bytes(piece)
        else:
            data += piece.encode("utf-8", "replace")
    text = to_text(data, charset)[0]
    return text if charset else decode_words(text)  # with a charset it is said to the letter
